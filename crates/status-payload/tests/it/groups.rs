//! Closed groups: own changes, and histories that come together.

use status_crypto::{Keyring, SecretKey};
use status_layer::testing::{SeededRng, rng};
use status_layer::{Timestamp, UserId};
use status_payload::{
    Change, ChatMessage, Clock, Content, GroupChatId, GroupContent, Invalid, MAX_EVENTS, MAX_MEMBERS,
    MembershipEvent, MembershipUpdateMessage, Place, Refusal, Roster, RosterError, Rules, validate,
};

fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; 32]).unwrap()
}

fn user(number: u8) -> UserId {
    key(number).user()
}

fn chat() -> GroupChatId {
    GroupChatId::new("0b0a6f3d-6d0e-4a53-9a4e-6f5c9d7f5b1e", user(1)).unwrap()
}

/// Number 1 has made the group and added the others.
fn group_of(others: &[u8]) -> Roster {
    let made = Roster::create(&key(1), &chat(), "g", "blue", Clock::new(10)).unwrap();
    let others = others.iter().map(|number| user(*number)).collect();
    made.change(&key(1), &Change::Add(others), Clock::new(10)).unwrap()
}

fn after(roster: &Roster, by: u8, change: &Change, clock: u64) -> Roster {
    roster.change(&key(by), change, Clock::new(clock)).unwrap()
}

fn members(roster: &Roster) -> Vec<UserId> {
    roster.members().collect()
}

#[test]
fn every_change_of_ours_is_read_by_others() {
    let changes = [
        (1, Change::Rename("h".into())),
        (2, Change::Recolor("red".into())),
        (2, Change::Picture(vec![1, 2])),
        (2, Change::Add(vec![user(3), user(4)])),
        (3, Change::Join),
        (1, Change::MakeAdmins(vec![user(2)])),
        (2, Change::Remove(user(3))),
        (4, Change::Remove(user(4))),
        (1, Change::ResignAdmin),
    ];
    let mut roster = group_of(&[2]);

    for (by, change) in changes {
        let before = roster;
        roster = after(&before, by, &change, 0);
        let read = Roster::read(&chat(), &roster.entries()).unwrap();
        assert_eq!(read, roster, "{change:?}");
        let fresh: Vec<_> = read.since(&before).collect();
        assert_eq!(fresh.len(), 1, "{change:?}");
        assert_eq!((fresh[0].kind(), fresh[0].author()), (change.kind(), user(by)));
    }

    assert_eq!((roster.name(), roster.color(), roster.image()), ("h", "red", &[1, 2][..]));
    assert_eq!(members(&roster).len(), 2);
    assert_eq!(roster.admins().collect::<Vec<_>>(), [user(2)]);
    assert!(roster.was_added(&user(3)) && !roster.is_member(&user(3)) && !roster.was_added(&user(9)));
}

#[test]
fn changes_of_ours_have_clocks_of_their_own() {
    let roster = after(&after(&group_of(&[2]), 1, &Change::Join, 500), 2, &Change::Join, 20);

    let clocks: Vec<u64> = roster.events().iter().map(|event| event.clock().value()).collect();

    assert_eq!(clocks, [10, 11, 500, 501]);
    assert_eq!(roster.clock(), Clock::new(501));
}

#[test]
fn what_peers_would_refuse_is_not_made() {
    let roster = after(&group_of(&[2, 3]), 1, &Change::MakeAdmins(vec![user(2)]), 0);
    let cases = [
        (4, Change::Join, Refusal::NotAMember),
        (4, Change::Rename("n".into()), Refusal::NotAMember),
        (3, Change::Rename(String::new()), Refusal::Empty { field: "name" }),
        (3, Change::Add(vec![]), Refusal::Empty { field: "members" }),
        (3, Change::Remove(user(4)), Refusal::NotAnAdmin),
        (1, Change::Remove(user(2)), Refusal::AdminStays),
        (3, Change::MakeAdmins(vec![user(3)]), Refusal::NotAnAdmin),
        (1, Change::MakeAdmins(vec![user(3), user(4)]), Refusal::AdminNotAMember),
        (3, Change::ResignAdmin, Refusal::NotAnAdmin),
    ];

    for (by, change, refusal) in cases {
        assert_eq!(roster.would(&user(by), &change), Err(refusal), "{change:?}");
        assert_eq!(roster.change(&key(by), &change, Clock::new(99)), Err(refusal), "{change:?}");
    }
    assert_eq!(Roster::create(&key(2), &chat(), "g", "", Clock::new(1)).unwrap_err(), Refusal::NotTheCreator);
}

#[test]
fn our_groups_have_at_most_200_members() {
    let crowd = |count: usize| -> Vec<UserId> {
        (0..count).map(|n| SecretKey::generate(&mut rng(1_000 + n as u64)).user()).collect()
    };
    let made = Roster::create(&key(1), &chat(), "g", "", Clock::new(10)).unwrap();

    let full = after(&made, 1, &Change::Add(crowd(MAX_MEMBERS - 1)), 0);
    let more = full.change(&key(1), &Change::Add(vec![user(9)]), Clock::new(0));

    assert_eq!(members(&full).len(), MAX_MEMBERS);
    assert_eq!(more, Err(Refusal::TooManyMembers { len: MAX_MEMBERS + 1, max: MAX_MEMBERS }));
}

#[test]
fn message_with_nothing_new_changes_nothing() {
    let roster = group_of(&[2]);
    let older = Roster::create(&key(1), &chat(), "g", "blue", Clock::new(10)).unwrap();

    assert_eq!(roster.receive(&roster.entries()), Ok(None));
    assert_eq!(roster.receive(&older.entries()), Ok(None));
    assert_eq!(older.receive(&roster.entries()), Ok(Some(roster)));
}

#[test]
fn list_that_is_wrong_by_itself_adds_nothing_even_if_the_rest_is_known() {
    let roster = group_of(&[2]);
    let renamed = after(&roster, 2, &Change::Rename("h".into()), 0);

    let only_the_news = renamed.receive(&renamed.entries()[2..]);
    let without_the_addition = roster.receive(&[renamed.entries()[0].clone(), renamed.entries()[2].clone()]);

    assert_eq!(only_the_news, Err(RosterError::Creation));
    assert_eq!(without_the_addition, Err(RosterError::Event { index: 1, why: Refusal::NotAMember }));
}

#[test]
fn event_of_another_group_is_of_somebody_unknown() {
    let other = GroupChatId::new("another", user(1)).unwrap();

    let stolen = Roster::read(&other, &group_of(&[2]).entries());

    assert_eq!(stolen, Err(RosterError::Creation));
}

#[test]
fn of_two_changes_that_exclude_each_other_the_earlier_one_counts_for_everybody() {
    let common = group_of(&[2, 3]);
    let removed = after(&common, 1, &Change::Remove(user(2)), 20);
    let renamed = after(&common, 2, &Change::Rename("mine".into()), 21);

    let one = removed.receive(&renamed.entries()).unwrap().unwrap();
    let other = renamed.receive(&removed.entries()).unwrap().unwrap();

    assert_eq!(one, other);
    assert!(!one.is_member(&user(2)));
    assert_eq!(one.name(), "g");
    assert_eq!(one.kept().count(), one.events().len() + 1);
    assert!(Roster::read(&chat(), &one.entries()).is_ok(), "what is sent is valid by itself");
}

#[test]
fn what_was_set_aside_comes_back_when_what_excluded_it_falls() {
    let common = after(&group_of(&[2, 3]), 1, &Change::MakeAdmins(vec![user(2)]), 12);
    let resigned = after(&common, 2, &Change::ResignAdmin, 20);
    let removed = after(&common, 2, &Change::Remove(user(3)), 21);
    let renamed = after(&common, 3, &Change::Rename("mine".into()), 22);

    let without_the_first = removed.merge(&renamed).unwrap();
    let with_all = without_the_first.merge(&resigned).unwrap();

    assert_eq!((without_the_first.name(), without_the_first.is_member(&user(3))), ("g", false));
    assert_eq!((with_all.name(), with_all.is_member(&user(3))), ("mine", true));
}

#[test]
fn own_change_never_brings_back_what_was_set_aside() {
    let common = group_of(&[2, 3]);
    let removed = after(&common, 1, &Change::Remove(user(2)), 20);
    let renamed = after(&common, 2, &Change::Rename("mine".into()), 50);
    let both = removed.merge(&renamed).unwrap();

    let again = after(&both, 1, &Change::Add(vec![user(2)]), 30);

    assert_eq!(again.name(), "g");
    assert_eq!(Roster::restore(&chat(), again.kept().cloned().collect()), Ok(again));
}

#[test]
fn events_of_one_clock_take_effect_though_each_needs_another() {
    let entry = |by: u8, change: &Change, from: &Roster| -> Vec<u8> {
        from.change(&key(by), change, Clock::new(20)).unwrap().entries().pop().unwrap()
    };
    let mut all = group_of(&[2]);
    let mut entries = all.entries();
    // A chain: each adds the next, all with the clock 20.
    for by in 2..6 {
        entries.push(entry(by, &Change::Add(vec![user(by + 1)]), &all));
        all = Roster::read(&chat(), &entries).unwrap();
        let members = members(&all).len();
        all = group_of(&(2..=by + 1).collect::<Vec<_>>());
        assert_eq!(members, usize::from(by) + 1);
    }
}

#[test]
fn several_removals_with_one_clock_are_accepted() {
    let common = group_of(&[2, 3, 4]);
    let mut entries = common.entries();
    for number in [2, 3, 4] {
        entries.push(after(&common, 1, &Change::Remove(user(number)), 30).entries().pop().unwrap());
    }

    let roster = Roster::read(&chat(), &entries).unwrap();

    assert_eq!(members(&roster), [user(1)]);
}

#[test]
fn history_has_an_end() {
    let roster = group_of(&[2]);
    let mut entries = roster.entries();
    entries.resize(MAX_EVENTS + 1, entries[1].clone());

    let endless = roster.receive(&entries);

    assert_eq!(endless, Err(RosterError::TooManyEvents { len: MAX_EVENTS + 1, max: MAX_EVENTS }));
    let picture = Change::Picture(vec![0; 400_000]);
    let large = after(&roster, 1, &picture, 0);
    assert_eq!(large.change(&key(1), &picture, Clock::new(0)), Err(Refusal::Full));
    assert_eq!(
        after(&group_of(&[2]), 1, &Change::Join, u64::MAX).would(&user(1), &Change::Join),
        Err(Refusal::Full)
    );
}

#[test]
fn clock_of_every_event_is_judged() {
    let now = Timestamp::from_secs(1_590_000_000);
    let place = Place::Group(chat());
    let says = ChatMessage::text(&place, "hi", Clock::default().next(now), now).unwrap();
    let update = |entries: Vec<Vec<u8>>| {
        let update = MembershipUpdateMessage {
            chat_id: chat().to_string(),
            events: entries,
            chat_entity: Some(GroupContent::Message(Box::new(says.clone()))),
        };
        validate(&Content::MembershipUpdateMessage(Box::new(update)), now, Rules::Current)
    };
    let ahead = after(&group_of(&[2]), 1, &Change::Join, now.millis() + 120_001);

    assert_eq!(update(group_of(&[2]).entries()), Ok(()));
    assert!(matches!(update(ahead.entries()), Err(Invalid::ClockAhead { .. })));
    assert_eq!(update(vec![vec![0; 65]]), Err(Invalid::GroupEvent));
}

#[test]
fn nothing_about_a_group_is_printed() {
    let roster = after(&group_of(&[2]), 1, &Change::Rename("hush".into()), 0);

    assert_eq!(format!("{roster:?}"), "Roster(2 members, 3 events)");
    assert_eq!(format!("{:?}", roster.events()[2]), "MembershipEvent(Renamed, Clock(12))");
    assert_eq!(format!("{:?}", Change::Rename("hush".into())), "Change(Renamed)");
}

/// Whatever members do at the same time, and in whatever order they hear of it.
mod converge {
    use super::*;

    const PEOPLE: u8 = 5;

    /// A change that may or may not be allowed.
    fn some_change(rng: &mut SeededRng) -> Change {
        let somebody = user(1 + rng.below(u64::from(PEOPLE)) as u8);
        match rng.below(9) {
            0 => Change::Rename(format!("n{}", rng.below(100))),
            1 => Change::Recolor(format!("c{}", rng.below(100))),
            2 | 3 => Change::Add(vec![somebody]),
            4 => Change::Join,
            5 | 6 => Change::Remove(somebody),
            7 => Change::MakeAdmins(vec![somebody]),
            _ => Change::ResignAdmin,
        }
    }

    /// Everybody changes their own view, and now and then hears of another's. Clocks run close together.
    fn histories(seed: u64) -> Vec<Roster> {
        let mut rng = rng(seed);
        let mut views = vec![group_of(&[2, 3, 4]); usize::from(PEOPLE)];
        for _ in 0..40 {
            let who = rng.below(u64::from(PEOPLE)) as usize;
            let clock = Clock::new(12 + rng.below(20));
            match rng.below(8) {
                0 => {
                    let from = rng.below(u64::from(PEOPLE)) as usize;
                    let heard = views[who].receive(&views[from].entries()).unwrap();
                    views[who] = heard.unwrap_or_else(|| views[who].clone());
                }
                _ => {
                    let change = some_change(&mut rng);
                    if let Ok(view) = views[who].change(&key(who as u8 + 1), &change, clock) {
                        views[who] = view;
                    }
                }
            }
        }
        views
    }

    #[test]
    fn whoever_knows_the_same_sees_the_same() {
        for seed in 0..20 {
            let views = histories(seed);
            let mut order: Vec<usize> = (0..views.len()).collect();
            let joined = |order: &[usize]| {
                let first = views[order[0]].clone();
                order[1..].iter().fold(first, |all, next| all.merge(&views[*next]).unwrap())
            };

            let one = joined(&order);
            let mut rng = rng(seed);
            for _ in 0..6 {
                let at = rng.below(views.len() as u64) as usize;
                order.rotate_left(at);
                order.swap(0, rng.below(views.len() as u64) as usize);
                assert_eq!(joined(&order), one, "seed {seed}, order {order:?}");
            }
            assert_eq!(one.merge(&one), Ok(one.clone()), "seed {seed}");
            let mut kept: Vec<MembershipEvent> = one.kept().cloned().collect();
            kept.reverse();
            assert_eq!(Roster::restore(&chat(), kept), Ok(one), "seed {seed}");
        }
    }

    #[test]
    fn members_who_tell_each_other_until_nothing_is_new_agree() {
        let mut set_aside = 0;
        for seed in 100..120 {
            let mut views = histories(seed);
            let mut rng = rng(seed);
            let mut quiet = 0;
            while quiet < 200 {
                let (from, to) = (rng.below(5) as usize, rng.below(5) as usize);
                match views[to].receive(&views[from].entries()).unwrap() {
                    Some(view) => (views[to], quiet) = (view, 0),
                    None => quiet += 1,
                }
            }
            for view in &views {
                assert_eq!(view.entries(), views[0].entries(), "seed {seed}");
                assert_eq!(members(view), members(&views[0]), "seed {seed}");
                assert_eq!((view.name(), view.color()), (views[0].name(), views[0].color()), "seed {seed}");
                assert!(Roster::read(&chat(), &view.entries()).is_ok(), "seed {seed}");
            }
            set_aside += views.iter().map(|view| view.kept().count() - view.events().len()).sum::<usize>();
        }
        assert!(set_aside > 20, "changes that exclude each other did not occur: {set_aside}");
    }
}
