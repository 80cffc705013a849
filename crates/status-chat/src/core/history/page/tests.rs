use status_layer::testing::{Party, rng};
use status_layer::{Name, UserId};

use super::*;
use crate::event::{ImageFormat, Picture};
use crate::table::{save_media, save_message};

fn room(name: &str) -> Chat {
    Chat::Channel(Name::new(name).unwrap())
}

fn author() -> UserId {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    crate::Identity::restore(words).unwrap().user()
}

/// Chats in which so much was said, at clocks that are sometimes the same; all of it in the order in which it is given.
fn past(counts: &[(&str, u64)]) -> (Party, Vec<MessageId>) {
    let (mut party, mut rng, mut all) = (Party::new(1), rng(5), Vec::new());
    let kept: Result<(), StoreError> = party.run(|cx| {
        for (name, count) in counts {
            let mut spots = Vec::new();
            for number in 0..*count {
                let mut id = [0; 32];
                id.chunks_mut(8).for_each(|part| part.copy_from_slice(&rng.below(u64::MAX).to_be_bytes()));
                let clock = 1_000 + number / 3;
                let message = Message::new(MessageId::new(id), room(name), author(), "text", clock);
                save_message(&mut cx.shelf, &message)?;
                table::set_clock(&mut cx.shelf, &room(name), clock);
                spots.push(Spot::of(&message));
            }
            spots.sort();
            all.extend(spots.iter().rev().map(|spot| MessageId::new(spot.id)));
        }
        Ok(())
    });
    kept.unwrap();
    (party, all)
}

fn wanted(names: &[&str]) -> Wanted {
    Wanted { chats: names.iter().map(|name| room(name)).collect(), since: 0, until: 0 }
}

/// All pages one after the other, whose asker has so much already.
fn pages(party: &mut Party, wanted: &Wanted, have: &[u8]) -> Vec<Page> {
    let pages: Result<_, StoreError> = party.run(|cx| {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let page = wanted.page(&cx.shelf, after.take(), have)?;
            after.clone_from(&page.next);
            pages.push(page);
            if after.is_none() {
                return Ok(pages);
            }
            assert!(pages.len() < 1_000, "there is no end");
        }
    });
    pages.unwrap()
}

fn ids(pages: &[Page]) -> Vec<MessageId> {
    let all = pages.iter().flat_map(|page| &page.messages);
    all.map(|message| MessageId::new(message.id.as_slice().try_into().unwrap())).collect()
}

#[test]
fn pages_give_each_message_once_the_newest_of_a_chat_first_and_are_bounded() {
    let names = ["a", "b", "c", "d"];
    let (mut party, all) = past(&[("a", 250), ("b", 0), ("c", 1), ("d", 600)]);

    let given = pages(&mut party, &wanted(&names), &[]);

    assert_eq!(ids(&given), all);
    assert!(given.iter().all(|page| page.messages.len() <= MAX_MESSAGES));
    assert_eq!(given.iter().map(|page| u64::from(page.covered)).sum::<u64>(), 851);
    let count: Result<u64, StoreError> = party.run(|cx| wanted(&names).count(&cx.shelf));
    assert_eq!(count.unwrap(), 851);
}

#[test]
fn only_what_was_said_in_the_time_that_is_asked_for_is_given() {
    let (mut party, all) = past(&[("a", 90)]);
    let some = Wanted { since: 1_010, until: 1_019, ..wanted(&["a"]) };

    let given = pages(&mut party, &some, &[]);

    assert_eq!(ids(&given), all[30..60]);
}

#[test]
fn of_what_the_asker_has_nothing_is_sent_but_of_what_changed_it_is() {
    let (mut party, all) = past(&[("a", 60)]);
    let changed: Result<_, StoreError> = party.run(|cx| {
        let mut have = Vec::new();
        for id in &all {
            let message = table::load_message(&cx.shelf, *id)?.unwrap();
            have.extend(mark(&cx.shelf, &message)?);
        }
        let mut message = table::load_message(&cx.shelf, all[7])?.unwrap();
        message.edited = Some(Edited { clock: 5_000, by: MessageId::new([9; 32]) });
        save_message(&mut cx.shelf, &message)?;
        Ok(have)
    });

    let given = pages(&mut party, &wanted(&["a"]), &changed.unwrap());

    assert_eq!(ids(&given), [all[7]]);
    assert_eq!(given.iter().map(|page| page.covered).sum::<u32>(), 60);
}

#[test]
fn a_large_picture_fills_a_page_by_itself_and_goes_with_its_bytes() {
    let (mut party, all) = past(&[("a", 6)]);
    let kept: Result<(), StoreError> = party.run(|cx| {
        for id in [all[1], all[4]] {
            let mut message = table::load_message(&cx.shelf, id)?.unwrap();
            let bytes = 900_000;
            message.kind =
                Kind::Image(Picture { format: ImageFormat::Png, bytes, width: 0, height: 0, album: None });
            save_message(&mut cx.shelf, &message)?;
            save_media(&mut cx.shelf, &message, Media::Whole, &vec![7; 900_000])?;
        }
        Ok(())
    });
    kept.unwrap();

    let given = pages(&mut party, &wanted(&["a"]), &[]);

    assert_eq!(ids(&given), all);
    let sizes: Vec<_> = given.iter().map(|page| page.messages.len()).collect();
    assert_eq!(sizes, [1, 1, 2, 1, 1]);
    let large = given[1].messages[0].said.as_ref().unwrap();
    assert!(matches!(&large.payload, Some(Attachment::Image(image)) if image.payload.len() == 900_000));
}
