//! Fuzz targets watch which paths our own code takes. In the cryptography of others the watching would take most of the
//! time and tell nothing, so cargo calls the compiler through this program, which takes the flags for it out there.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::report::{Failure, Outcome};

/// What our crates and the fuzz targets themselves are called.
const OURS: [&str; 14] = [
    "status_",
    "peel",
    "open",
    "bundle",
    "receive",
    "decode",
    "store",
    "light",
    "message",
    "metadata",
    "record",
    "tree",
    "peers",
    "libfuzzer",
];
/// The flags of cargo-fuzz that make the compiler watch.
const WATCHING: [&str; 3] =
    ["-Cpasses=sancov", "-Cllvm-args=-sanitizer-coverage", "-Cllvm-args=-simplifycfg"];
/// Set if this program is called in place of the compiler.
const CALLED: &str = "XTASK_COMPILES";

/// Lets `cargo` call the compiler through this program.
pub(crate) fn ours_alone(mut cargo: Command) -> Outcome<Command> {
    let this = env::current_exe().map_err(|e| Failure::while_doing("finding this program", e))?;
    cargo.env("RUSTC_WRAPPER", this).env(CALLED, "1");
    Ok(cargo)
}

/// Compiles, if that is what this program was called for.
pub(crate) fn compile() -> Option<Outcome<ExitCode>> {
    env::var_os(CALLED)?;
    let mut words = env::args_os().skip(1);
    let compiler = words.next()?;
    let words: Vec<OsString> = words.collect();
    let watched = is_ours(&words);
    let kept = words.into_iter().filter(|word| watched || !is_watching(word));
    let done = Command::new(compiler).args(kept).status();
    let done = done.map_err(|e| Failure::while_doing("calling the compiler", e));
    Some(done.map(|status| if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn is_ours(words: &[OsString]) -> bool {
    let mut after = words.iter().skip_while(|word| *word != "--crate-name").skip(1);
    let name = after.next().map(|name| name.to_string_lossy());
    name.is_some_and(|name| OURS.iter().any(|ours| name.starts_with(ours)))
}

fn is_watching(word: &OsString) -> bool {
    let word = word.to_string_lossy();
    WATCHING.iter().any(|flag| word.starts_with(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(crate_name: &str) -> Vec<OsString> {
        ["--crate-name", crate_name, "-Cpasses=sancov-module", "-Copt-level=3"].map(OsString::from).into()
    }

    #[test]
    fn only_our_own_crates_are_watched() {
        assert!(is_ours(&words("status_security")) && is_ours(&words("open")));
        assert!(!is_ours(&words("k256")) && !is_ours(&[]));
        assert_eq!(words("k256").iter().filter(|word| is_watching(word)).count(), 1);
    }
}
