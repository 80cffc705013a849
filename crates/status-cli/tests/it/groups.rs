//! Closed groups, and what is done to messages, by the command.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::process::{command, run};

/// Runs a command about a home to its end; what it said, a value a line.
fn told(home: &Path, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["--json", "--home", home.to_str().unwrap()];
    all.extend(arguments);
    let output = run(&all, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Somebody who listens, in a process that is killed when this is dropped.
struct Listener(Child, Box<dyn Iterator<Item = String>>);

impl Listener {
    fn start(home: &Path) -> Self {
        let listen =
            ["--json", "--home", home.to_str().unwrap(), "--listen", "/ip4/127.0.0.1/tcp/0", "listen"];
        let mut process = command(&listen).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        Self(process, Box::new(lines))
    }

    /// The next event of this name.
    fn next(&mut self, event: &str) -> Value {
        let events = self.1.by_ref().map(|line| serde_json::from_str::<Value>(&line).unwrap());
        events.into_iter().find(|value| value["event"] == event).expect("it listens on")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_group_is_made_named_and_heard_of_and_messages_in_it_are_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (alice, bob) = (folder.path().join("alice"), folder.path().join("bob"));
    let key = |home: &Path| told(home, &["account", "new"])[0]["key"].as_str().unwrap().to_owned();
    let (alices, bobs) = (key(&alice), key(&bob));
    let mut at_bob = Listener::start(&bob);
    let address = at_bob.next("open")["addresses"][0].as_str().unwrap().to_owned();

    let group = told(&alice, &["groups", "create", "A trip", &bobs])[0]["group"].as_str().unwrap().to_owned();
    told(&alice, &["groups", "rename", &group, "The trip"]);
    let listed = told(&alice, &["groups"]);
    let members = told(&alice, &["groups", "members", &group]);
    told(&alice, &["send", &group, "where to?", "--peer", &address, "--wait", "60"]);
    let heard = at_bob.next("group");
    let said = told(&alice, &["history", &group]);
    let id = said.last().unwrap()["id"].as_str().unwrap();
    told(&alice, &["message", "react", id, "thumbs-up"]);
    told(&alice, &["message", "pin", id]);
    told(&alice, &["message", "edit", id, "where to, and when?"]);
    let edited = told(&alice, &["history", &group]);
    told(&alice, &["message", "delete", id, "--for-me"]);

    assert_eq!((&listed[0]["name"], &listed[0]["members"]), (&"The trip".into(), &2.into()));
    let roles = |key: &str| members.iter().find(|one| one["member"] == key).map(|one| one["role"].clone());
    assert_eq!((roles(&alices), roles(&bobs)), (Some("admin".into()), Some("member".into())));
    // Bob does not know Alice, so he is asked.
    assert_eq!((&heard["is"]["group"], &heard["is"]["change"]), (&group.as_str().into(), &"Invited".into()));
    assert_eq!(edited.last().unwrap()["text"], "where to, and when?");
    assert!(told(&alice, &["history", &group]).iter().all(|message| message["id"] != id));
}

#[test]
fn what_is_no_group_and_no_message_is_refused_with_a_word_on_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("alice");
    let key = told(&home, &["account", "new"])[0]["key"].as_str().unwrap().to_owned();

    for (arguments, advice) in [
        (["groups", "leave", &key], "`groups` lists their ids"),
        (["message", "pin", "0x12"], "`history --ids` prints them"),
    ] {
        let mut all = vec!["--home", home.to_str().unwrap()];
        all.extend(arguments);
        let output = run(&all, &[]);

        assert!(!output.status.success());
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(why.contains(advice), "{why}");
    }
}
