//! `ci`: what must pass before a change is taken, in jobs that can each be run alone.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::fuzz;
use crate::public_types;
use crate::report::{Failure, Outcome, say};
use crate::tidy;
use crate::tree::Tree;
use crate::workspace::Workspace;

/// How long each fuzz target runs before a change is taken.
const SMOKE: Duration = Duration::from_secs(60);

/// How a job ended that did not fail.
#[derive(Debug)]
pub(crate) enum Done {
    Passed,
    /// It did not run, and why. Never the same as passed.
    Skipped(&'static str),
    /// A part of it did not run, and why.
    InPart(&'static str),
}

struct Job {
    name: &'static str,
    when: When,
    run: fn(&Workspace) -> Outcome<Done>,
}

#[derive(PartialEq)]
enum When {
    Always,
    /// Only by name: it takes minutes.
    Asked,
}

const JOBS: [Job; 13] = [
    Job { name: "tidy", when: When::Always, run: |w| tidy::run(w).map(|()| Done::Passed) },
    Job { name: "public-types", when: When::Always, run: public },
    Job { name: "clippy", when: When::Always, run: clippy },
    Job { name: "docs", when: When::Always, run: docs },
    Job { name: "no-std", when: When::Always, run: no_std },
    Job { name: "deny", when: When::Always, run: deny },
    Job { name: "libsecp256k1", when: When::Asked, run: libsecp256k1 },
    Job { name: "quic", when: When::Asked, run: quic },
    Job { name: "nat", when: When::Asked, run: crate::nat::run },
    Job { name: "memory", when: When::Asked, run: memory },
    Job { name: "lane", when: When::Asked, run: lane },
    Job { name: "interop", when: When::Asked, run: crate::interop::run },
    Job { name: "fuzz-smoke", when: When::Asked, run: |w| fuzz::run(w, SMOKE, None) },
];

/// The names of all jobs, for the help text.
pub(crate) fn names() -> String {
    JOBS.map(|job| job.name).join(", ")
}

/// Runs every job that is not only run by name, to the end even if one fails, and prints a table.
pub(crate) fn all(workspace: &Workspace) -> Outcome<()> {
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for job in JOBS.iter().filter(|job| job.when == When::Always) {
        let (result, took) = timed(workspace, job);
        lines.push(line(job.name, took, &result));
        if let Err(failure) = result {
            say!("{failure}");
            failed.push(job.name);
        }
    }
    for job in JOBS.iter().filter(|job| job.when == When::Asked) {
        lines.push(format!("{:<14}      -  not asked for: run `cargo xtask ci {}`", job.name, job.name));
    }
    say!("\njob              time  result");
    for line in lines {
        say!("{line}");
    }
    match failed.as_slice() {
        [] => Ok(()),
        failed => Err(Failure::new(format!("\nfailed: {}", failed.join(", ")))),
    }
}

/// Runs one job.
pub(crate) fn one(workspace: &Workspace, name: &str) -> Outcome<()> {
    let job = JOBS.iter().find(|job| job.name == name);
    let job = job.ok_or_else(|| Failure::new(format!("there is no job {name}; the jobs are {}", names())))?;
    let (result, took) = timed(workspace, job);
    say!("{}", line(job.name, took, &result));
    result.map(|_| ())
}

fn timed(workspace: &Workspace, job: &Job) -> (Outcome<Done>, Duration) {
    #[expect(clippy::disallowed_methods, reason = "the table tells people how long they will wait")]
    let now = Instant::now;
    say!("── {}", job.name);
    let start = now();
    let result = (job.run)(workspace);
    (result, now().duration_since(start))
}

fn line(name: &str, took: Duration, result: &Outcome<Done>) -> String {
    let seconds = took.as_secs_f64();
    match result {
        Ok(done) => format!("{name:<14} {seconds:>6.1}  {done}"),
        Err(_) => format!("{name:<14} {seconds:>6.1}  FAILED"),
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
            Self::InPart(why) => write!(f, "ok in part; skipped: {why}"),
        }
    }
}

/// Runs cargo to its end, its output shown.
pub(crate) fn finish(mut command: Command) -> Outcome<()> {
    let arguments = command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    let words = format!("running cargo {arguments}");
    let status = command.status().map_err(|e| Failure::while_doing(&words, e))?;
    if status.success() { Ok(()) } else { Err(Failure::while_doing(words, status)) }
}

/// Whether a subcommand of cargo is there.
pub(crate) fn installed(workspace: &Workspace, subcommand: &str) -> bool {
    let mut version = workspace.cargo(&[subcommand, "--version"]);
    version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn clippy(workspace: &Workspace) -> Outcome<Done> {
    finish(workspace.cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Done::Passed)
}

fn docs(workspace: &Workspace) -> Outcome<Done> {
    let mut doc = workspace.cargo(&["doc", "--workspace", "--no-deps", "--keep-going"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    finish(doc)?;
    Ok(Done::Passed)
}

fn deny(workspace: &Workspace) -> Outcome<Done> {
    if !installed(workspace, "deny") {
        return Ok(Done::Skipped("cargo-deny is not installed"));
    }
    finish(workspace.cargo(&[
        "deny",
        "--workspace",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))?;
    Ok(Done::Passed)
}

/// Runs the tests and vectors of keys and sessions with the curve by the C library; what needs a C compiler runs only
/// when asked for.
fn libsecp256k1(workspace: &Workspace) -> Outcome<Done> {
    finish(workspace.cargo(&[
        "test",
        "--package=status-crypto",
        "--package=status-security",
        "--package=status-vectors",
        "--features=status-crypto/libsecp256k1",
    ]))?;
    Ok(Done::Passed)
}

/// Runs the tests of nodes with the transports that bring C; only when asked for, as that takes a compiler and a minute.
fn quic(workspace: &Workspace) -> Outcome<Done> {
    finish(workspace.cargo(&["test", "--package=status-p2p", "--features=quic"]))?;
    Ok(Done::Passed)
}

/// Builds the pure crates without std, with the versions of the workspace and in its target folder.
fn no_std(workspace: &Workspace) -> Outcome<Done> {
    share_lock(workspace, "tests/no-std")?;
    let target = workspace.target()?;
    let manifest = ["build", "--manifest-path", "tests/no-std/Cargo.toml", "--target-dir", &target];
    finish(workspace.cargo(&manifest))?;
    Ok(Done::Passed)
}

/// Looks for secrets in the memory that clients have freed, with an allocator that keeps it.
fn memory(workspace: &Workspace) -> Outcome<Done> {
    share_lock(workspace, "tests/memory")?;
    let target = workspace.target()?;
    let profile = dev_profile(workspace)?;
    finish(workspace.cargo(&[
        "run",
        "--manifest-path",
        "tests/memory/Cargo.toml",
        "--target-dir",
        &target,
        "--config",
        &profile,
    ]))?;
    Ok(Done::Passed)
}

/// Runs real nodes in virtual time. The library under them is built anew, for its timers are replaced.
fn lane(workspace: &Workspace) -> Outcome<Done> {
    share_lock(workspace, "tests/lane")?;
    let target = workspace.target()?;
    let target = format!("{target}/lane");
    finish(workspace.cargo(&["test", "--manifest-path", "tests/lane/Cargo.toml", "--target-dir", &target]))?;
    Ok(Done::Passed)
}

/// The profile of this workspace as a file for another one, which then shares what is built already.
pub(crate) fn dev_profile(workspace: &Workspace) -> Outcome<String> {
    let path = workspace.path("target").join("dev-profile.toml");
    let doing = |e: &dyn fmt::Display| Failure::while_doing(format!("writing {}", path.display()), e);
    let manifest = fs::read_to_string(workspace.path("Cargo.toml")).map_err(|e| doing(&e))?;
    let manifest: toml::Table = manifest.parse().map_err(|e| doing(&e))?;
    let dev = manifest.get("profile").and_then(|profile| profile.get("dev")).cloned();
    let dev = dev.unwrap_or(toml::Value::Table(toml::Table::new()));
    let profile = toml::Table::from_iter([("dev".to_owned(), dev)]);
    let config = toml::Table::from_iter([("profile".to_owned(), toml::Value::Table(profile))]);
    fs::create_dir_all(workspace.path("target")).map_err(|e| doing(&e))?;
    fs::write(&path, config.to_string()).map_err(|e| doing(&e))?;
    Ok(path.display().to_string())
}

/// Makes a workspace of its own build with the versions that this one has.
pub(crate) fn share_lock(workspace: &Workspace, folder: &str) -> Outcome<()> {
    let lock = workspace.path(folder).join("Cargo.lock");
    let done = fs::copy(workspace.path("Cargo.lock"), &lock);
    done.map(|_| ()).map_err(|e| Failure::while_doing(format!("writing {}", lock.display()), e))
}

fn public(workspace: &Workspace) -> Outcome<Done> {
    let found = public_types::check(&Tree::read(workspace)?);
    for finding in &found {
        say!("  {finding}");
    }
    if found.is_empty() {
        return Ok(Done::Passed);
    }
    Err(Failure::new(format!("public-types: {} items show a type of another library", found.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_calls_a_skipped_job_skipped() {
        let skipped =
            line("deny", Duration::from_millis(40), &Ok(Done::Skipped("cargo-deny is not installed")));

        assert_eq!(skipped, "deny              0.0  skipped: cargo-deny is not installed");
        let in_part = line("interop", SMOKE, &Ok(Done::InPart("Go is not installed")));
        assert!(in_part.ends_with("60.0  ok in part; skipped: Go is not installed"));
        assert!(line("docs", SMOKE, &Ok(Done::Passed)).ends_with("60.0  ok"));
        assert!(line("docs", SMOKE, &Err(Failure::new("why"))).ends_with("60.0  FAILED"));
    }
}
