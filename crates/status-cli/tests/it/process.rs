//! A node that runs in a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use serde_json::Value;

/// Generous, because the machine may be busy; nothing waits for it unless a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `status-chat`, with nothing of the environment that would set anything.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_status-chat"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STATUS_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

/// Runs `status-chat` to its end.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(arguments).envs(environment.iter().copied()).output().unwrap()
}

/// A running node. It is killed when it is dropped.
pub(crate) struct Running {
    process: Child,
    lines: Box<dyn Iterator<Item = String> + Send>,
    /// What it said when it had started.
    pub(crate) started: Value,
}

impl Running {
    /// Starts a node on loopback with its key and archive in `folder`, and waits until it says that it runs.
    pub(crate) fn start(folder: &Path, more: &[&str]) -> Self {
        let mut arguments = vec!["node", "--json", "--listen", "/ip4/127.0.0.1/tcp/0", "--folder"];
        arguments.push(folder.to_str().unwrap());
        arguments.extend(["--set", "http.listen=127.0.0.1:0", "--set", "network.per_ip=100"]);
        arguments.extend(more);
        let node = Self::begin(&arguments);
        assert_eq!(node.started["event"], "node", "{}", node.started);
        node
    }

    /// Starts a command that serves, and waits until it says that it runs.
    pub(crate) fn begin(arguments: &[&str]) -> Self {
        let mut process = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.lines().map_while(Result::ok);
        let started = lines.next().expect("it says that it runs");
        let started = serde_json::from_str(&started).unwrap();
        Self { process, lines: Box::new(lines), started }
    }

    pub(crate) fn id(&self) -> &str {
        self.started["id"].as_str().unwrap()
    }

    pub(crate) fn address(&self) -> String {
        self.started["addresses"][0].as_str().unwrap().to_owned()
    }

    /// Asks for something over HTTP: the code, and what is told.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
    }

    /// Sends a request as it is.
    pub(crate) fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = self.connect();
        // Who has heard enough may have gone already.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let code = head.split(' ').nth(1).unwrap_or("0");
        (code.parse().unwrap(), body.to_owned())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.started["http"].as_str().unwrap().strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A metric as it is now.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let (_, metrics) = self.get("/metrics");
        let found = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
    }

    /// Waits until a metric is as it should be.
    pub(crate) fn until(&self, name: &str, good: impl Fn(u64) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.metric(name);
            if good(found) {
                return;
            }
            assert!(Instant::now() < until, "{name} is {found}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    pub(crate) fn stop(mut self, signal: &str) -> (ExitStatus, Vec<String>) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let lines = self.lines.by_ref().collect();
        (self.process.wait().unwrap(), lines)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
