//! A server by itself, and people who talk to it over the bare wire.

use std::collections::BTreeSet;
use std::sync::Arc;

use status_crypto::{Keyring, SecretKey};
use status_data_sync::Once;
use status_layer::testing::{SeededRng, rng};
use status_layer::{
    Audience, Body, Frame, Interest, Memory, MessageId, Name, Read as _, Recipient, Store as _, Timestamp,
    Topic, Unit, UserId,
};
use status_payload::{
    ChatMark, Content, NotificationType, PushNotification, PushNotificationQuery, PushNotificationQueryInfo,
    PushNotificationRegistration, PushNotificationRegistrationResponse, PushNotificationReport,
    PushNotificationRequest, RegistrationError, ReportError, SealedRegistration, TokenType, decode, encode,
    grant, hash_of_key, hash_of_text,
};
use status_privacy::{Inbox, Inboxes, Waku};
use status_push::{AREA, Config, Input, Output, Server, Tally, Waiting, examine};
use status_security::Bare;
use status_stack::{Engine as _, News, Stack};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
pub(crate) const TOKEN: &str = "6a1b6c4e-9d2f-4f4b-8f0e-3a1d5b7c9e10";
pub(crate) const DEVICE: &str = "e1dbe2ab-405c-4ad9-8b27-605c5de54932";

/// The user number `seat`.
pub(crate) fn key(seat: u8) -> Arc<SecretKey> {
    let mut bytes = [seat; 32];
    bytes[0] = 1;
    Arc::new(SecretKey::from_bytes(&bytes).unwrap())
}

pub(crate) const SERVER: u8 = 200;

pub(crate) fn server() -> UserId {
    key(SERVER).user()
}

/// A server, without a network.
pub(crate) struct Desk {
    pub(crate) store: Memory,
    pub(crate) now: Timestamp,
    pub(crate) topics: Vec<Topic>,
    pub(crate) tally: Tally,
    server: Server,
    rng: SeededRng,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let server = Server::new(key(SERVER), config);
        let mut desk = Self {
            store: Memory::new(),
            now: NOW,
            topics: Vec::new(),
            tally: Tally::default(),
            server,
            rng: rng(7),
        };
        desk.step(Input::Start);
        desk
    }

    /// One committed step.
    pub(crate) fn step(&mut self, input: Input) -> Output {
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let out = self.server.step(&mut unit, input).unwrap();
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        if let Some(topics) = &out.topics {
            self.topics.clone_from(topics);
        }
        self.tally.add(&out.tally);
        out
    }

    /// The same store under a new server, as after a restart.
    pub(crate) fn restart(&mut self) {
        self.topics = Vec::new();
        self.server = Server::new(key(SERVER), Config::default());
        self.step(Input::Start);
    }

    /// Has a frame arrive, if the server listens there; returns the frames that it answers with.
    pub(crate) fn hear(&mut self, frames: Vec<Frame>) -> Vec<Frame> {
        let mut answers = Vec::new();
        for frame in frames {
            if !self.topics.contains(&frame.topic) {
                continue;
            }
            for (id, answer) in self.step(Input::Layers(status_stack::Input::Frame(frame))).frames {
                self.step(Input::Layers(status_stack::Input::Published(id)));
                answers.push(answer);
            }
        }
        answers
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(std::time::Duration::from_secs(seconds));
    }

    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.server.waiting(&self.store, self.now, 100, &BTreeSet::new()).unwrap().0
    }

    /// The rows about people and devices.
    pub(crate) fn state(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.store.scan(AREA, b"", None, usize::MAX).unwrap();
        let kept = rows.into_iter().filter(|(key, _)| b"npRr".contains(&key[0]));
        kept.map(|(key, row)| (key, row.to_vec())).collect()
    }

    #[track_caller]
    pub(crate) fn assert_in_order(&self) {
        assert_eq!(examine(&self.store, AREA).unwrap().findings, []);
    }

    /// Has somebody say something, and returns what they are answered.
    pub(crate) fn talk(&mut self, person: &mut Person, to: &Audience, content: &Content) -> Vec<Content> {
        let frames = person.say(to, content);
        let answers = self.hear(frames);
        person.hear(answers)
    }

    #[track_caller]
    pub(crate) fn register(
        &mut self,
        person: &mut Person,
        registration: &PushNotificationRegistration,
    ) -> Result<(), RegistrationError> {
        let sealed = person.seal(registration);
        self.send_registration(person, sealed)
    }

    #[track_caller]
    pub(crate) fn send_registration(
        &mut self,
        person: &mut Person,
        sealed: SealedRegistration,
    ) -> Result<(), RegistrationError> {
        let request_id = sealed.request_id().to_vec();
        let content = Content::PushNotificationRegistration(sealed);
        let answers = self.talk(person, &Audience::User(server()), &content);
        let [Content::PushNotificationRegistrationResponse(answer)] = answers.as_slice() else {
            panic!("one answer to a registration: {answers:?}");
        };
        assert_eq!(answer.request_id, request_id);
        let PushNotificationRegistrationResponse { success, error, .. } = answer;
        if *success { Ok(()) } else { Err(*error) }
    }

    /// Asks under the hash of a key; nothing, if there is no answer.
    pub(crate) fn ask(&mut self, about: &Person) -> Option<Vec<PushNotificationQueryInfo>> {
        let hash = hash_of_key(&about.user());
        let name = Name::new(hex::encode(hash)).unwrap();
        let query = PushNotificationQuery { public_keys: vec![hash.to_vec()] };
        let mut stranger = Person::passing();
        let content = Content::PushNotificationQuery(query);
        let answers = self.talk(&mut stranger, &Audience::Channel(name), &content);
        match answers.as_slice() {
            [Content::PushNotificationQueryResponse(answer)] if answer.success => Some(answer.info.clone()),
            _ => None,
        }
    }

    /// Asks to notify devices, under a throw-away key; nothing, if there is no answer.
    pub(crate) fn notify(&mut self, requests: Vec<PushNotification>) -> Option<Vec<PushNotificationReport>> {
        let content = request(requests);
        let answers = self.talk(&mut Person::passing(), &Audience::User(server()), &content);
        match answers.as_slice() {
            [Content::PushNotificationResponse(answer)] => {
                assert_eq!(answer.message_id, [9; 32]);
                Some(answer.reports.clone())
            }
            _ => None,
        }
    }

    /// What becomes of one notification.
    #[track_caller]
    pub(crate) fn notify_one(&mut self, asked: PushNotification) -> Result<(), ReportError> {
        let reports = self.notify(vec![asked]).expect("an answer to a request");
        assert_eq!(reports.len(), 1);
        if reports[0].success { Ok(()) } else { Err(reports[0].error) }
    }
}

pub(crate) fn request(requests: Vec<PushNotification>) -> Content {
    Content::PushNotificationRequest(PushNotificationRequest { requests, message_id: vec![9; 32] })
}

/// Somebody who talks to the server.
pub(crate) struct Person {
    pub(crate) key: Arc<SecretKey>,
    stack: Stack<Once, Bare, Waku<Arc<SecretKey>>>,
    store: Memory,
    rng: SeededRng,
    said: u8,
}

impl Person {
    pub(crate) fn new(seat: u8) -> Self {
        Self::of(key(seat))
    }

    /// A throw-away key.
    pub(crate) fn passing() -> Self {
        thread_local!(static SEED: std::cell::Cell<u64> = const { std::cell::Cell::new(1_000) });
        let seed = SEED.with(|seed| {
            seed.set(seed.get() + 1);
            seed.get()
        });
        Self::of(Arc::new(SecretKey::generate(&mut rng(seed))))
    }

    fn of(key: Arc<SecretKey>) -> Self {
        let inboxes = Inboxes { leave: Inbox::Personal, ..Inboxes::DEPLOYED };
        let privacy = Waku::new(Arc::clone(&key)).with_inboxes(inboxes);
        let stack = Stack::new(Once::default(), Bare::new(key.user()), privacy);
        let rng = rng(u64::from(key.user().as_bytes()[5]));
        let mut person = Self { key, stack, store: Memory::new(), rng, said: 0 };
        let (whom, how) = (Recipient::User(person.user()), Interest::Listen);
        person.run(status_stack::Input::Start);
        person.run(status_stack::Input::Expect { whom, how });
        person
    }

    pub(crate) fn user(&self) -> UserId {
        self.key.user()
    }

    fn run(&mut self, input: status_stack::Input) -> status_stack::Output {
        let mut unit = Unit::new(NOW, &mut self.rng, &self.store);
        let out = self.stack.step(&mut unit, input).unwrap();
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        out
    }

    pub(crate) fn say(&mut self, to: &Audience, content: &Content) -> Vec<Frame> {
        self.say_body(to, encode(&*self.key, content).unwrap())
    }

    pub(crate) fn say_body(&mut self, to: &Audience, body: Body) -> Vec<Frame> {
        self.said = self.said.wrapping_add(1);
        let (id, body) = (MessageId::new([self.said; 32]), Body::passing(body.into_bytes()));
        let out = self.run(status_stack::Input::Send { id, to: to.clone(), body });
        assert!(!out.frames.is_empty(), "it leaves at once");
        let publish = |(id, frame)| {
            self.run(status_stack::Input::Published(id));
            frame
        };
        out.frames.into_iter().map(publish).collect()
    }

    /// What came for this person, signed by the server.
    pub(crate) fn hear(&mut self, frames: Vec<Frame>) -> Vec<Content> {
        let mut heard = Vec::new();
        for frame in frames {
            for news in self.run(status_stack::Input::Frame(frame)).news {
                if let News::Arrived { body, .. } = news {
                    let message = decode(&body, None).unwrap();
                    assert_eq!(message.author, server());
                    heard.push(message.content);
                }
            }
        }
        heard
    }

    pub(crate) fn seal(&mut self, registration: &PushNotificationRegistration) -> SealedRegistration {
        SealedRegistration::seal(registration, &*self.key, &server(), &mut self.rng).unwrap()
    }

    /// A registration as it should be.
    pub(crate) fn registration(&self, version: u64) -> PushNotificationRegistration {
        PushNotificationRegistration {
            token_type: TokenType::Firebase,
            device_token: "the device token".into(),
            installation_id: DEVICE.into(),
            access_token: TOKEN.into(),
            enabled: true,
            version,
            grant: grant(&*self.key, &server(), TOKEN),
            ..PushNotificationRegistration::default()
        }
    }

    pub(crate) fn unregistration(&self, version: u64) -> PushNotificationRegistration {
        PushNotificationRegistration {
            installation_id: DEVICE.into(),
            version,
            unregister: true,
            ..PushNotificationRegistration::default()
        }
    }

    /// A notification for this person's device, as it should be.
    pub(crate) fn notification(&self) -> PushNotification {
        PushNotification {
            access_token: TOKEN.into(),
            chat_id: ChatMark(hash_of_text("a chat").to_vec()),
            public_key: hash_of_key(&self.user()).to_vec(),
            installation_id: DEVICE.into(),
            message: b"sealed for the device".to_vec(),
            r#type: NotificationType::Message,
            author: hash_of_text("0x04…").to_vec(),
        }
    }
}
