//! `status-chat push-server`.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Running, run};

const GATEWAY: &str = "http://127.0.0.1:9/api/push";

fn arguments(folder: &Path) -> [&str; 8] {
    let listen = "/ip4/127.0.0.1/tcp/0";
    ["push-server", "--json", "--gateway", GATEWAY, "--listen", listen, "--folder", folder.to_str().unwrap()]
}

#[cfg(unix)]
#[test]
fn a_push_server_says_where_to_register_stops_when_it_is_told_to_and_is_the_same_when_it_starts_again() {
    let folder = TempDir::new().unwrap();
    let mut keys = Vec::new();
    for signal in ["-TERM", "-INT"] {
        let server = Running::begin(&arguments(folder.path()));
        assert_eq!(server.started["event"], "push_server");
        assert!(server.address().starts_with("/ip4/127.0.0.1/tcp/"));
        keys.push(server.started["key"].as_str().unwrap().to_owned());

        let second = run(&arguments(folder.path()), &[]);
        let (status, lines) = server.stop(signal);

        let refused = String::from_utf8(second.stdout).unwrap();
        assert!(!second.status.success() && refused.contains("\"event\":\"error\""), "{refused}");
        assert!(status.success());
        let last: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["registered"]), (&"stopping".into(), &0.into()));
    }
    assert_eq!(keys[0], keys[1]);
    assert_eq!((keys[0].len(), &keys[0][..4]), (132, "0x04"));
}

#[test]
fn a_push_server_that_cannot_run_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let at = folder.path().to_str().unwrap();
    let said = |gateway: &str| {
        let output = run(&["push-server", "--gateway", gateway, "--folder", at], &[]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };

    let https = said("https://gateway");
    std::fs::write(folder.path().join("server.key"), "no key").unwrap();
    let no_key = said(GATEWAY);

    assert!(https.contains("only http:// is spoken"), "{https}");
    assert!(
        no_key.contains("put the right one back") && !no_key.contains("no key of a server: no key"),
        "{no_key}"
    );
}
