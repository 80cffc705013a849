//! Programs of others as peers: started, ordered about by JSON lines, listened to.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Within this time everything happens that is to happen.
pub const SOON: Duration = Duration::from_secs(30);

/// A program of others that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Peer {
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    passed_over: VecDeque<Value>,
    name: String,
    address: String,
    child: Child,
}

impl Peer {
    /// The peer made of js-waku, a relay node of the Status cluster.
    pub async fn js() -> Self {
        Self::js_program("node.js", &[]).await
    }

    /// Another program made of js-waku.
    pub async fn js_program(name: &str, words: &[String]) -> Self {
        static READY: OnceCell<()> = OnceCell::const_new();
        let folder = folder("js");
        READY
            .get_or_init(|| async {
                if !folder.join("node_modules").is_dir() {
                    run(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder)).await;
                }
            })
            .await;
        Self::start(Command::new("node").arg(name).args(words).current_dir(&folder)).await
    }

    /// The peer made of go-libp2p, which knows of Waku the metadata protocol only.
    pub async fn go() -> Self {
        static BUILT: OnceCell<tempfile::TempDir> = OnceCell::const_new();
        let built = BUILT
            .get_or_init(|| async {
                let into = tempfile::tempdir().expect("a folder for the program");
                run(Command::new("go").args(["build", "-o"]).arg(into.path()).current_dir(folder("go")))
                    .await;
                into
            })
            .await;
        Self::start(&mut Command::new(built.path().join("interop"))).await
    }

    /// Starts a program that does what it is told by JSON lines.
    pub async fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the peer starts");
        let orders = child.stdin.take().expect("a pipe");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (name, address) = (String::new(), String::new());
        let mut peer = Self { orders, lines, passed_over: VecDeque::new(), name, address, child };
        let listening = peer.heard("listening", |_| true).await;
        peer.name = text(&listening["name"]);
        peer.address = text(&listening["addresses"][0]);
        peer
    }

    /// Its libp2p name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Has it do something.
    pub async fn order(&mut self, order: &Value) {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.expect("the peer reads its orders");
    }

    /// Waits for the first line of a kind that `wanted` takes, among those that were passed over before, too.
    pub async fn heard(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let fits = |line: &Value| line["kind"] == kind && wanted(line);
        if let Some(at) = self.passed_over.iter().position(fits) {
            return self.passed_over.remove(at).expect("it is there");
        }
        let wait = async {
            loop {
                let line = self.read().await;
                if fits(&line) {
                    return line;
                }
                self.passed_over.push_back(line);
            }
        };
        match timeout(SOON, wait).await {
            Ok(line) => line,
            Err(_) => panic!("no {kind}; heard instead: {}", self.passed_over_kinds()),
        }
    }

    /// Everything of a kind that was said up to now and not waited for.
    pub async fn all(&mut self, kind: &str) -> Vec<Value> {
        self.order(&json!({ "do": "state" })).await;
        let state = self.heard("state", |_| true).await;
        let mut found: Vec<Value> =
            self.passed_over.iter().filter(|line| line["kind"] == kind).cloned().collect();
        if kind == "state" {
            found.push(state);
        }
        found
    }

    /// What it thinks of its peers now.
    pub async fn peers(&mut self) -> Vec<Value> {
        let states = self.all("state").await;
        states.last().and_then(|state| state["peers"].as_array()).cloned().unwrap_or_default()
    }

    async fn read(&mut self) -> Value {
        let line = self.lines.next_line().await.expect("the peer speaks").expect("the peer is alive");
        serde_json::from_str(&line).expect("the peer speaks JSON")
    }

    fn passed_over_kinds(&self) -> String {
        self.passed_over.iter().map(|line| format!("\n{:.300}", line.to_string())).collect()
    }
}

/// A text in a line of a peer.
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

async fn run(command: &mut Command) {
    let done = command.status().await.expect("the program is installed");
    assert!(done.success(), "{command:?}: {done}");
}
