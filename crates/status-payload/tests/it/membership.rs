//! Vectors of deployed peers: who may change a group, and how it stands then.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use status_crypto::{SecretKey, text::key_string};
use status_layer::UserId;
use status_payload::hazmat::{decode_payload, encode_event, nobodys_roster, read_event, step};
use status_payload::{
    Clock, Content, EventError, EventKind, GroupChatId, Kind, MembershipEvent, Refusal, Roster, RosterError,
};

use crate::vectors::{bytes, cases, text};

fn chat(case: &Json) -> GroupChatId {
    text(case, "chat_id").parse().unwrap()
}

/// The entries of a list of events.
fn entries(events: &Json) -> Vec<Vec<u8>> {
    events.as_array().unwrap().iter().map(|event| bytes(event, "raw")).collect()
}

fn assert_stands(roster: &Roster, state: &Json, what: &str) {
    let ours = |users: Vec<UserId>| -> BTreeSet<String> {
        users.iter().map(|user| key_string(user).unwrap()).collect()
    };
    let theirs = |name: &str| -> BTreeSet<String> {
        state[name].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ours(roster.members().collect()), theirs("members"), "{what}");
    assert_eq!(ours(roster.admins().collect()), theirs("admins"), "{what}");
    assert_eq!(ours(roster.joined().collect()), theirs("joined"), "{what}");
    assert_eq!(roster.name(), text(state, "name"), "{what}");
    assert_eq!(roster.clock().value(), state["last_clock"].as_u64().unwrap(), "{what}");
}

#[test]
fn every_event_is_judged_and_done_as_peers_do() {
    for case in cases("membership.json", "group") {
        let mut roster = nobodys_roster(&chat(&case));
        for (at, taken) in case["steps"].as_array().unwrap().iter().enumerate() {
            let what = format!("{} {at}", text(&case, "name"));

            let event = MembershipEvent::read(&chat(&case), &bytes(&taken["event"], "raw")).unwrap();
            let author = key_string(&event.author()).unwrap();
            let done = step(&mut roster, event);

            assert_eq!(author, text(&taken["event"], "from"), "{what}");
            assert_eq!(done.is_ok(), taken["accepted"] == true, "{what}: {done:?}");
            assert_stands(&roster, &taken["state_after"], &what);
        }
    }
}

#[test]
fn history_in_a_message_gives_the_group_of_peers() {
    for case in cases("membership.json", "group") {
        let content = decode_payload(Kind::MembershipUpdateMessage, &bytes(&case, "message")).unwrap();
        let Content::MembershipUpdateMessage(update) = content else { panic!("{content:?}") };

        let roster = Roster::read(&chat(&case), &update.events);

        assert_eq!(roster.is_ok(), case["rebuild_ok"] == true, "{roster:?}");
        if let Ok(roster) = roster {
            assert_stands(&roster, &case["rebuilt_state"], text(&case, "name"));
        }
    }
}

#[test]
fn list_of_events_is_judged_as_peers_do() {
    for case in cases("membership.json", "event_list") {
        let name = text(&case, "name");
        let (Ok(chat), entries) = (text(&case, "chat_id").parse(), entries(&case["events"])) else {
            assert_eq!(case["accepted"], false, "{name}");
            continue;
        };

        let roster = Roster::read(&chat, &entries);

        assert_eq!(roster.is_ok(), case["accepted"] == true, "{name}: {roster:?}");
        if let Ok(roster) = roster {
            assert_stands(&roster, &case["state"], name);
        }
    }
}

#[test]
fn entry_is_read_as_peers_do() {
    for case in cases("membership.json", "raw_event") {
        let name = text(&case, "name");
        let entry = bytes(&case, "raw");

        let event = read_event(text(&case, "chat_id"), &entry);

        assert_eq!(event.is_ok(), case["ok"] == true, "{name}: {event:?}");
        if let Ok(event) = event {
            assert_eq!(key_string(&event.author()).unwrap(), text(&case, "from"), "{name}");
            assert_eq!([event.signature(), &entry[65..]].concat(), event.entry(), "{name}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_list_is_said() {
    let all = cases("membership.json", "event_list");
    let refusal = |name: &str| {
        let case = all.iter().find(|case| case["name"] == name).unwrap();
        Roster::read(&chat(case), &entries(&case["events"])).unwrap_err()
    };
    let event = |index, why| RosterError::Event { index, why };

    assert_eq!(refusal("list_empty"), RosterError::Creation);
    assert_eq!(refusal("list_without_creation"), RosterError::Creation);
    assert_eq!(refusal("list_created_by_another_than_the_id_says"), RosterError::Creation);
    assert_eq!(refusal("list_join_without_add"), event(1, Refusal::NotAMember));
    assert_eq!(refusal("list_duplicate_creation"), event(1, Refusal::Exists));
}

// Spec: the computed vector of the facts; its chat id is not one of a group.
#[test]
fn signature_is_over_chat_id_and_event() {
    let key = SecretKey::from_bytes(b"22222222222222222222222222222222").unwrap();
    let signature = "69d15a2dc9a0e3081e1239de30e581b725d6840b78ef8957d847b5e6ba467089\
                     5fe3d9af957b602330445a48c21152760fc7692d51d443b343ccf61a3b9c1d8601";
    let event = encode_event(Clock::new(1), EventKind::Created, vec![], "abc");

    let read = read_event("chat-id", &[hex::decode(signature).unwrap(), event.clone()].concat());

    assert_eq!(hex::encode(event), "08011a036162632001");
    assert_eq!(read.unwrap().author(), key.public().user());
}

#[test]
fn known_event_is_not_verified_again() {
    let case = &cases("membership.json", "raw_event")[0];
    let read = MembershipEvent::read(&chat(case), &bytes(case, "raw")).unwrap();

    let known = MembershipEvent::known(read.author(), read.entry());

    assert_eq!(known, Ok(read.clone()));
    assert_eq!(
        MembershipEvent::known(read.author(), &read.entry()[..65]),
        Err(EventError::Short { len: 65 })
    );
}
