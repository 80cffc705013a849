//! `cargo xtask <task>`: the tasks of this workspace, the same at home and in CI.

mod codegen;
mod report;
mod source;
mod tidy;
mod tree;
mod workspace;

use std::env;
use std::process::ExitCode;

use report::{Failure, Outcome, say};
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask <task>

  tidy              check the rules of the house
  codegen           write the Rust types of proto/ into the layer crates
  codegen --check   fail if what is checked in is not what codegen would write";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome<()> {
    let workspace = Workspace::find()?;
    match words {
        ["tidy"] => tidy::run(&workspace),
        ["codegen"] => codegen::write(&workspace),
        ["codegen", "--check"] => codegen::check(&workspace),
        _ => Err(Failure::new(USAGE)),
    }
}
