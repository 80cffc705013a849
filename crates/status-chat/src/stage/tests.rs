use status_layer::testing::Party;

use super::*;
use crate::event::{Chat, Message};

fn user(seat: u8) -> UserId {
    let mut key = [seat; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

const ID: MessageId = MessageId::new([7; 32]);

/// A message of ours in a store, and what facts about it make of its stage.
fn stages(before: Option<Stage>, facts: &[Fact]) -> Vec<Option<Stage>> {
    let mut party = Party::new(1);
    let message = Message { stage: before, ..Message::new(ID, Chat::User(user(2)), user(1), "hi", 1) };
    let told = party.run(|cx| {
        table::save_message(&mut cx.shelf, &message)?;
        let mut told = Vec::new();
        for fact in facts {
            let events = note(&mut cx.shelf, ID, fact)?;
            let stage = table::load_message(&cx.shelf, ID)?.and_then(|message| message.stage);
            let said = events.iter().find_map(|event| match event {
                Event::Stage { stage, .. } => Some(*stage),
                _ => None,
            });
            assert!(said.is_none() || said == stage, "what is said is what is kept");
            told.push(said);
        }
        Ok::<_, StoreError>(told)
    });
    told.unwrap()
}

fn delivered(by: u8) -> Fact {
    Fact::Delivered { by: user(by), device: None }
}

const DELIVERED: Stage = Stage::Delivered { to: 1, of: 1 };

#[test]
fn a_stage_is_reached_once_and_never_taken_back() {
    let facts = [Fact::Published, Fact::Published, Fact::Stored, Fact::Published, delivered(2), Fact::Stored];

    let told = stages(Some(Stage::Queued), &facts);

    assert_eq!(told, [Some(Stage::Published), None, Some(Stage::Stored), None, Some(DELIVERED), None]);
}

#[test]
fn what_was_given_up_may_be_delivered_late_and_then_stays_so() {
    let lost = || Fact::GaveUp { to: user(2) };

    let told = stages(Some(Stage::Published), &[lost(), lost(), Fact::Published, delivered(2), lost()]);

    assert_eq!(told, [Some(Stage::GaveUp { to: 0, of: 1 }), None, None, Some(DELIVERED), None]);
}

#[test]
fn readers_of_a_chat_are_counted_each_once() {
    let three = Stage::Delivered { to: 0, of: 3 };

    let told = stages(
        Some(three),
        &[delivered(2), delivered(2), delivered(3), Fact::GaveUp { to: user(4) }, delivered(4)],
    );

    assert_eq!(
        told,
        [
            Some(Stage::Delivered { to: 1, of: 3 }),
            None,
            Some(Stage::Delivered { to: 2, of: 3 }),
            Some(Stage::GaveUp { to: 2, of: 3 }),
            Some(Stage::Delivered { to: 3, of: 3 }),
        ]
    );
}

#[test]
fn readers_of_a_group_are_as_many_as_were_expected() {
    let mut party = Party::new(1);
    let message =
        Message { stage: Some(Stage::Queued), ..Message::new(ID, Chat::User(user(2)), user(1), "hi", 1) };

    let told = party.run(|cx| {
        table::save_message(&mut cx.shelf, &message)?;
        expect(&mut cx.shelf, ID, 19);
        note(&mut cx.shelf, ID, &delivered(2))?;
        note(&mut cx.shelf, ID, &delivered(3))?;
        let (key, row) = cx.shelf.scan(&[RECEIPT], None, 1)?.remove(0);
        assert_eq!(read(&key, &row)?, ID);
        table::load_message(&cx.shelf, ID)
    });

    assert_eq!(told.unwrap().unwrap().stage, Some(Stage::Delivered { to: 2, of: 19 }));
}

#[test]
fn nothing_is_noted_of_what_others_wrote_and_of_what_is_unknown() {
    let mut party = Party::new(1);

    let of_others = stages(None, &[Fact::Published, delivered(2), Fact::GaveUp { to: user(2) }]);
    let unknown = party.run(|cx| note(&mut cx.shelf, ID, &delivered(2)));

    assert_eq!(of_others, [None, None, None]);
    assert_eq!(unknown.unwrap(), []);
    assert!(party.store.is_empty());
}
