//! The handle that an application holds.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use status_layer::{DeviceId, Draft, MessageId, Shelf, StoreError, UserId};
use status_p2p::{Overview, PeerStatus};
use status_stack::Input;
use status_store::{BackupWriter, Lock};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::backup::{self, BackupError, Contents};
use crate::builder::ClientBuilder;
use crate::compose::Outgoing;
use crate::core::{AREA, Core, MAX_CHATS, Step, Stop, Task};
use crate::devices::Devices;
use crate::driver::{Command, Question};
use crate::error::{OpenError, SendError};
use crate::event::{Chat, Event, Message, Tally};
use crate::identity::RecoveryPhrase;
use crate::pairing::Kit;
use crate::sent::Sent;
use crate::table::{self, Media};

/// One user on one device. Clones speak for the same user; the last one dropped ends the threads.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// A client that may be gone.
pub(crate) struct WeakClient(Weak<Inner>);

/// What a client tells, in order. Each listener gets all events from the moment at which it began.
pub struct Events(broadcast::Receiver<Event>);

struct Inner {
    me: UserId,
    device: DeviceId,
    phrase: RecoveryPhrase,
    reached: Reached,
    pairing: Kit,
    commands: mpsc::Sender<Command>,
    ears: Ears,
}

/// How a client hears of what happens.
pub(crate) struct Ears {
    /// Weak, so that listeners hear the end when the driver is gone.
    pub(crate) events: broadcast::WeakSender<Event>,
    /// The listener that was there from the beginning, for whoever asks first.
    pub(crate) first: Mutex<Option<broadcast::Receiver<Event>>>,
    /// Told after each commit that kept events for streams.
    pub(crate) kept: watch::Receiver<()>,
}

/// The node of our own, as far as applications see it.
pub(crate) struct Reached {
    pub(crate) addresses: Vec<String>,
    pub(crate) overview: Option<Overview>,
}

impl Client {
    /// Begins to set up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn new(
        me: UserId,
        device: DeviceId,
        phrase: RecoveryPhrase,
        reached: Reached,
        pairing: Kit,
        commands: mpsc::Sender<Command>,
        ears: Ears,
    ) -> Self {
        Self(Arc::new(Inner { me, device, phrase, reached, pairing, commands, ears }))
    }

    /// Our own side of every one-to-one chat; prints as the key that others write to.
    #[must_use]
    pub fn me(&self) -> Chat {
        Chat::User(self.0.me)
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.0.me
    }

    /// This installation.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        &self.0.device
    }

    /// The words from which the identity can be restored. Whoever has them is us.
    #[must_use]
    pub fn recovery_phrase(&self) -> &RecoveryPhrase {
        &self.0.phrase
    }

    /// The multiaddresses at which others can reach our node.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.0.reached.addresses
    }

    /// The other nodes that ours knows: how each was found, how it is connected or why it is not. Empty if the network is
    /// not a node of our own.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStatus> {
        self.0.reached.overview.as_ref().map_or_else(Vec::new, Overview::peers)
    }

    /// Sends a text, or an [`Image`](crate::Image), a [`Text`](crate::Text) that answers another, and so on, to a [`Chat`], a user, or
    /// whoever is named by `"#channel"` or a key. When it returns `Ok`, the message is durable and will be sent until it is
    /// acknowledged; [`Sent::delivered`] waits for that, and [`Event::Delivered`] tells it. What nobody acknowledges for 30 days is given up, and
    /// [`Event::Stage`] says so. Messages in channels are not acknowledged.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was kept and nothing will be sent.
    pub async fn send<C>(&self, to: C, what: impl Into<Outgoing>) -> Result<Sent, SendError>
    where
        C: TryInto<Chat>,
        SendError: From<C::Error>,
    {
        let (chat, what): (Chat, Outgoing) = (to.try_into()?, what.into());
        let id = self.wish(move |core, step| core.say(step, &chat, &what)).await?;
        Ok(self.sent(id))
    }

    /// One message; `None` if it is not here, or was deleted for us.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, SendError> {
        self.look(move |shelf| table::shown(shelf, id)).await
    }

    /// The bytes of a picture or a recording, at most [`MAX_MEDIA`](crate::MAX_MEDIA) if it was sent by a client of ours and less than
    /// 1 MiB anyhow; `None` if the message is not here, was deleted, or is neither. They are what its author sent: whoever shows
    /// them takes care that they may be anything.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn media(&self, id: MessageId) -> Result<Option<Vec<u8>>, SendError> {
        self.look(move |shelf| table::load_media(shelf, &id, Media::Whole)).await
    }

    /// The bytes of the small picture of a link, by its number in [`Message::links`], at most
    /// [`MAX_THUMBNAIL`](crate::MAX_THUMBNAIL); `None` if there is none.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn thumbnail(&self, id: MessageId, link: usize) -> Result<Option<Vec<u8>>, SendError> {
        let Ok(number) = u8::try_from(link) else { return Ok(None) };
        self.look(move |shelf| table::load_media(shelf, &id, Media::Thumbnail(number))).await
    }

    /// Takes part in a chat: `#channel` to hear what is said there, a user to hear their keys, so that the first
    /// message to them is forward secret.
    ///
    /// # Errors
    /// [`SendError::Nobody`] if nobody can be named so, [`SendError::TooManyChats`].
    pub async fn join<C>(&self, chat: C) -> Result<Chat, SendError>
    where
        C: TryInto<Chat>,
        SendError: From<C::Error>,
    {
        let chat: Chat = chat.try_into()?;
        let joined = chat.clone();
        self.wish(move |core, step| core.join(step, &joined)).await?;
        Ok(chat)
    }

    /// Leaves a chat. What was said stays in the history.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn leave(&self, chat: &Chat) -> Result<(), SendError> {
        let chat = chat.clone();
        self.wish(move |core, step| core.leave(step, &chat)).await
    }

    /// At most `limit` messages of a chat with a clock above `after` (0 for all), oldest first.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn history(&self, chat: &Chat, after: u64, limit: usize) -> Result<Vec<Message>, SendError> {
        let chat = chat.clone();
        self.look(move |shelf| table::history(shelf, &chat, after, limit)).await
    }

    /// The chats that we take part in.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn chats(&self) -> Result<Vec<Chat>, SendError> {
        self.look(|shelf| table::chats(shelf, MAX_CHATS)).await
    }

    /// The devices of the user: who they are, what they are called, how new ones come and old ones go.
    #[must_use]
    pub fn devices(&self) -> Devices {
        Devices::of(self)
    }

    /// Writes a backup into the new file `file`, under `with`: everything that is committed when this is called, and nothing
    /// of a later moment. The client goes on when the file is written; see [`backup`](crate::backup).
    ///
    /// # Errors
    /// [`BackupError`]; then there is no such file.
    pub async fn backup(
        &self,
        file: impl Into<PathBuf>,
        with: impl Into<Lock>,
    ) -> Result<Contents, BackupError> {
        let (file, with) = (file.into(), with.into());
        let (ready, made) = oneshot::channel();
        // A thread of its own: stretching a passphrase takes half a second, which nothing else is to wait for.
        std::thread::Builder::new()
            .name("status-chat-backup".into())
            .spawn(move || drop(ready.send(BackupWriter::create(file, &with))))
            .map_err(OpenError::Thread)?;
        let file = Box::new(made.await.map_err(|_| BackupError::Closed)??);
        let (reply, answer) = oneshot::channel();
        // Whoever asked may be gone; then nobody is to be told.
        let question: Question =
            Box::new(|home| drop(reply.send(backup::write(home.store, home.now, *file, &mut |_| {}))));
        self.command(Command::Ask(question)).await.map_err(|_| BackupError::Closed)?;
        answer.await.unwrap_or(Err(BackupError::Closed))
    }

    /// Listens to what happens. The first listener hears everything from the opening on. Who has to hear of everything, also of
    /// what happened while it was not there, takes a [`Client::stream`].
    #[must_use]
    pub fn events(&self) -> Events {
        let first = self.0.ears.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or_else(|| self.listen(), Events)
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> Events {
        Events(match self.0.ears.events.upgrade() {
            Some(events) => events.subscribe(),
            None => broadcast::channel(1).1,
        })
    }

    /// Hears of each commit that kept events for streams.
    pub(crate) fn kept(&self) -> watch::Receiver<()> {
        self.0.ears.kept.clone()
    }

    /// What was done since the client was opened.
    ///
    /// # Errors
    /// [`SendError::Closed`] if the client was closed.
    pub async fn tally(&self) -> Result<Tally, SendError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Tally(reply)).await?;
        answer.await.map_err(|_| SendError::Closed)
    }

    /// Sends at once again what a user, or anybody, has not acknowledged. Without it that happens ever more rarely, and
    /// whenever they are heard from after a silence, a peer joins, or their keys have changed.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn resend(&self, to: Option<UserId>) -> Result<(), SendError> {
        self.wish(move |core, step| Ok(core.layers(step, Input::Resend(to))?)).await
    }

    /// Stops the client and returns when its home can be opened again.
    pub async fn close(self) {
        let (reply, answer) = oneshot::channel();
        if self.command(Command::Close(reply)).await.is_ok() {
            // An error means that it had stopped already.
            drop(answer.await);
        }
    }

    /// Has the core do something; when this returns `Ok`, it is durable. It may be run again in another step if the first
    /// could not be committed, so it writes to nothing but its step.
    pub(crate) async fn wish<A: Send + 'static>(
        &self,
        wish: impl Fn(&Core, &mut Step<'_, '_>) -> Result<A, Stop> + Send + Sync + 'static,
    ) -> Result<A, SendError> {
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        let task = Task::wish(move |core, step| {
            let answer = wish(core, step)?;
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            Ok(())
        });
        let (reply, answer) = oneshot::channel();
        self.command(Command::Do(task, reply)).await?;
        answer.await.unwrap_or(Err(SendError::Closed))?;
        let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.ok_or(SendError::Closed)
    }

    /// Reads what is committed of the chat's own rows.
    pub(crate) async fn look<A: Send + 'static>(
        &self,
        look: impl FnOnce(&Shelf<'_>) -> Result<A, StoreError> + Send + 'static,
    ) -> Result<A, SendError> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |home| {
            let found = look(&Draft::new(home.store).shelf(AREA));
            // Whoever asked may be gone; then nobody is to be told.
            drop(reply.send(found.map_err(|why| SendError::Failed(why.to_string()))));
        });
        self.command(Command::Ask(question)).await?;
        answer.await.unwrap_or(Err(SendError::Closed))
    }

    /// What pairing needs of it.
    pub(crate) fn kit(&self) -> &Kit {
        &self.0.pairing
    }

    /// The same client, without keeping it.
    pub(crate) fn weak(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    async fn command(&self, command: Command) -> Result<(), SendError> {
        self.0.commands.send(command).await.map_err(|_| SendError::Closed)
    }
}

impl WeakClient {
    /// The client, if anybody else still has it.
    pub(crate) fn upgrade(&self) -> Option<Client> {
        self.0.upgrade().map(Client)
    }
}

impl Events {
    /// Waits for the next event; `None` once the client is closed. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(RecvError::Closed) => None,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({:?})", self.0.me)
    }
}
