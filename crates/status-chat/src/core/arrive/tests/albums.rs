//! Albums, previews of links that change, and what is kept no longer.

use std::time::Duration;

use status_payload::UnfurledLink;

use super::unasked::{about, gone, picture, text};
use super::*;
use crate::compose::{LinkPreview, Text};
use crate::event::{Feeling, Kind, Pin, Reaction};
use crate::history::Retention;
use crate::table::Media;

/// A picture of an album, by somebody to us.
fn of_album(album: &str, clock: u64) -> ChatMessage {
    let mut said = picture(100, clock);
    if let Some(status_payload::Attachment::Image(image)) = &mut said.payload {
        image.album_id = album.into();
        image.album_images_count = 3;
    }
    said
}

fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    match of {
        [] => vec![Vec::new()],
        _ => (0..of.len())
            .flat_map(|n| {
                let mut rest = of.to_vec();
                let first = rest.remove(n);
                orders(&rest).into_iter().map(move |tail| [vec![first.clone()], tail].concat())
            })
            .collect(),
    }
}

fn body(from: &SecretKey, said: impl Into<Content>) -> (MessageId, Body) {
    let body = encode(from, &said.into()).unwrap();
    (message_id(&from.public(), &body), body)
}

#[test]
fn with_one_picture_of_an_album_all_of_it_goes_whatever_order_that_comes_in() {
    let (alice, us) = (key(1), Recipient::User(key(9).user()));
    let pictures = [1, 2, 3].map(|clock| body(&alice, of_album("lake", clock)));
    let other = body(&alice, of_album("hill", 4));
    let delete = body(&alice, Content::DeleteMessage(gone(pictures[1].0, 5)));
    let all = [pictures.as_slice(), &[other.clone(), delete]].concat();
    let mut states = Vec::new();

    for order in orders(&all) {
        let mut desk = Desk::new(&[]);
        let mut events = Vec::new();
        for (_, body) in &order {
            events.extend(desk.take(&alice, us.clone(), body));
        }

        for (id, _) in &pictures {
            let message = desk.message(*id).unwrap();
            assert_eq!(message.deleted, Some(Deleted::ForAll { by: alice.user() }));
            let told = |wanted: &dyn Fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
            let shown = told(&|event| matches!(event, Event::Message(message) if message.id == *id));
            let deleted = told(&|event| matches!(event, Event::Deleted { id: gone, .. } if gone == id));
            assert_eq!(shown, deleted, "what was shown is told to be gone, once");
        }
        assert_eq!(desk.message(other.0).unwrap().deleted, None);
        assert_eq!(desk.store.scan(AREA, b"A", None, 9).unwrap().len(), 1, "bytes of what is gone are kept");
        desk.examine();
        states.push(desk.state());
    }
    assert!(states.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn nobody_deletes_the_album_of_somebody_else() {
    let (mut desk, alice, eve) = (Desk::new(&[]), key(1), key(2));
    let us = Recipient::User(key(9).user());
    let hers = [1, 2].map(|clock| body(&alice, of_album("lake", clock)));
    let eves = body(&eve, of_album("lake", 3));
    for (from, body) in [(&alice, &hers[0]), (&alice, &hers[1]), (&eve, &eves)] {
        desk.take(from, us.clone(), &body.1);
    }

    let refused = desk.take(&eve, us.clone(), &body(&eve, Content::DeleteMessage(gone(hers[0].0, 4))).1);
    desk.take(&eve, us, &body(&eve, Content::DeleteMessage(gone(eves.0, 5))).1);

    assert!(matches!(&refused[..], [Event::Refused(_)]), "{refused:?}");
    assert!(hers.iter().all(|(id, _)| desk.message(*id).unwrap().deleted.is_none()));
    assert!(desk.message(eves.0).unwrap().deleted.is_some());
}

#[test]
fn a_change_brings_small_pictures_of_its_own_whatever_comes_first() {
    let (alice, us) = (key(1), Recipient::User(key(9).user()));
    let link = |n: u8| UnfurledLink {
        url: format!("https://status.app/{n}"),
        thumbnail_payload: vec![n; 50],
        ..UnfurledLink::default()
    };
    let (id, said) =
        body(&alice, ChatMessage { unfurled_links: vec![link(1), link(2)], ..text("two links", 1) });
    let edit = EditMessage { unfurled_links: vec![link(3)], ..about(id, 2) };
    let (_, edit) = body(&alice, Content::EditMessage(edit));
    let mut states = Vec::new();

    for order in [[&said, &edit], [&edit, &said]] {
        let mut desk = Desk::new(&[]);
        for body in order {
            desk.take(&alice, us.clone(), body);
        }
        let media = |which| {
            let mut draft = status_layer::Draft::new(&desk.store);
            table::load_media(&draft.shelf(AREA), &id, which).unwrap()
        };
        assert_eq!(desk.message(id).unwrap().links[0].thumbnail, 50);
        assert_eq!((media(Media::Thumbnail(0)), media(Media::Thumbnail(1))), (Some(vec![3; 50]), None));
        desk.examine();
        states.push(desk.state());
    }
    assert!(states[0] == states[1]);
}

#[test]
fn a_change_of_ours_keeps_what_was_said_of_links_that_are_still_in_the_text() {
    let (mut desk, to) = (Desk::new(&[]), Chat::User(key(1).user()));
    let link = |n: u8| {
        LinkPreview::new(format!("https://status.app/{n}")).title("a page").thumbnail(vec![n; 9], 3, 3)
    };
    let said = Text::new("https://status.app/1 and https://status.app/2").link(link(1)).link(link(2));
    let mut id = None;
    desk.step(|core, step| id = core.say(step, &to, &said.into()).ok());
    let id = id.unwrap();

    desk.step(|core, step| {
        core.edit(step, id, &Text::new("only https://status.app/2").into()).map_err(drop).unwrap();
    });

    let message = desk.message(id).unwrap();
    let links: Vec<_> = message.links.iter().map(|link| (link.url.as_str(), link.title.as_str())).collect();
    assert_eq!(
        (message.text.as_str(), links),
        ("only https://status.app/2", vec![("https://status.app/2", "a page")])
    );
    let mut draft = status_layer::Draft::new(&desk.store);
    let small = table::load_media(&draft.shelf(AREA), &id, Media::Thumbnail(0)).unwrap();
    assert_eq!(small, Some(vec![2; 9]));
    desk.examine();
}

#[test]
fn reactions_and_pins_have_the_ids_that_peers_give_them() {
    let (message, chat) = (MessageId::new([7; 32]), Chat::User(key(1).user()));
    let (by, clock) = (key(9).user(), 5);
    let (feeling, retracted) = (Feeling::Love, false);
    let reaction = Reaction { chat: chat.clone(), message, by, feeling, retracted, clock };
    let pin = |chat| Pin { chat, message, by, pinned: true, clock };
    let key_string = status_crypto::text::key_string(&by).unwrap();

    let expected = status_crypto::keccak256(&[format!("{key_string}0x{}1", "07".repeat(32)).as_bytes()]);
    assert_eq!(reaction.id(), Some(expected));
    let theirs = pin(Chat::User(by)).id(&key(1).user());
    assert!(theirs.is_some() && pin(chat).id(&by) == theirs, "both sides of a chat name it alike");
}

#[test]
fn messages_of_chats_that_were_left_are_kept_no_longer_than_others() {
    let mut desk = Desk::new(&["room", "left"]);
    let said = |name: &str| {
        let place = Place::Channel(channel(name));
        body(&key(1), ChatMessage::text(&place, "old", Clock::new(NOW.millis()), NOW).unwrap())
    };
    let (room, left, stranger) = (said("room"), said("left"), body(&key(2), text("a word", 1)));
    desk.take(&key(1), Recipient::Channel(channel("room")), &room.1);
    desk.take(&key(1), Recipient::Channel(channel("left")), &left.1);
    desk.take(&key(2), Recipient::User(key(9).user()), &stranger.1);
    desk.step(|core, step| core.leave(step, &Chat::Channel(channel("left"))).map_err(drop).unwrap());

    desk.now = NOW.after(Duration::from_secs(7_200));
    desk.step(|core, step| {
        core.start(step, false).unwrap();
        Core::prepare(step).unwrap();
        let age = Some(Duration::from_secs(3_600));
        core.keep(step, None, Some(Retention { age, count: None })).map_err(drop).unwrap();
        for _ in 0..20 {
            core.tend(step).unwrap();
        }
    });

    let kept: Vec<_> = [room.0, left.0, stranger.0].map(|id| desk.message(id).is_some()).into();
    assert_eq!(kept, [false; 3]);
    desk.examine();
}

#[test]
fn a_picture_alone_leaves_no_kind_behind_and_one_of_an_album_says_which() {
    let (mut desk, alice, us) = (Desk::new(&[]), key(1), Recipient::User(key(9).user()));
    let (alone, said) = body(&alice, picture(10, 1));
    let (inside, other) = body(&alice, of_album("lake", 2));
    for body in [&said, &other] {
        desk.take(&alice, us.clone(), body);
    }
    for id in [alone, inside] {
        desk.take(&alice, us.clone(), &body(&alice, Content::DeleteMessage(gone(id, 3))).1);
    }

    assert_eq!(desk.message(alone).unwrap().kind, Kind::Text);
    let Kind::Image(left) = desk.message(inside).unwrap().kind else { panic!("it was a picture") };
    assert_eq!((left.bytes, left.album.unwrap().id.as_str()), (0, "lake"));
}
