//! What is said to servers, and what of their answers is believed, without layers and without a courier.

use std::sync::Arc;

use status_crypto::{Keyring as _, SecretKey};
use status_layer::testing::{Courier, Glass, OpenBook, SeededRng, rng};
use status_layer::{DeviceId, Draft, Grade, Memory, Name, Proof, Recipient, Sender, Shelf, Store as _, Unit};
use status_payload::{
    Clock, NotificationType, PushNotificationRegistrationResponse, PushNotificationReport, RegistrationError,
    ReportError, decode, open_token,
};
use status_stack::{Stack, Way};

use super::*;
use crate::core::Arrived;
use crate::event::PushRefusal;
use crate::table::contacts::Person;
use crate::table::push::Info;

const DEVICE: &str = "7a1a7ea0-0000-4000-8000-000000000001";

/// A client without layers, at some time.
struct Desk {
    core: Core,
    store: Memory,
    rng: SeededRng,
    now: Timestamp,
    told: Vec<Event>,
}

fn key(seat: u8) -> SecretKey {
    SecretKey::from_bytes(&[seat; 32]).unwrap()
}

fn user(seat: u8) -> UserId {
    key(seat).user()
}

fn token() -> DeviceToken {
    DeviceToken::apn("device-token", "app.topic").unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Desk {
    fn new() -> Self {
        let us = Arc::new(key(1));
        let engine = Box::new(Stack::new(Courier, OpenBook::new(us.user()), Glass));
        let core = Core { engine, keyring: us, device: DeviceId::new(DEVICE).unwrap() };
        Self {
            core,
            store: Memory::new(),
            rng: rng(1),
            now: Timestamp::from_secs(1_800_000_000),
            told: Vec::new(),
        }
    }

    fn step<T>(&mut self, work: impl FnOnce(&Core, &mut Step<'_, '_>) -> T) -> T {
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let mut step = Step::new(&mut unit);
        let done = work(&self.core, &mut step);
        self.told.extend(step.effects.events);
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        done
    }

    fn look<T>(&self, look: impl FnOnce(&Shelf<'_>) -> Result<T, StoreError>) -> T {
        look(&Draft::new(&self.store).shelf(AREA)).unwrap()
    }

    fn register(&mut self, servers: &[u8], wishes: PushWishes) -> Result<(), Stop> {
        let servers: Vec<_> = servers.iter().map(|seat| user(*seat)).collect();
        self.step(|core, step| core.register(step, &servers, &token(), wishes))
    }

    fn errands(&mut self) -> Vec<Errand> {
        self.step(|core, step| core.errands(step, 32).map_err(drop).unwrap())
    }

    /// Lets so much time go by, and takes what is due then.
    fn later(&mut self, span: Duration) -> Vec<Errand> {
        self.now = self.now.after(span);
        self.errands()
    }

    /// What the server is told next.
    fn told_to(&mut self, seat: u8) -> Option<(PushNotificationRegistration, [u8; 64])> {
        let errands = self.later(rows::GAP);
        let mine = |errand: Errand| match errand {
            Errand::Register { server, body } if server == user(seat) => Some(body),
            _ => None,
        };
        let body = errands.into_iter().find_map(mine)?;
        let said = decode(&body, None).unwrap();
        assert!(said.signed && said.author == user(1));
        let Content::PushNotificationRegistration(sealed) = said.content else {
            panic!("{:?}", said.content)
        };
        Some((sealed.open(&key(seat), &user(1)).unwrap(), sealed.request_id()))
    }

    /// A server answers; whether that was taken.
    fn answer(&mut self, seat: u8, id: &[u8], error: Option<RegistrationError>) -> bool {
        let (success, error) = (error.is_none(), error.unwrap_or(RegistrationError::Unset));
        let said = PushNotificationRegistrationResponse { success, error, request_id: id.to_vec() };
        let body = encode(&key(seat), &Content::PushNotificationRegistrationResponse(said)).unwrap();
        let from = Sender { user: user(seat), device: None, proof: Proof::Hint };
        let to = Recipient::User(user(1));
        self.told.clear();
        self.step(|core, step| {
            core.arrived(step, Arrived { from, grade: Grade::Clear, to, body, way: Way::default() }).unwrap();
        });
        !self.told.iter().any(|event| matches!(event, Event::Refused(_)))
    }

    fn state(&self, seat: u8) -> Option<PushState> {
        self.look(|shelf| rows::server(shelf, &user(seat))).map(|row| row.state)
    }

    fn registered_at(&mut self, seat: u8, wishes: PushWishes) -> PushNotificationRegistration {
        self.register(&[seat], wishes).map_err(drop).unwrap();
        let (said, id) = self.told_to(seat).unwrap();
        assert!(self.answer(seat, &id, None));
        said
    }

    fn person<T>(&mut self, seat: u8, change: impl FnOnce(&mut Person) -> T) {
        self.step(|_, step| {
            let mut shelf = step.shelf();
            let mut person = people::load(&shelf, &user(seat)).unwrap().unwrap_or_default();
            change(&mut person);
            people::save(&mut shelf, &user(seat), &person).unwrap();
        });
    }

    /// A message of ours that has left for somebody.
    fn says(&mut self, number: u8, chat: &Chat, text: &str) -> MessageId {
        let id = MessageId::new([number; 32]);
        let to = match chat {
            Chat::Channel(name) => Recipient::Channel(name.clone()),
            _ => Recipient::User(user(2)),
        };
        self.step(|core, step| {
            core.to_notify(step, chat, id, text).map_err(drop).unwrap();
            core.has_left(step, id, &to).unwrap();
        });
        id
    }

    fn learn(&mut self, seat: u8, devices: &[&str]) {
        let infos: Vec<_> = devices.iter().map(|device| info(seat, device, "token")).collect();
        self.step(|core, step| core.learn_infos(step, &user(seat), Some(&user(9)), &infos).unwrap());
    }

    fn report(&mut self, message: MessageId, device: &str, error: Option<ReportError>) {
        let public_key = hash_of_key(&user(2)).to_vec();
        let (success, error) = (error.is_none(), error.unwrap_or(ReportError::Unset));
        let report = PushNotificationReport { success, error, public_key, installation_id: device.into() };
        let about = (message, user(2), user(9));
        self.step(|core, step| core.reported(step, about, &[report]).unwrap());
    }

    fn waiting(&self) -> usize {
        self.look(rows::pending)
    }
}

/// What the server 9 says of a device of somebody.
fn info(seat: u8, device: &str, token: &str) -> PushNotificationQueryInfo {
    PushNotificationQueryInfo {
        access_token: token.into(),
        installation_id: device.into(),
        public_key: hash_of_key(&user(seat)).to_vec(),
        grant: grant(&key(seat), &user(9), token),
        version: 1,
        ..PushNotificationQueryInfo::default()
    }
}

fn notified(errands: &[Errand]) -> Vec<(UserId, &PushNotificationRequest, bool)> {
    let notify = |errand| match errand {
        &Errand::Notify { server, ref request, fresh, .. } => Some((server, request, fresh)),
        _ => None,
    };
    errands.iter().filter_map(notify).collect()
}

fn asked(errands: &[Errand]) -> usize {
    errands.iter().filter(|errand| matches!(errand, Errand::Ask { .. })).count()
}

// Spec: the checks of a server, and 12 tries in steps of 15 s · n · 2ⁿ.
#[test]
fn a_registration_is_what_its_server_takes_and_said_twelve_times_with_rising_versions() {
    let mut desk = Desk::new();
    desk.register(&[9], PushWishes::default()).map_err(drop).unwrap();
    let (mut stored, mut said) = (None, Vec::new());

    for _ in 0..12 {
        let (registration, _) = desk.told_to(9).unwrap();
        assert_eq!(registration.check(&user(1), &user(9), stored), Ok(()));
        stored = Some(registration.version);
        said.push(registration);
        let row = desk.look(|shelf| rows::server(shelf, &user(9))).unwrap();
        assert!(desk.told_to(9).is_none());
        desk.now = row.due.before(rows::GAP);
    }
    assert!(desk.told_to(9).is_none());

    assert_eq!((said[0].device_token.as_str(), said[0].apn_topic.as_str()), ("device-token", "app.topic"));
    assert_eq!((said[0].installation_id.as_str(), said[0].enabled), (DEVICE, true));
    assert!(said.iter().all(|again| again.access_token == said[0].access_token));
    assert_eq!(desk.state(9), Some(PushState::GaveUp));
    assert!(desk.told.contains(&Event::Push { server: user(9), state: PushState::GaveUp }));
    assert_eq!(desk.look(due), None);
}

#[test]
fn only_the_server_that_was_asked_answers_and_once() {
    let mut desk = Desk::new();
    desk.register(&[8, 9], PushWishes::default()).map_err(drop).unwrap();
    let (_, id) = desk.told_to(9).unwrap();

    assert!(!desk.answer(7, &id, None), "somebody else");
    assert!(!desk.answer(8, &id, None), "another server");
    assert!(!desk.answer(9, &[7; 64], None), "another question");
    assert_eq!(desk.state(9), Some(PushState::Waiting));
    assert!(desk.answer(9, &id, None));
    assert_eq!(desk.told, [Event::Push { server: user(9), state: PushState::Registered }]);
    assert!(!desk.answer(9, &id, Some(RegistrationError::Malformed)), "again");
    assert_eq!(desk.state(9), Some(PushState::Registered));
}

#[test]
fn an_answer_to_an_earlier_try_counts() {
    let mut desk = Desk::new();
    desk.register(&[9], PushWishes::default()).map_err(drop).unwrap();
    let (_, first) = desk.told_to(9).unwrap();
    desk.now = desk.now.after(seconds(30));
    desk.told_to(9).unwrap();

    assert!(desk.answer(9, &first, None));
    assert_eq!(desk.state(9), Some(PushState::Registered));
}

#[test]
fn a_refusal_is_told_and_what_passes_is_tried_again() {
    for (error, state) in [
        (RegistrationError::Malformed, PushState::Refused(PushRefusal::Malformed)),
        (RegistrationError::TokenType, PushState::Refused(PushRefusal::TokenType)),
        (RegistrationError::Unset, PushState::Refused(PushRefusal::Unsaid)),
        (RegistrationError::Version, PushState::Waiting),
        (RegistrationError::Internal, PushState::Waiting),
    ] {
        let mut desk = Desk::new();
        desk.register(&[9], PushWishes::default()).map_err(drop).unwrap();
        let (_, id) = desk.told_to(9).unwrap();

        assert!(desk.answer(9, &id, Some(error)));

        assert_eq!(desk.state(9), Some(state));
        assert_eq!(desk.told.len(), usize::from(state != PushState::Waiting));
        desk.now = desk.now.after(seconds(30));
        assert_eq!(desk.told_to(9).is_some(), state == PushState::Waiting);
    }
}

// Spec: the token is sealed for each contact, and is a new one when somebody is no contact any more.
#[test]
fn contacts_alone_learn_the_token_and_who_is_none_any_more_knows_it_no_more() {
    let only = PushWishes { contacts_only: true, ..PushWishes::default() };
    let mut desk = Desk::new();
    for seat in [2, 3] {
        desk.person(seat, |person| person.relation.send(Clock::new(5)));
    }
    desk.person(4, |person| person.relation.request_received(Clock::new(5)));
    let opens = |said: &PushNotificationRegistration, seat| {
        open_token(&key(seat), &user(1), &said.allowed_key_list).as_deref() == Some(&*said.access_token)
    };

    let first = desk.registered_at(9, only);
    desk.person(3, |person| person.relation.retract(Clock::new(9)));
    let (second, id) = desk.told_to(9).unwrap();
    assert!(desk.answer(9, &id, None));
    desk.person(5, |person| person.relation.send(Clock::new(5)));
    let (third, _) = desk.told_to(9).unwrap();

    assert!(first.allow_from_contacts_only);
    assert_eq!([2, 3, 4, 5].map(|seat| opens(&first, seat)), [true, true, false, false]);
    assert_eq!([2, 3, 4, 5].map(|seat| opens(&second, seat)), [true, false, false, false]);
    assert_eq!([2, 3, 4, 5].map(|seat| opens(&third, seat)), [true, false, false, true]);
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(second.access_token, third.access_token);
    assert!(first.version < second.version && second.version < third.version);
}

#[test]
fn switching_to_contacts_only_makes_a_new_token() {
    let mut desk = Desk::new();
    let open = desk.registered_at(9, PushWishes::default());

    let closed = desk.registered_at(9, PushWishes { contacts_only: true, block_mentions: true });
    let again = desk.registered_at(9, PushWishes { contacts_only: true, block_mentions: false });

    assert!(open.allowed_key_list.is_empty() && !open.allow_from_contacts_only);
    assert_ne!(open.access_token, closed.access_token);
    assert_eq!(closed.access_token, again.access_token);
    assert_eq!([open, closed, again].map(|said| said.block_mentions), [false, true, false]);
}

#[test]
fn who_is_blocked_or_muted_is_told_to_the_server_by_hash() {
    let mut desk = Desk::new();
    let name = |seat| hash_of_text(&text::key_string(&user(seat)).unwrap()).to_vec();
    let none = desk.registered_at(9, PushWishes::default());
    desk.person(2, |person| person.blocked = true);
    desk.person(3, |person| person.muted = true);

    let (both, _) = desk.told_to(9).unwrap();
    desk.person(2, |person| person.nickname = "Bob".into());
    let quiet = desk.told_to(9);

    assert_eq!((none.blocked_chat_list, none.muted_chat_list), (vec![], vec![]));
    assert_eq!((both.blocked_chat_list, both.muted_chat_list), (vec![name(2)], vec![name(3)]));
    assert!(quiet.is_none(), "a nickname is nobody's business");
}

#[test]
fn channels_in_which_mentions_are_notified_are_told_unless_none_are() {
    let mut desk = Desk::new();
    let room = Chat::Channel(Name::new("room").unwrap());
    let first = desk.registered_at(9, PushWishes::default());
    desk.step(|core, step| core.join(step, &room).map_err(drop).unwrap());

    let (second, _) = desk.told_to(9).unwrap();
    let third = desk.registered_at(9, PushWishes { block_mentions: true, ..PushWishes::default() });

    let allowed = [first, second, third].map(|said| said.allowed_mentions_chat_list);
    assert_eq!(allowed, [vec![], vec![hash_of_text("room").to_vec()], vec![]]);
}

#[test]
fn who_unregisters_is_forgotten_by_all_servers_also_those_of_an_earlier_call() {
    let mut desk = Desk::new();
    let stored = desk.registered_at(8, PushWishes::default()).version;
    desk.registered_at(9, PushWishes::default());

    let left = desk.look(|shelf| rows::server(shelf, &user(8))).unwrap().leaving;
    desk.now = desk.now.after(seconds(30));
    let (gone, id) = desk.told_to(8).unwrap();
    assert!(left);
    assert_eq!((gone.unregister, gone.check(&user(1), &user(8), Some(stored))), (true, Ok(())));
    assert_eq!((gone.device_token.as_str(), gone.access_token.as_str()), ("", ""));
    assert!(desk.answer(8, &id, None));
    assert_eq!((desk.state(8), desk.state(9)), (None, Some(PushState::Registered)));

    desk.step(|core, step| core.unregister(step).map_err(drop).unwrap());
    let (gone, id) = desk.told_to(9).unwrap();
    assert!(gone.unregister && desk.answer(9, &id, None));
    assert_eq!(desk.look(rows::servers), []);
    assert!(desk.look(rows::registration).is_none());
}

#[test]
fn servers_are_named_and_not_too_many_and_not_ourselves() {
    let mut desk = Desk::new();
    let refused = |done: Result<(), Stop>| {
        matches!(done, Err(Stop::Refused(SendError::PushServers { max: MAX_PUSH_SERVERS })))
    };

    assert!(refused(desk.register(&[], PushWishes::default())));
    assert!(refused(desk.register(&[6, 7, 8, 9], PushWishes::default())));
    assert!(refused(desk.register(&[1], PushWishes::default())));
    assert!(desk.register(&[9, 9, 8, 8, 7], PushWishes::default()).is_ok());
    for seat in 10..60 {
        assert!(desk.register(&[seat], PushWishes::default()).is_ok());
    }
    assert!(desk.look(rows::servers).len() <= MAX_SERVERS);
}

#[test]
fn what_others_need_is_due_at_our_contact_code_when_it_changed_and_once_a_day() {
    let mut desk = Desk::new();
    let due = |desk: &mut Desk| desk.step(|core, step| core.infos_due(step).unwrap());
    let nobody = due(&mut desk);
    desk.register(&[9], PushWishes::default()).map_err(drop).unwrap();
    let asked = due(&mut desk);
    let (said, id) = desk.told_to(9).unwrap();
    desk.answer(9, &id, None);

    let said_at = desk.look(rows::advertised).map(|said| said.at);
    let again = due(&mut desk);
    let infos = desk.step(|core, step| core.infos(step).map_err(drop).unwrap());
    let registered_at = desk.now;
    desk.now = desk.now.after(SAY_AGAIN);
    let tomorrow = due(&mut desk);
    desk.step(|core, step| core.unregister(step).map_err(drop).unwrap());
    let (gone, never) = (due(&mut desk), due(&mut desk));

    assert_eq!([nobody, asked, again, tomorrow, gone, never], [false, false, false, true, true, false]);
    assert_eq!(said_at, Some(registered_at), "the answer has it said at once");
    let [info] = infos.as_slice() else { panic!("{}", infos.len()) };
    assert_eq!((info.access_token.clone(), info.version), (said.access_token, said.version));
    assert_eq!(info.server_public_key, user(9).as_bytes());
    assert!(status_payload::granted(&user(1), &user(9), &info.access_token, &info.grant));
}

#[test]
fn nobody_is_notified_unless_the_application_says_so() {
    let mut desk = Desk::new();

    desk.says(1, &Chat::User(user(2)), "hello");

    assert_eq!((desk.waiting(), desk.errands().len()), (0, 0));
}

// Spec: ask if it is not known, wait 3 s, then one request for each device; chat and author are our key string.
#[test]
fn a_reader_is_asked_for_and_each_device_notified_by_one_server() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    let message = desk.says(1, &Chat::User(user(2)), "hello");

    let first = desk.errands();
    desk.learn(2, &["phone", "desk"]);
    let early = desk.later(seconds(2));
    let then = desk.later(seconds(1));

    assert_eq!((asked(&first), early.len(), asked(&then)), (1, 0, 0));
    let [(server, request, true)] = notified(&then)[..] else { panic!("{then:?}") };
    let ours = hash_of_text(&text::key_string(&user(1)).unwrap()).to_vec();
    assert_eq!((server, request.message_id.as_slice()), (user(9), message.as_bytes().as_slice()));
    let devices: Vec<_> = request.requests.iter().map(|one| one.installation_id.as_str()).collect();
    assert_eq!(devices, ["desk", "phone"]);
    for one in &request.requests {
        assert_eq!((one.access_token.as_str(), one.r#type), ("token", NotificationType::Message));
        assert_eq!((&one.chat_id.0, &one.author, one.message.len()), (&ours, &ours, 0));
        assert_eq!(one.public_key, hash_of_key(&user(2)));
    }
    desk.report(message, "desk", None);
    assert_eq!(desk.waiting(), 1);
    desk.report(message, "phone", None);
    assert_eq!((desk.waiting(), desk.look(due)), (0, None));
}

#[test]
fn a_message_that_leaves_again_notifies_nobody_again() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    desk.learn(2, &["phone"]);
    let message = desk.says(1, &Chat::User(user(2)), "hello");
    let leaves = |desk: &mut Desk| {
        desk.step(|core, step| core.has_left(step, message, &Recipient::User(user(2))).unwrap());
    };
    assert_eq!(notified(&desk.errands()).len(), 1);

    leaves(&mut desk);
    let during = desk.errands();
    desk.report(message, "phone", None);
    leaves(&mut desk);

    assert_eq!((during.len(), desk.errands().len(), desk.waiting()), (0, 0, 0));
}

// Spec: 4 times again, in steps of 2 s · n · 2ⁿ.
#[test]
fn a_silent_server_is_told_the_same_four_times_again() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    desk.learn(2, &["phone"]);
    desk.says(1, &Chat::User(user(2)), "hello");
    let mut fresh: Vec<bool> = notified(&desk.errands()).iter().map(|(.., fresh)| *fresh).collect();

    for wait in [4, 16, 48, 128] {
        assert!(desk.later(seconds(wait - 1)).is_empty());
        let errands = desk.later(seconds(1));
        fresh.extend(notified(&errands).iter().map(|(.., fresh)| *fresh));
    }
    let end = desk.later(seconds(320));

    assert_eq!(fresh, [true, false, false, false, false]);
    assert_eq!((end.len(), desk.waiting()), (0, 0));
}

#[test]
fn a_wrong_token_is_asked_for_anew_and_what_is_not_registered_is_not() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    desk.learn(2, &["desk", "phone"]);
    let message = desk.says(1, &Chat::User(user(2)), "hello");
    desk.errands();
    desk.report(message, "desk", Some(ReportError::NotRegistered));
    desk.report(message, "phone", Some(ReportError::WrongToken));

    let asks = desk.later(seconds(4));
    let newer = PushNotificationQueryInfo { version: 2, ..info(2, "phone", "newer") };
    desk.step(|core, step| core.learn_infos(step, &user(2), Some(&user(9)), &[newer]).unwrap());
    let then = desk.later(seconds(3));

    assert_eq!((asked(&asks), notified(&asks).len()), (1, 0));
    let [(_, request, true)] = notified(&then)[..] else { panic!("{then:?}") };
    let said: Vec<_> =
        request.requests.iter().map(|one| (&*one.installation_id, &*one.access_token)).collect();
    assert_eq!(said, [("phone", "newer")]);
}

#[test]
fn whoever_answers_that_they_know_nothing_keeps_nobody_from_being_asked_again() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    let bob = Chat::User(user(2));
    desk.says(1, &bob, "hello");
    assert_eq!(asked(&desk.errands()), 1);
    desk.learn(2, &[]);
    let nothing = desk.later(seconds(3));

    desk.says(2, &bob, "hello?");
    let soon = desk.later(seconds(60));
    desk.says(3, &bob, "hello?");
    let later = desk.later(seconds(1_800));

    assert_eq!((nothing.len(), soon.len(), asked(&later)), (0, 0, 1));
}

#[test]
fn an_entry_of_the_order_that_belongs_to_nobody_is_dropped() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    desk.learn(2, &["phone"]);
    let message = desk.says(1, &Chat::User(user(2)), "hello");
    desk.step(|_, step| {
        let state = [b"vn".as_slice(), message.as_bytes(), user(2).as_bytes()].concat();
        step.shelf().delete(state);
    });
    assert!(desk.look(due).is_some());

    let errands = desk.errands();

    assert_eq!((errands.len(), desk.look(due)), (0, None));
}

#[test]
fn of_several_servers_one_is_taken_for_each_device_and_not_always_the_same() {
    let mut taken = BTreeSet::new();
    for seed in 0..20 {
        let mut desk = Desk::new();
        desk.rng = rng(seed);
        desk.step(|_, step| {
            let mut shelf = step.shelf();
            rows::set_notifying(&mut shelf, true).unwrap();
            let info = |seat| Info {
                server: user(seat),
                version: 1,
                device: "phone".into(),
                token: Zeroizing::new("t".into()),
            };
            let known =
                rows::Known { until: Timestamp::from_secs(1_900_000_000), infos: vec![info(8), info(9)] };
            rows::save_known(&mut shelf, &user(2), &known).unwrap();
        });
        desk.says(1, &Chat::User(user(2)), "hello");
        let errands = desk.errands();
        let [(server, ..)] = notified(&errands)[..] else { panic!("{errands:?}") };
        taken.insert(server);
    }

    assert_eq!(taken, [user(8), user(9)].into());
}

#[test]
fn who_is_named_in_a_channel_is_notified_and_nobody_else() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    desk.learn(2, &["phone"]);
    let room = Chat::Channel(Name::new("room").unwrap());
    let name = |seat| format!("@{}", text::key_string(&user(seat)).unwrap());

    desk.says(1, &room, "hello, all");
    assert_eq!(desk.waiting(), 0);
    desk.says(2, &room, &format!("{} and {}, hello", name(1), name(2)));

    let errands = desk.errands();
    let [(_, request, _)] = notified(&errands)[..] else { panic!("{errands:?}") };
    assert_eq!(request.requests[0].r#type, NotificationType::Mention);
    assert_eq!(request.requests[0].chat_id.0, hash_of_text("room"));
}

#[test]
fn notifications_that_wait_are_bounded_and_gone_when_it_is_switched_off() {
    let mut desk = Desk::new();
    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), true).unwrap());
    desk.learn(2, &["phone"]);
    let message = |n: u32| MessageId::new([n.to_be_bytes(); 8].as_flattened().try_into().unwrap());
    let pending = |n| rows::Pending {
        message: message(n),
        user: user(2),
        mention: false,
        chat: [0; 64],
        tries: 0,
        fresh: true,
        due: None,
        devices: Vec::new(),
    };
    desk.step(|core, step| {
        for n in 0..rows::MAX_PENDING as u32 - 5 {
            rows::save_pending(&mut step.shelf(), &pending(n)).unwrap();
        }
        for n in 0..10 {
            core.to_notify(step, &Chat::User(user(2)), message(n + 10_000), "hello").map_err(drop).unwrap();
        }
    });
    let full = desk.waiting();

    desk.step(|_, step| rows::set_notifying(&mut step.shelf(), false).unwrap());

    assert_eq!((full, desk.waiting()), (rows::MAX_PENDING, 0));
    assert!(desk.look(|shelf| rows::known(shelf, &user(2))).is_none());
}

// Spec: the steps of a registration, 15 s · n · 2ⁿ.
#[test]
fn tries_become_ever_rarer() {
    let seconds = [1, 2, 3, 12].map(|tries| backoff(STEP, tries).as_secs());

    assert_eq!(seconds, [30, 120, 360, 737_280]);
    assert!(backoff(STEP, u32::MAX) > Duration::from_secs(1 << 40));
}
