//! `cargo xtask <task>`: the tasks of this workspace, the same at home and in CI.

mod ci;
mod codegen;
mod fuzz;
mod instrument;
mod interop;
mod nat;
mod public_types;
mod report;
mod source;
mod tidy;
mod tree;
mod workspace;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use report::{Failure, Outcome, say};
use workspace::Workspace;

fn main() -> ExitCode {
    if let Some(done) = instrument::compile() {
        return done.unwrap_or_else(|failure| fail(&failure));
    }
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    say!("{failure}");
    ExitCode::FAILURE
}

fn run(words: &[&str]) -> Outcome<()> {
    let workspace = Workspace::find()?;
    match words {
        ["ci"] => ci::all(&workspace),
        ["ci", job] => ci::one(&workspace, job),
        ["tidy"] => tidy::run(&workspace),
        ["codegen"] => codegen::write(&workspace),
        ["codegen", "--check"] => codegen::check(&workspace),
        ["interop"] => ci::one(&workspace, "interop"),
        ["interop", "--load", options @ ..] => interop::load(&workspace, options),
        ["fuzz", seconds] => fuzz(&workspace, seconds, None),
        ["fuzz", seconds, target] => fuzz(&workspace, seconds, Some(target)),
        _ => Err(Failure::new(usage())),
    }
}

fn fuzz(workspace: &Workspace, seconds: &str, target: Option<&str>) -> Outcome<()> {
    let seconds = seconds.parse().map_err(|e| Failure::while_doing("reading the number of seconds", e))?;
    let done = fuzz::run(workspace, Duration::from_secs(seconds), target)?;
    say!("fuzz: {done}");
    Ok(())
}

fn usage() -> String {
    format!(
        "\
cargo xtask <task>

  ci                every job that a change must pass, and a table of them
  ci <job>          one job: {}
  tidy              check the rules of the house
  codegen           write the Rust types of proto/ into the layer crates
  codegen --check   fail if what is checked in is not what codegen would write
  interop           the job of this name: our node with programs that others wrote
  interop --load    measure our nodes beside those of js-waku; options are passed on
  fuzz <seconds>    run each fuzz target for so long; or one, if it is named",
        ci::names()
    )
}
