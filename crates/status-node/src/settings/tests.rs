use std::fs;

use tempfile::TempDir;

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("node.toml");
    fs::write(&path, file).unwrap();
    Settings::read(Some(&path), pairs(environment), pairs(flags))
}

#[test]
fn without_anything_given_it_is_a_node_of_the_status_network() {
    let settings = Settings::read(None, pairs(&[("HOME", "/"), ("STATUS_NODE_CONFIG", "x")]), []).unwrap();

    assert_eq!(settings, Settings::default());
    assert_eq!((settings.cluster, &*settings.shards), (16, &[32, 64][..]));
    assert_eq!(settings.listen.len(), 1);
    assert!(settings.http.unwrap().ip().is_loopback());
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "[archive]\ndays = 1\nmebibytes = 1\nkind = \"none\"\n[network]\nshards = [1]\n";
    let environment = [("STATUS_NODE_ARCHIVE_DAYS", "2"), ("STATUS_NODE_ARCHIVE_MEBIBYTES", "2")];
    let flags = [("archive.days", "3"), ("network.peers", "/ip4/192.0.2.1/tcp/1, /ip4/192.0.2.2/tcp/2,")];

    let settings = read(file, &environment, &flags).unwrap();

    assert_eq!((settings.days, settings.mebibytes), (3, 2));
    assert_eq!((settings.archive, &*settings.shards), (ArchiveKind::None, &[1][..]));
    assert_eq!(settings.peers.len(), 2);
    assert_eq!(settings.per_ip, Settings::default().per_ip);
}

#[test]
fn what_is_not_known_is_refused_with_a_hint_and_where_it_was_given() {
    for (file, environment, flags, words) in [
        (
            "[archive]\ndayz = 1",
            &[][..],
            &[][..],
            ["archive.dayz", "node.toml", "did you mean `archive.days`?"],
        ),
        ("days = 1", &[], &[], ["`days`", "node.toml", "did you mean `archive.days`?"]),
        ("[archive.more]\ndays = 1", &[], &[], ["archive.more", "node.toml", "neither"]),
        ("", &[("STATUS_NODE_HTTP_LISTN", "")], &[], ["http_listn", "environment", "`http.listen`?"]),
        ("", &[], &[("colour", "red")], ["`colour`", "flags", "--print-config"]),
    ] {
        let refused = read(file, environment, flags).unwrap_err().to_string();

        assert!(words.iter().all(|word| refused.contains(word)), "{refused}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_what_is_wanted() {
    for (file, word) in [
        ("[archive]\ndays = -1", "whole number of days"),
        ("[archive]\ndays = [1]", "whole number of days"),
        ("[archive]\nkind = \"sqlite\"", "file, postgres or none"),
        ("[network]\nshards = [\"x\"]", "below 1024"),
        ("[network]\nlisten = [\"/dns4/example.org/udp/1\"]", "multiaddresses"),
        ("[network]\nfleet = \"eth.prod\"", "status.prod"),
        ("[network]\nboot = [\"enr:x\"]", "enr:"),
        ("[network]\nlocal = 1.5", "neither a value nor a list"),
        ("[http]\nlisten = \"8008\"", "an address and a port"),
        ("folder = \"\"", "a path"),
        ("[log]\nformat = \"xml\"", "text or json"),
        ("days = ", "not understood"),
    ] {
        let refused = read(file, &[], &[]).unwrap_err().to_string();

        assert!(refused.contains(word), "{file}: {refused}");
    }
    assert!(matches!(
        Settings::read(Some(Path::new("/does/not/exist")), [], []),
        Err(SettingsError::Unreadable { .. })
    ));
}

#[test]
fn what_is_shown_gives_the_same_settings_when_it_is_read() {
    let flags = [
        ("folder", "a \"folder\""),
        ("network.peers", "/ip4/192.0.2.1/tcp/1"),
        ("network.fleet", "status.prod"),
        ("network.discv5", "0.0.0.0:9000"),
        ("network.announce", "/ip4/192.0.2.1/tcp/1"),
        ("archive.kind", "postgres"),
        ("http.listen", ""),
        ("log.format", "json"),
    ];
    for flags in [&[][..], &flags] {
        let settings = read("", &[], flags).unwrap();

        assert_eq!(read(&settings.to_toml(), &[], &[]).unwrap(), settings);
    }
}

#[test]
fn a_password_is_never_shown() {
    let settings = read("", &[], &[("archive.postgres", "host=db password=hunter2")]).unwrap();

    assert_eq!(settings.postgres.as_ref().unwrap().expose(), "host=db password=hunter2");
    assert!(!settings.to_toml().contains("hunter2"));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn each_setting_is_in_the_guide() {
    let guide = include_str!("../../../../docs/run-a-node.md");
    for (name, _) in Settings::names() {
        assert!(guide.contains(&format!("`{name}`")), "docs/run-a-node.md does not speak of `{name}`");
    }
}
