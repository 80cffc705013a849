//! Bare messages, as users and notification servers exchange them: no MVDS, no frame of the security layer, a signed body in
//! an envelope.

use std::sync::Arc;

use status_crypto::Keyring;
use status_data_sync::Once;
use status_e2e::{device, key, must, privacy, sync, user};
use status_layer::testing::rng;
use status_layer::{
    Audience, Body, Frame, Grade, Interest, Memory, MessageId, Name, Recipient, Store as _, Timestamp, Topic,
    Unit,
};
use status_payload::{
    Content, PushNotificationQuery, PushNotificationRegistration, PushNotificationRegistrationResponse,
    SealedRegistration, decode, encode, hash_of_key,
};
use status_privacy::{Inbox, Inboxes, Waku};
use status_security::{Bare, Config, MailInClear, Sessions};
use status_stack::{Engine, Input, News, Output, Stack};

const CLIENT: u8 = 1;
const SERVER: u8 = 2;
const PASSER_BY: u8 = 3;

/// A stack with a store.
struct Peer {
    engine: Box<dyn Engine>,
    key: Arc<dyn Keyring>,
    store: Memory,
    topics: Vec<Topic>,
    count: u8,
}

impl Peer {
    fn new(seat: u8, engine: impl Engine + 'static) -> Self {
        let mut peer = Self {
            engine: Box::new(engine),
            key: key(seat),
            store: Memory::new(),
            topics: Vec::new(),
            count: 0,
        };
        peer.run(Input::Start);
        peer.listen(Recipient::User(user(seat)));
        // Announcements are of no interest here.
        peer.run(Input::Tick);
        peer
    }

    /// Speaks the bare wire.
    fn bare(seat: u8, inboxes: Inboxes) -> Self {
        let privacy = Waku::new(key(seat)).with_inboxes(inboxes);
        Self::new(seat, Stack::new(Once::default(), Bare::new(user(seat)), privacy))
    }

    fn run(&mut self, input: Input) -> Output {
        let mut rng = rng(u64::from(self.count) + 1);
        self.count += 1;
        let mut unit = Unit::new(Timestamp::from_secs(1_700_000_000), &mut rng, &self.store);
        let out = must(self.engine.step(&mut unit, input));
        let batch = unit.into_batch();
        must(self.store.commit(batch));
        self.topics = out.topics.clone().unwrap_or_else(|| self.topics.clone());
        out
    }

    fn listen(&mut self, whom: Recipient) {
        self.run(Input::Expect { whom, how: Interest::Listen });
    }

    fn say(&mut self, to: Audience, content: &Content) -> Frame {
        let body = must(encode(&*self.key, content));
        self.say_body(to, Body::passing(body.into_bytes()))
    }

    fn say_body(&mut self, to: Audience, body: Body) -> Frame {
        let id = MessageId::new([self.count; 32]);
        let mut frames = self.run(Input::Send { id, to, body }).frames;
        assert_eq!(frames.len(), 1, "a bare message is one frame");
        must(frames.pop().ok_or("a frame")).1
    }

    /// What arrives of a frame: body, grade, and whether it came under one of the topics that are watched.
    fn hear(&mut self, frame: Frame) -> Vec<(Body, Grade, Recipient)> {
        assert!(self.topics.contains(&frame.topic), "nobody hears what is said elsewhere");
        let news = self.run(Input::Frame(frame)).news;
        let arrived = |news| match news {
            News::Arrived { body, grade, to, .. } => Some((body, grade, to)),
            _ => None,
        };
        news.into_iter().filter_map(arrived).collect()
    }
}

fn at_servers() -> Inboxes {
    Inboxes { leave: Inbox::Personal, ..Inboxes::DEPLOYED }
}

fn of_servers() -> Inboxes {
    Inboxes { personal: Interest::Listen, ..Inboxes::DEPLOYED }
}

fn ordinary(seat: u8, mail_in_clear: MailInClear) -> Peer {
    let config = Config { mail_in_clear, ..Config::default() };
    let security = Sessions::new(config, key(seat), device(seat));
    Peer::new(seat, Stack::new(sync(seat), security, privacy(seat)))
}

fn answer() -> Content {
    Content::PushNotificationRegistrationResponse(PushNotificationRegistrationResponse {
        success: true,
        request_id: vec![7; 64],
        ..PushNotificationRegistrationResponse::default()
    })
}

#[test]
fn a_bare_answer_reaches_an_ordinary_client_as_clear_mail_of_a_verified_author() {
    let mut server = Peer::bare(SERVER, of_servers());
    let mut client = ordinary(CLIENT, MailInClear::Accept);
    let mut careful = ordinary(CLIENT, MailInClear::Refuse);
    let frame = server.say(Audience::User(user(CLIENT)), &answer());

    let refused = careful.hear(frame.clone());
    let heard = client.hear(frame);

    let [(body, grade, to)] = heard.as_slice() else { return assert_eq!(heard.len(), 1) };
    let message = must(decode(body, None));
    assert_eq!((*grade, to), (Grade::Clear, &Recipient::User(user(CLIENT))));
    assert_eq!((message.author, message.signed, message.content), (user(SERVER), true, answer()));
    assert!(refused.is_empty(), "whoever takes no mail in clear does not hear it");
}

#[test]
fn a_registration_is_left_at_the_personal_inbox_of_the_server_and_nothing_wraps_it() {
    let mut server = Peer::bare(SERVER, of_servers());
    let mut client = Peer::bare(CLIENT, at_servers());
    let mut passer_by = Peer::bare(PASSER_BY, of_servers());
    let (registration, own) =
        (PushNotificationRegistration { version: 1, ..Default::default() }, key(CLIENT));
    let sealed = must(SealedRegistration::seal(&registration, &*own, &user(SERVER), &mut rng(5)));
    let said = Content::PushNotificationRegistration(sealed.clone());

    let frame = client.say(Audience::User(user(SERVER)), &said);
    let elsewhere = passer_by.topics.contains(&frame.topic);
    let heard = server.hear(frame.clone());
    passer_by.topics.push(frame.topic.clone());
    let overheard = passer_by.hear(frame);

    let [(body, Grade::Clear, _)] = heard.as_slice() else { return assert_eq!(heard.len(), 1) };
    assert_eq!(body.as_bytes(), must(encode(&*own, &said)).as_bytes(), "the body as it was signed");
    assert_eq!(must(sealed.open(&*key(SERVER), &user(CLIENT))), registration);
    assert!(!elsewhere, "the personal inbox of one user is not that of another");
    assert!(overheard.is_empty(), "the envelope opens for the server alone");
}

#[test]
fn a_question_is_left_under_the_hash_of_a_key_and_answered_to_a_throw_away_key() {
    let name = must(Name::new(hex::encode(hash_of_key(&user(CLIENT)))));
    let mut server = Peer::bare(SERVER, of_servers());
    server.listen(Recipient::Channel(name.clone()));
    let mut asker = Peer::bare(PASSER_BY, Inboxes::DEPLOYED);
    let question = Content::PushNotificationQuery(PushNotificationQuery {
        public_keys: vec![hash_of_key(&user(CLIENT)).to_vec()],
    });

    let frame = asker.say(Audience::Channel(name.clone()), &question);
    let heard = server.hear(frame);
    let frame = server.say(Audience::User(user(PASSER_BY)), &answer());
    let answered = asker.hear(frame);

    let [(body, _, to)] = heard.as_slice() else { return assert_eq!(heard.len(), 1) };
    assert_eq!((must(decode(body, None)).content, to), (question, &Recipient::Channel(name)));
    assert_eq!(answered.len(), 1);
}
