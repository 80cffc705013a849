//! A throw-away identity that says one thing and hears what is answered to it. Nothing of it is kept.

use std::sync::Arc;

use rand::rngs::StdRng;
use status_crypto::{Keyring, SecretKey};
use status_layer::{
    Audience, Body, Frame, Interest, Memory, MessageId, Name, Recipient, Store, Timestamp, Topic, Unit,
    UserId,
};
use status_payload::{
    Content, PushNotificationQueryInfo, PushNotificationReport, PushNotificationRequest, decode, encode,
    hash_of_key, message_id,
};
use status_stack::{Engine, Input, News};

use crate::default::bare;

/// What is said under a throw-away identity.
pub(super) struct Passing {
    engine: Box<dyn Engine + Send>,
    store: Memory,
    us: UserId,
    /// How often it was said.
    said: u64,
    to: Audience,
    body: Body,
    /// The question or the message that an answer names.
    id: MessageId,
    pub(super) about: About,
    /// When nobody answers any more.
    pub(super) until: Timestamp,
    pub(super) topics: Vec<Topic>,
}

/// What it is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum About {
    /// How a user is notified.
    Ask { user: UserId },
    /// That a user is notified of a message, by a server.
    Notify { message: MessageId, user: UserId, server: UserId },
}

/// What was answered.
pub(super) enum Answer {
    /// A server says how the user is notified.
    Infos { user: UserId, server: UserId, infos: Vec<PushNotificationQueryInfo> },
    /// The server says what it did.
    Reports { about: (MessageId, UserId, UserId), reports: Vec<PushNotificationReport> },
}

/// Why nothing can be said. It is tried again when the errand is due again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Failed(String);

impl Passing {
    /// To ask whoever knows how a user is notified.
    ///
    /// Spec: a public message at the name of the hash of the user's key, in hex digits.
    pub(super) fn ask(user: UserId, until: Timestamp, rng: &mut StdRng) -> Result<Self, Failed> {
        let hash = hash_of_key(&user);
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let place = Name::new(digits).map_err(failed)?;
        let content = Content::PushNotificationQuery(status_payload::PushNotificationQuery {
            public_keys: vec![hash.to_vec()],
        });
        Self::new(About::Ask { user }, Audience::Channel(place), &content, until, rng)
    }

    /// To have a server notify a user of a message.
    pub(super) fn notify(
        (message, user, server): (MessageId, UserId, UserId),
        request: PushNotificationRequest,
        until: Timestamp,
        rng: &mut StdRng,
    ) -> Result<Self, Failed> {
        let content = Content::PushNotificationRequest(request);
        let about = About::Notify { message, user, server };
        let passing = Self::new(about, Audience::User(server), &content, until, rng)?;
        Ok(Self { id: message, ..passing })
    }

    fn new(
        about: About,
        to: Audience,
        content: &Content,
        until: Timestamp,
        rng: &mut StdRng,
    ) -> Result<Self, Failed> {
        let key = Arc::new(SecretKey::generate(rng));
        let body = encode(&*key, content).map_err(failed)?;
        let (us, id) = (key.user(), message_id(&key.public(), &body));
        let (engine, store) = (bare(key, status_privacy::Inbox::Partitioned), Memory::new());
        Ok(Self { engine, store, us, said: 0, to, body, id, about, until, topics: Vec::new() })
    }

    /// Says it, now or again: the same words each time.
    pub(super) fn say(&mut self, now: Timestamp, rng: &mut StdRng) -> Result<Vec<Frame>, Failed> {
        let mut frames = Vec::new();
        if self.said == 0 {
            let whom = Recipient::User(self.us);
            for input in [Input::Start, Input::Expect { whom, how: Interest::Listen }] {
                frames.extend(self.step(input, now, rng)?.0);
            }
        }
        self.said = self.said.wrapping_add(1);
        let mut id = [0; 32];
        if let Some(last) = id.last_chunk_mut::<8>() {
            *last = self.said.to_be_bytes();
        }
        let (to, body) = (self.to.clone(), self.body.clone());
        frames.extend(self.step(Input::Send { id: MessageId::new(id), to, body }, now, rng)?.0);
        Ok(frames)
    }

    /// The answer in a frame, if there is one for this identity, signed by whoever gives it.
    pub(super) fn hear(&mut self, frame: Frame, now: Timestamp, rng: &mut StdRng) -> Option<Answer> {
        if !self.topics.contains(&frame.topic) {
            return None;
        }
        let news = self.step(Input::Frame(frame), now, rng).ok()?.1;
        news.into_iter().find_map(|news| self.answer(news))
    }

    fn answer(&self, news: News) -> Option<Answer> {
        let News::Arrived { from, to: Recipient::User(_), body, .. } = news else { return None };
        let said = decode(&body, Some(from.user)).ok().filter(|said| said.signed)?;
        let server = said.author;
        match (self.about, said.content) {
            (About::Ask { user }, Content::PushNotificationQueryResponse(said))
                if said.message_id == self.id.as_bytes() =>
            {
                Some(Answer::Infos { user, server, infos: said.info })
            }
            (About::Notify { message, user, server: asked }, Content::PushNotificationResponse(said))
                if said.message_id == self.id.as_bytes() && server == asked =>
            {
                Some(Answer::Reports { about: (message, user, server), reports: said.reports })
            }
            _ => None,
        }
    }

    fn step(
        &mut self,
        input: Input,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<(Vec<Frame>, Vec<News>), Failed> {
        let (frames, news, topics) = run(&*self.engine, &mut self.store, input, now, rng)?;
        self.topics = topics.unwrap_or_else(|| std::mem::take(&mut self.topics));
        Ok((frames, news))
    }
}

/// Frames that leave, what was heard, and the topics that are listened to, if they changed.
type Done = (Vec<Frame>, Vec<News>, Option<Vec<Topic>>);

/// Says something to a server as ourselves. The answer comes as all mail does.
pub(super) fn say_as(
    keyring: Arc<dyn Keyring>,
    server: UserId,
    body: Body,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<Vec<Frame>, Failed> {
    let id = message_id(&keyring.public(), &body);
    // Spec: registrations go to the personal inbox of the server.
    let (engine, mut store) = (bare(keyring, status_privacy::Inbox::Personal), Memory::new());
    let mut frames = run(&*engine, &mut store, Input::Start, now, rng)?.0;
    let input = Input::Send { id, to: Audience::User(server), body };
    frames.extend(run(&*engine, &mut store, input, now, rng)?.0);
    Ok(frames)
}

fn run(
    engine: &dyn Engine,
    store: &mut Memory,
    input: Input,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<Done, Failed> {
    let mut unit = Unit::new(now, rng, store);
    let output = engine.step(&mut unit, input).map_err(failed)?;
    let batch = unit.into_batch();
    store.commit(batch).map_err(failed)?;
    let mut frames = Vec::with_capacity(output.frames.len());
    for (id, frame) in output.frames {
        // What is lost is said again later; it is not to be repeated from here.
        run(engine, store, Input::Published(id), now, rng)?;
        frames.push(frame);
    }
    Ok((frames, output.news, output.topics))
}

fn failed(why: impl std::fmt::Display) -> Failed {
    Failed(why.to_string())
}
