//! What somebody makes of messages about groups, one at a time, as their bytes come out of the layers.

mod fellows;
mod peers;
mod reader;

use status_crypto::{Keyring, SecretKey};
use status_layer::Grade;
use status_layer::{Read as _, Timestamp};
use status_payload::{Change, ChatMessage, Clock, ContentType, MAX_HISTORY, Place, encode};

use super::*;
use crate::event::Membership;
use reader::{Reader, know};
use status_payload::ContactState;

const NOW: u64 = 1_800_000_000_000;

fn key(seat: u8) -> SecretKey {
    SecretKey::from_bytes(&[seat; 32]).unwrap()
}

fn user(seat: u8) -> UserId {
    key(seat).user()
}

const ALICE: u8 = 1;
const BOB: u8 = 2;
const CAROL: u8 = 3;
const EVE: u8 = 9;

impl Reader {
    /// Bob, who knows Alice, and Carol, but not Eve.
    fn new() -> Self {
        let mut bob = Self::of(key(BOB), NOW);
        bob.step(|_, step| {
            know(step, &user(ALICE), ContactState::Sent);
            know(step, &user(CAROL), ContactState::Sent);
        });
        bob
    }

    /// Hears content by `seat`, sealed as well as `grade` says.
    fn hear_sealed(&mut self, seat: u8, content: &Content, grade: Grade) -> Vec<Event> {
        let body = encode(&key(seat), content).unwrap();
        self.take(user(seat), body, grade)
    }

    fn hear(&mut self, seat: u8, content: &Content) -> Vec<Event> {
        self.hear_sealed(seat, content, Grade::Ratcheted)
    }

    /// Hears what is refused, and leaves no trace; returns why.
    fn refuse(&mut self, seat: u8, content: &Content) -> String {
        let before = self.store.clone();
        let events = self.hear(seat, content);
        assert!(self.store == before, "what is refused left a trace");
        match events.as_slice() {
            [Event::Refused(refused)] => refused.why.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn membership(&mut self) -> Option<Membership> {
        let (group, _) = self.step(|_, step| crate::groups::one(&step.shelf(), &climbing()));
        group.unwrap().map(|group| group.membership)
    }

    fn roster(&mut self) -> Roster {
        self.step(|_, step| group::roster(&step.shelf(), &climbing())).0.unwrap().unwrap()
    }

    fn history(&mut self) -> Vec<String> {
        let chat = Chat::Group(climbing());
        let (said, _) = self.step(|_, step| table::history(&step.shelf(), &chat, 0, 1_000));
        said.unwrap().into_iter().map(|message| message.text).collect()
    }
}

fn climbing() -> GroupChatId {
    GroupChatId::new("7a1a7ea0-0000-4000-8000-000000000000", user(ALICE)).unwrap()
}

/// A group that Alice made, with `members`.
fn made(members: &[u8]) -> Roster {
    let made = Roster::create(&key(ALICE), &climbing(), "climbing", "", Clock::new(NOW - 1_000)).unwrap();
    with(&made, ALICE, &Change::Add(members.iter().map(|seat| user(*seat)).collect()))
}

fn with(roster: &Roster, by: u8, change: &Change) -> Roster {
    roster.change(&key(by), change, Clock::new(NOW - 900)).unwrap()
}

fn list(roster: &Roster) -> Content {
    listed(roster.entries())
}

fn listed(events: Vec<Vec<u8>>) -> Content {
    let chat_id = climbing().to_string();
    Content::MembershipUpdateMessage(Box::new(MembershipUpdateMessage { chat_id, events, chat_entity: None }))
}

fn said(roster: &Roster, place: &Place, text: &str) -> Content {
    let now = Timestamp::from_millis(NOW);
    let said = ChatMessage::text(place, text, Clock::new(NOW), now).unwrap();
    let chat_id = climbing().to_string();
    let chat_entity = Some(GroupContent::Message(Box::new(said)));
    Content::MembershipUpdateMessage(Box::new(MembershipUpdateMessage {
        chat_id,
        events: roster.entries(),
        chat_entity,
    }))
}

fn here() -> Place {
    Place::Group(climbing())
}

fn told(by: u8, change: GroupChange) -> Event {
    Event::Group { group: climbing(), by: user(by), change }
}

#[test]
fn a_list_takes_some_210_bytes_for_each_member_who_said_that_they_are_in() {
    let seats: Vec<u8> = (2..=200).collect();
    let mut roster = made(&seats);
    for seat in seats {
        roster = with(&roster, seat, &Change::Join);
    }

    let bytes: usize = roster.entries().iter().map(|entry| entry.len() + 3).sum();

    assert!((205..=215).contains(&(bytes / 200)), "{bytes}");
}

#[test]
fn whoever_is_added_by_a_contact_is_in_and_says_so() {
    let mut bob = Reader::new();

    let events = bob.hear(ALICE, &list(&made(&[BOB, CAROL])));

    assert_eq!(events, [told(ALICE, GroupChange::Entered)]);
    assert_eq!(bob.membership(), Some(Membership::Active));
    assert_eq!(bob.shared(), Some([user(ALICE), user(CAROL)].into()));
    assert_eq!((bob.sent(), bob.roster().joined().count()), (1, 2));
}

#[test]
fn whoever_is_added_by_a_stranger_is_asked_and_nothing_is_told_until_they_answer() {
    let mut bob = Reader::new();
    let creator = SecretKey::from_bytes(&[EVE; 32]).unwrap();
    let id = GroupChatId::new("7a1a7ea0-0000-4000-8000-000000000000", creator.user()).unwrap();
    let made = Roster::create(&creator, &id, "prizes", "", Clock::new(NOW - 1_000)).unwrap();
    let made = made.change(&creator, &Change::Add(vec![user(BOB)]), Clock::new(NOW - 900)).unwrap();
    let say = |text| {
        let said = said(&made, &Place::Group(id.clone()), text);
        match said {
            Content::MembershipUpdateMessage(update) => {
                let update = MembershipUpdateMessage { chat_id: id.to_string(), ..*update };
                Content::MembershipUpdateMessage(Box::new(update))
            }
            other => other,
        }
    };

    let events = bob.hear(EVE, &say("you have won"));
    let sent = bob.sent();
    let accepted = id.clone();
    bob.wish(move |core, step| core.accept_group(step, &accepted));
    let later = bob.hear(EVE, &say("twice"));

    assert_eq!(events, [Event::Group { group: id.clone(), by: user(EVE), change: GroupChange::Invited }]);
    assert_eq!((sent, bob.sent()), (0, 1), "to accept is told");
    assert!(matches!(later.as_slice(), [Event::Message(_)]), "{later:?}");
    let (kept, _) = bob.step(|_, step| table::history(&step.shelf(), &Chat::Group(id), 0, 9));
    assert_eq!(kept.unwrap().len(), 2);
}

#[test]
fn whoever_declines_tells_nobody_and_reads_nothing_until_they_are_added_again() {
    let mut bob = Reader::new();
    let eves = with(&made(&[EVE]), EVE, &Change::Add(vec![user(BOB)]));
    bob.step(|_, step| know(step, &user(ALICE), ContactState::None));
    bob.hear(EVE, &list(&eves));
    bob.wish(|core, step| core.decline_group(step, &climbing()));

    let silent = bob.hear(EVE, &said(&eves, &here(), "hello?"));
    let renamed = bob.hear(EVE, &list(&with(&eves, EVE, &Change::Rename("prizes".into()))));
    let declined = bob.membership();
    let added = with(&bob.roster(), EVE, &Change::Add(vec![user(BOB)]));
    let again = bob.hear(EVE, &list(&added));

    assert_eq!((silent, renamed, bob.sent()), (vec![], vec![], 0));
    assert_eq!(declined, Some(Membership::Declined { by: user(EVE) }));
    assert_eq!(again, [told(EVE, GroupChange::Invited)]);
    assert_eq!(bob.history(), [""; 0]);
}

#[test]
fn what_a_member_says_is_told_under_the_id_of_the_message_around_it() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    bob.hear(ALICE, &list(&roster));
    let content = said(&roster, &here(), "hello");
    let body = encode(&key(CAROL), &content).unwrap();

    let events = bob.hear(CAROL, &content);

    let id = status_payload::message_id(&key(CAROL).public(), &body);
    let [Event::Message(message)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((message.id, message.from, message.text.as_str()), (id, user(CAROL), "hello"));
    assert_eq!(message.chat, Chat::Group(climbing()));
}

#[test]
fn what_no_member_says_is_refused_with_the_list_that_it_brings() {
    let mut bob = Reader::new();
    let roster = made(&[BOB]);
    bob.hear(ALICE, &list(&roster));
    let news = with(&roster, ALICE, &Change::Rename("caving".into()));

    let alone = bob.refuse(EVE, &said(&roster, &here(), "let me in"));
    let with_news = bob.refuse(EVE, &said(&news, &here(), "let me in"));
    let news = bob.refuse(EVE, &list(&news));
    let bare = ChatMessage::text(&here(), "hi", Clock::new(NOW), Timestamp::from_millis(NOW)).unwrap();
    let bare = bob.refuse(EVE, &Content::from(bare));

    let mut unknown = said(&roster, &here(), "let me in");
    if let Content::MembershipUpdateMessage(update) = &mut unknown
        && let Some(GroupContent::Message(said)) = &mut update.chat_entity
    {
        said.content_type = ContentType::from(99);
    }
    let unknown = bob.refuse(EVE, &unknown);

    for why in [alone, with_news, news, bare, unknown] {
        assert!(why.contains("only members"), "{why}");
    }
}

#[test]
fn a_message_for_another_chat_is_no_message_of_the_group() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    bob.hear(ALICE, &list(&roster));
    let other = GroupChatId::new("another", user(ALICE)).unwrap();

    for place in [Place::User(user(BOB)), Place::Group(other)] {
        let why = bob.refuse(CAROL, &said(&roster, &place, "hello"));

        assert!(why.contains("another chat"), "{why}");
    }
}

#[test]
fn a_message_of_a_group_that_came_unsealed_is_refused() {
    let mut bob = Reader::new();
    let before = bob.store.clone();

    let events = bob.hear_sealed(ALICE, &list(&made(&[BOB])), Grade::Clear);

    assert!(matches!(events.as_slice(), [Event::Refused(_)]) && bob.store == before, "{events:?}");
}

#[test]
fn a_list_in_which_we_never_were_is_refused() {
    let mut bob = Reader::new();

    let why = bob.refuse(ALICE, &list(&made(&[CAROL])));

    assert!(why.contains("ever in it"), "{why}");
}

#[test]
fn a_forged_event_makes_its_list_nothing() {
    let mut bob = Reader::new();
    let roster = made(&[BOB]);
    bob.hear(ALICE, &list(&roster));
    let mut renamed = with(&roster, ALICE, &Change::Rename("caving".into())).entries();
    let last = renamed.last_mut().unwrap();
    // The name, as if Alice had signed another.
    let at = last.windows(6).position(|bytes| bytes == b"caving").unwrap();
    last[at] ^= 1;

    let changed = bob.refuse(ALICE, &listed(renamed));
    let mut from_elsewhere = roster.entries();
    let other = GroupChatId::new("another", user(ALICE)).unwrap();
    let other = Roster::create(&key(ALICE), &other, "x", "", Clock::new(NOW - 500)).unwrap();
    from_elsewhere.extend(other.entries());
    let from_elsewhere = bob.refuse(ALICE, &listed(from_elsewhere));
    let empty = bob.refuse(ALICE, &listed(vec![]));

    for why in [changed, from_elsewhere, empty] {
        assert!(why.contains("history"), "{why}");
    }
}

#[test]
fn an_event_of_tomorrow_is_refused() {
    let mut bob = Reader::new();
    let made = made(&[BOB]);
    let late = made.change(&key(ALICE), &Change::Rename("x".into()), Clock::new(NOW + 200_000)).unwrap();

    let why = bob.refuse(ALICE, &list(&late));

    assert!(why.contains("clock"), "{why}");
}

#[test]
fn a_list_that_is_too_large_is_refused() {
    let mut bob = Reader::new();
    let mut roster = made(&[BOB]);
    bob.hear(ALICE, &list(&roster));
    let before = roster.clone();
    for _ in 0..2 {
        roster = with(&roster, ALICE, &Change::Picture(vec![7; MAX_HISTORY / 2 - 1_000]));
    }
    let mut entries = roster.entries();
    entries.extend(with(&before, ALICE, &Change::Picture(vec![8; 2_000])).entries());

    let why = bob.refuse(ALICE, &listed(entries));

    assert!(why.contains("at most"), "{why}");
}

#[test]
fn an_old_list_that_comes_again_changes_nothing() {
    let mut bob = Reader::new();
    let old = made(&[BOB, CAROL]);
    let new = with(&old, ALICE, &Change::Remove(user(BOB)));
    bob.hear(ALICE, &list(&old));
    bob.hear(ALICE, &list(&new));
    let before = bob.store.clone();

    let events = bob.hear(CAROL, &list(&old));

    assert_eq!((events, bob.membership()), (vec![], Some(Membership::Left)));
    assert!(bob.store == before);
}

#[test]
fn whoever_is_removed_is_told_keeps_the_history_and_reads_no_more() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    bob.hear(ALICE, &list(&roster));
    bob.hear(CAROL, &said(&roster, &here(), "before"));
    let without = with(&roster, ALICE, &Change::Remove(user(BOB)));

    let events = bob.hear(ALICE, &list(&without));
    let why = bob.refuse(CAROL, &said(&without, &here(), "after"));
    let old = bob.refuse(CAROL, &said(&roster, &here(), "with the old list"));

    assert_eq!(events, [told(ALICE, GroupChange::Removed { user: user(BOB) })]);
    assert!(why.contains("only members") && old.contains("only members"), "{why}; {old}");
    assert_eq!((bob.membership(), bob.history()), (Some(Membership::Left), vec!["before".into()]));
    assert_eq!(bob.shared(), Some([].into()));
    let chats = bob.step(|_, step| table::chats(&step.shelf(), 9)).0.unwrap();
    assert!(!chats.contains(&Chat::Group(climbing())));
}

#[test]
fn whoever_is_added_again_is_in_again() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    let without = with(&roster, ALICE, &Change::Remove(user(BOB)));
    bob.hear(ALICE, &list(&roster));
    bob.hear(ALICE, &list(&without));

    let events = bob.hear(CAROL, &list(&with(&without, CAROL, &Change::Add(vec![user(BOB)]))));

    assert_eq!(events, [told(CAROL, GroupChange::Entered)]);
    assert_eq!(
        (bob.membership(), bob.shared()),
        (Some(Membership::Active), Some([user(ALICE), user(CAROL)].into()))
    );
}

#[test]
fn whoever_was_removed_before_they_heard_of_the_group_is_not_taken_in_by_what_comes_late() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    let without = with(&roster, ALICE, &Change::Remove(user(BOB)));

    let first = bob.hear(ALICE, &list(&without));
    let late = bob.hear(ALICE, &list(&roster));

    assert_eq!((first, late, bob.membership()), (vec![], vec![], None));
    assert_eq!(bob.sent(), 0);
}

#[test]
fn whoever_was_removed_lets_nobody_in_with_an_earlier_date_but_may_have_renamed() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    bob.hear(ALICE, &list(&roster));
    let adds = with(&roster, CAROL, &Change::Add(vec![user(EVE)]));
    let renames = with(&roster, CAROL, &Change::Rename("caving".into()));
    let later = Clock::new(NOW - 100);
    let without = roster.change(&key(ALICE), &Change::Remove(user(CAROL)), later).unwrap();
    bob.hear(ALICE, &list(&without));

    let why = bob.refuse(CAROL, &list(&adds));
    let events = bob.hear(CAROL, &list(&renames));

    assert!(why.contains("only members"), "{why}");
    assert_eq!(events, [told(CAROL, GroupChange::Renamed { name: "caving".into() })]);
    assert!(!bob.roster().is_member(&user(EVE)) && !bob.roster().is_member(&user(CAROL)));
}

#[test]
fn changes_that_exclude_each_other_are_told_as_rearranged() {
    let mut bob = Reader::new();
    let roster = with(&made(&[BOB, CAROL]), ALICE, &Change::MakeAdmins(vec![user(CAROL)]));
    bob.hear(ALICE, &list(&roster));
    let later = Clock::new(NOW - 100);
    let removed = roster.change(&key(CAROL), &Change::Remove(user(BOB)), later).unwrap();
    let first = with(&roster, CAROL, &Change::ResignAdmin);
    bob.hear(CAROL, &list(&removed));
    let out = bob.membership();

    bob.hear(CAROL, &list(&first));

    assert_eq!((out, bob.membership()), (Some(Membership::Left), Some(Membership::Active)));
    assert!(bob.roster().is_member(&user(BOB)) && !bob.roster().is_admin(&user(CAROL)));
}

#[test]
fn strangers_fill_no_more_than_their_room_and_contacts_still_get_in() {
    let mut bob = Reader::new();
    let eve = key(EVE);
    let group = |number: usize| {
        let id = GroupChatId::new(&format!("group {number}"), eve.user()).unwrap();
        let made = Roster::create(&eve, &id, "x", "", Clock::new(NOW - 1_000)).unwrap();
        let made = made.change(&eve, &Change::Add(vec![user(BOB)]), Clock::new(NOW - 900)).unwrap();
        (id.to_string(), made)
    };
    let message = |chat_id: String, roster: &Roster| {
        let (events, chat_entity) = (roster.entries(), None);
        let update = MembershipUpdateMessage { chat_id, events, chat_entity };
        Content::MembershipUpdateMessage(Box::new(update))
    };
    for number in 0..MAX_UNASKED {
        let (id, made) = group(number);
        bob.hear(EVE, &message(id, &made));
    }
    let (id, made_last) = group(MAX_UNASKED);
    let last = message(id, &made_last);

    let why = bob.refuse(EVE, &last);
    let (id, first) = group(0);
    let first = first.change(&eve, &Change::Remove(user(BOB)), Clock::new(NOW - 800)).unwrap();
    let withdrawn = bob.hear(EVE, &message(id, &first));
    let room_again = bob.hear(EVE, &last);
    let contact = bob.hear(ALICE, &list(&made(&[BOB])));

    assert!(why.contains("too many groups"), "{why}");
    assert!(matches!(withdrawn.as_slice(), [Event::Group { change: GroupChange::Removed { .. }, .. }]));
    assert!(matches!(room_again.as_slice(), [Event::Group { change: GroupChange::Invited, .. }]));
    assert_eq!(contact, [told(ALICE, GroupChange::Entered)]);
}

#[test]
fn what_a_stranger_says_of_a_group_is_bounded_in_bytes_until_we_accept_it() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, EVE]);
    bob.step(|_, step| know(step, &user(ALICE), ContactState::None));
    let color = "c".repeat(60_000);
    let colored = |count: u64| {
        let change = |roster: Roster, n: u64| {
            let change = Change::Recolor(format!("{color}{n}"));
            roster.change(&key(ALICE), &change, Clock::new(NOW - 800 + n)).unwrap()
        };
        (0..count).fold(roster.clone(), change)
    };
    let long = |n: usize| said(&roster, &here(), &format!("{n} {}", "\u{1f3d4}".repeat(4_000)));

    bob.hear(EVE, &list(&roster));
    let large = bob.refuse(EVE, &list(&colored(5)));
    let mut kept = 0;
    while kept < 100 && !bob.hear(EVE, &long(kept)).iter().any(|event| matches!(event, Event::Refused(_))) {
        kept += 1;
    }
    let full = bob.refuse(EVE, &long(kept));
    let small = bob.hear(EVE, &said(&roster, &here(), "short"));
    let invited = bob.membership();
    bob.wish(|core, step| core.accept_group(step, &climbing()));
    let accepted = bob.hear(EVE, &long(kept));

    assert!(large.contains("no room") && full.contains("no room"), "{large} {full}");
    assert!((10..20).contains(&kept), "{kept}");
    assert_eq!((small.len(), invited), (0, Some(Membership::Invited { by: user(ALICE) })));
    assert!(matches!(&accepted[..], [Event::Message(_)]), "{accepted:?}");
    bob.examine();
}

#[test]
fn nothing_is_left_of_what_was_said_in_a_group_that_gives_way() {
    let mut bob = Reader::new();
    bob.step(|_, step| know(step, &user(ALICE), ContactState::None));
    let roster = made(&[BOB, EVE]);
    bob.hear(EVE, &said(&roster, &here(), "words that can be found"));
    let removed = with(&roster, ALICE, &Change::Remove(user(BOB)));
    bob.hear(EVE, &list(&removed));
    bob.examine();

    bob.step(|_, step| group::forget(&mut step.shelf(), &climbing()).unwrap());

    let rows = bob.store.scan(crate::core::AREA, b"", None, 99).unwrap();
    let left: Vec<_> = rows.iter().map(|(key, _)| char::from(key[0])).filter(|tag| *tag != 'P').collect();
    assert_eq!(left, ['W']);
}

#[test]
fn who_wants_no_strangers_is_not_taken_into_groups_by_them_and_hears_of_those_they_are_in() {
    let mut bob = Reader::new();
    bob.step(|_, step| know(step, &user(CAROL), ContactState::None));
    bob.step(|_, step| table::profile::set_strangers(&mut step.shelf(), crate::contacts::Strangers::Refused));
    let before = bob.store.clone();

    let stranger = bob.hear(CAROL, &list(&made(&[BOB, CAROL])));
    let untouched = bob.store == before;
    let contact = bob.hear(ALICE, &list(&made(&[BOB, CAROL])));
    let member = bob.hear(CAROL, &said(&made(&[BOB, CAROL]), &here(), "hello"));

    assert!(stranger.is_empty() && untouched);
    assert_eq!(contact, [told(ALICE, GroupChange::Entered)]);
    assert!(matches!(&member[..], [Event::Message(_)]), "{member:?}");
}

#[test]
fn what_another_device_of_ours_did_is_done_here_too() {
    let mut bob = Reader::new();
    let roster = made(&[BOB, CAROL]);
    bob.step(|_, step| know(step, &user(ALICE), ContactState::None));

    bob.hear(ALICE, &list(&roster));
    let asked = bob.membership();
    let joined = with(&roster, BOB, &Change::Join);
    let there = bob.hear(BOB, &list(&joined));
    let in_it = bob.membership();
    bob.hear(BOB, &list(&with(&joined, BOB, &Change::Remove(user(BOB)))));

    assert_eq!(asked, Some(Membership::Invited { by: user(ALICE) }));
    assert_eq!((there, in_it), (vec![told(ALICE, GroupChange::Entered)], Some(Membership::Active)));
    assert_eq!((bob.membership(), bob.sent()), (Some(Membership::Left), 0));
}
