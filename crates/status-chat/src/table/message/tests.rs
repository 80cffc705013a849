use std::time::Duration;

use status_layer::Name;
use status_layer::testing::Party;

use super::*;
use crate::event::{Album, AudioFormat, ImageFormat, Picture, Preview, Recording, Relayed, Sticker};

fn user(seat: u8) -> UserId {
    let mut key = [seat; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

fn message(id: u8, clock: u64, chat: &Chat) -> Message {
    let sent_at = Timestamp::from_millis(clock + 1);
    Message {
        sent_at,
        ..Message::new(MessageId::new([id; 32]), chat.clone(), user(7), format!("text {id}"), clock)
    }
}

#[test]
fn a_message_is_kept_as_it_was_at_every_stage() {
    let (to, of) = (2, 5);
    let stages = [
        Stage::Queued,
        Stage::Published,
        Stage::Stored,
        Stage::Delivered { to, of },
        Stage::GaveUp { to, of },
    ];

    for stage in stages.map(Some).into_iter().chain([None]) {
        let mut party = Party::new(1);
        let said = Message { stage, ..message(1, 5, &Chat::User(user(2))) };
        let read = party.run(|cx| {
            save_message(&mut cx.shelf, &said)?;
            load_message(&cx.shelf, said.id)
        });

        assert_eq!(read.unwrap(), Some(said));
    }
}

#[test]
fn a_message_of_the_first_version_says_what_was_known_of_it() {
    let mut party = Party::new(1);
    let delivered = Some(Stage::Delivered { to: 1, of: 1 });
    let mut stage = |from: u8, flag: bool| {
        let id = MessageId::new([from; 32]);
        let row = Writer::new(1).flag(flag).u8(2).bytes(user(from).as_bytes()).u64(5).u64(6);
        let row = row.sized(&chat_bytes(&Chat::User(user(2)))).bytes(b"old").finish();
        let read = party.run(|cx| {
            cx.shelf.put(message_key(&id), row);
            load_message(&cx.shelf, id)
        });
        read.unwrap().unwrap().stage
    };

    assert_eq!([stage(7, false), stage(7, true), stage(2, false)], [Some(Stage::Queued), delivered, None]);
}

#[test]
fn a_history_is_in_the_order_of_clocks_and_of_one_chat() {
    let mut party = Party::new(1);
    let (room, rooms) = (Name::new("room").unwrap(), Name::new("rooms").unwrap());
    let (room, rooms) = (Chat::Channel(room), Chat::Channel(rooms));

    let ids = party.run(|cx| {
        for (id, clock, chat) in [(1, 300, &room), (2, 100, &room), (3, 200, &rooms), (4, 200, &room)] {
            save_message(&mut cx.shelf, &message(id, clock, chat))?;
        }
        let all = history(&cx.shelf, &room, 0, 10)?;
        let later = history(&cx.shelf, &room, 100, 1)?;
        let id = |message: &Message| message.id.as_bytes()[0];
        Ok::<_, StoreError>((
            all.iter().map(id).collect::<Vec<_>>(),
            later.iter().map(id).collect::<Vec<_>>(),
        ))
    });

    assert_eq!(ids.unwrap(), (vec![2, 4, 1], vec![4]));
}

#[test]
fn a_row_that_was_cut_is_said_to_be_damaged() {
    let mut party = Party::new(1);
    let said = message(1, 5, &Chat::User(user(2)));
    party
        .run(|cx| {
            save_message(&mut cx.shelf, &said)?;
            Ok::<_, StoreError>(())
        })
        .unwrap();

    let read = party.run(|cx| {
        let row = cx.shelf.get(&message_key(&said.id))?.unwrap_or_default();
        cx.shelf.put(message_key(&said.id), row[..20].to_vec());
        load_message(&cx.shelf, said.id)
    });

    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
}

#[test]
fn a_message_of_every_kind_is_kept_with_all_that_is_known_of_it() {
    let album = Some(Album { id: "album".into(), of: 3 });
    let picture = Picture { format: ImageFormat::Webp, bytes: 9, width: 640, height: 480, album };
    let duration = Duration::from_millis(1_500);
    let kinds = [
        Kind::Emoji,
        Kind::Status,
        Kind::ContactRequest,
        Kind::Sticker(Sticker { pack: -1, hash: "hash".into() }),
        Kind::Image(Picture { format: ImageFormat::Other(9), album: None, ..picture.clone() }),
        Kind::Image(picture),
        Kind::Audio(Recording { format: AudioFormat::Amr, bytes: 7, duration }),
        Kind::Relayed(Relayed { from: "Discord".into(), author: "Ada".into() }),
    ];

    for kind in kinds {
        let mut party = Party::new(1);
        let link = Preview { url: "u".into(), title: "t".into(), description: "d".into(), thumbnail: 5 };
        let said = Message {
            kind,
            name: "a name".into(),
            links: vec![link.clone(), Preview { thumbnail: 0, ..link }],
            answers: Some(MessageId::new([9; 32])),
            edited: Some(Edited { clock: 8, by: MessageId::new([8; 32]) }),
            deleted: Some(Deleted::ForAll { by: user(3) }),
            retold: true,
            ..message(1, 5, &Chat::User(user(2)))
        };
        let read = party.run(|cx| {
            save_message(&mut cx.shelf, &said)?;
            load_message(&cx.shelf, said.id)
        });

        assert_eq!(read.unwrap(), Some(said));
    }
}

#[test]
fn a_message_of_the_second_version_is_text() {
    let mut party = Party::new(1);
    let id = MessageId::new([1; 32]);
    let row = Writer::new(2).u8(4).u32(1).u32(2).u8(2).bytes(user(7).as_bytes()).u64(5).u64(6);
    let row = row.sized(&chat_bytes(&Chat::User(user(2)))).bytes(b"old").finish();

    let read = party.run(|cx| {
        cx.shelf.put(message_key(&id), row);
        load_message(&cx.shelf, id)
    });

    let read = read.unwrap().unwrap();
    let stage = Some(Stage::Delivered { to: 1, of: 2 });
    let expected =
        Message { sent_at: Timestamp::from_millis(6), stage, ..message(1, 5, &Chat::User(user(2))) };
    assert_eq!(read, Message { text: "old".into(), ..expected });
}

#[test]
fn a_message_of_the_third_version_was_told_by_its_author() {
    let mut party = Party::new(1);
    let id = MessageId::new([1; 32]);
    let row = Writer::new(3).u8(0).u32(0).u32(0).u8(2).bytes(user(7).as_bytes()).u64(5).u64(6);
    let row = row.sized(&chat_bytes(&Chat::User(user(2)))).flag(false).flag(false).u8(0).sized(b"name");
    let row = row.u8(1).u8(0).bytes(b"old").finish();

    let read = party.run(|cx| {
        cx.shelf.put(message_key(&id), row);
        load_message(&cx.shelf, id)
    });

    let expected = Message {
        sent_at: Timestamp::from_millis(6),
        name: "name".into(),
        text: "old".into(),
        stage: None,
        ..message(1, 5, &Chat::User(user(2)))
    };
    assert_eq!(read.unwrap(), Some(expected));
}

#[test]
fn bytes_of_a_message_lie_apart_and_go_together() {
    let mut party = Party::new(1);
    let picture = Picture { format: ImageFormat::Png, bytes: 3, width: 0, height: 0, album: None };
    let link = Preview { thumbnail: 2, ..Preview::default() };
    let said = Message {
        kind: Kind::Image(picture),
        links: vec![Preview::default(), link],
        ..message(1, 5, &Chat::User(user(2)))
    };

    let (kept, left) = party
        .run(|cx| {
            save_media(&mut cx.shelf, &said, Media::Whole, b"png")?;
            save_media(&mut cx.shelf, &said, Media::Thumbnail(1), b"th")?;
            let load = |shelf: &Shelf<'_>, which| load_media(shelf, &said.id, which);
            let kept = (load(&cx.shelf, Media::Whole)?, load(&cx.shelf, Media::Thumbnail(1))?);
            drop_media(&mut cx.shelf, &said)?;
            Ok::<_, StoreError>((kept, cx.shelf.scan(b"A", None, 9)?.len()))
        })
        .unwrap();

    assert_eq!(kept, (Some(b"png".to_vec()), Some(b"th".to_vec())));
    assert_eq!(left, 0);
}
