//! A real PostgreSQL server for the tests, where there is one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use std::{env, fs};
use tokio::time::Instant;

use tempfile::TempDir;

/// A server takes this long to start, at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that listens at a socket in a folder of its own. It ends when this is dropped.
pub(crate) struct Server {
    programs: PathBuf,
    folder: TempDir,
    /// It refuses to run as root.
    user: Option<u32>,
    process: Child,
}

impl Server {
    /// Starts one, or says why there is none.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no PostgreSQL server is installed (initdb and postgres are not found)");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let user = owner_for(folder.path());
        let data = folder.path().join("data");
        let mut init = as_user(user, &programs.join("initdb"));
        init.args(["--no-sync", "--auth=trust", "--username=status", "--encoding=UTF8", "--pgdata"])
            .arg(&data);
        let done = init.stdout(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let process = spawn(&programs, user, folder.path());
        let server = Self { programs, folder, user, process };
        server.wait();
        Some(server)
    }

    /// A new database in it: how it is reached.
    pub(crate) fn database(&self, name: &str) -> String {
        let host = self.folder.path().display().to_string();
        let done = Command::new(self.programs.join("createdb"))
            .args(["--host", &host, "--username=status", name])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        format!("host={host} user=status dbname={name}")
    }

    /// Has a database do something.
    pub(crate) fn run(&self, database: &str, sql: &str) {
        let mut psql = Command::new(self.programs.join("psql"));
        let done = psql.args(["--no-psqlrc", "--quiet", "--command", sql, database]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Kills it with all that it is doing, and starts it again.
    pub(crate) fn kill(&mut self) {
        signal("-KILL", &self.process);
        self.process.wait().unwrap();
        // Its children end when they notice. Until then the next one does not start.
        let until = Instant::now() + PATIENCE;
        loop {
            self.process = spawn(&self.programs, self.user, self.folder.path());
            while self.process.try_wait().unwrap().is_none() && !self.ready() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
            if self.process.try_wait().unwrap().is_none() && self.ready() {
                return;
            }
            assert!(Instant::now() < until, "the server does not start again");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn wait(&self) {
        let until = Instant::now() + PATIENCE;
        while !self.ready() {
            assert!(Instant::now() < until, "the server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ready(&self) -> bool {
        let host = self.folder.path().display().to_string();
        let mut ask = Command::new(self.programs.join("pg_isready"));
        ask.args(["--quiet", "--host", &host]).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        signal("-INT", &self.process);
        // It may have ended already.
        let _ = self.process.wait();
    }
}

fn spawn(programs: &Path, user: Option<u32>, folder: &Path) -> Child {
    let mut postgres = as_user(user, &programs.join("postgres"));
    postgres.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    // What was written survives the death of the server, if not that of the machine.
    postgres.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
    postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(which: &str, process: &Child) {
    // It may have ended already.
    let _ = Command::new("kill").args([which, &process.id().to_string()]).status();
}

/// Where the programs of a server are.
fn programs() -> Option<PathBuf> {
    let in_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_else(Vec::new);
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin"));
    let mut folders = in_path.into_iter().chain(installed);
    let initdb = folders.find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    // The others are beside what a link points to.
    let initdb = fs::canonicalize(initdb?.join("initdb")).ok()?;
    initdb.parent().map(Path::to_owned)
}

/// Whom the server runs as, if not as us: then the folder is theirs.
#[cfg(unix)]
fn owner_for(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::{MetadataExt, chown};

    // What we make is ours.
    let root = fs::metadata(folder).unwrap().uid() == 0;
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")));
        line.and_then(|line| line.split(':').nth(2)?.parse().ok())
    };
    let user = root.then(|| of("postgres").or_else(|| of("nobody")).unwrap_or(65_534));
    if let Some(user) = user {
        chown(folder, Some(user), None).unwrap();
    }
    user
}

#[cfg(not(unix))]
fn owner_for(_: &Path) -> Option<u32> {
    None
}

fn as_user(user: Option<u32>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).arg("--clear-groups").arg("--").arg(program);
    command.current_dir("/");
    command
}
