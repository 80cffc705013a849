//! Bots, in a few lines.
//!
//! ```no_run
//! use status_chat::bot::Bot;
//!
//! # async fn run() -> Result<(), status_chat::Error> {
//! Bot::from_env()?
//!     .command("/ping", "says pong", |ctx| async move { ctx.reply("pong").await })
//!     .run()
//!     .await
//! # }
//! ```
//!
//! It answers `/ping` in one-to-one chats, and in channels and groups too; `/help` lists what it knows. It runs under any async
//! executor, until it is told to stop by control-C or `SIGTERM`; [`Settings`] says which variables [`Bot::from_env`] reads.
//!
//! - Each message is dealt with at least once, however often the process dies: the bot reads a [`Stream`](crate::Stream) and
//!   acknowledges a message after its handler has returned. Who answers twice at worst should say nothing that must be said once.
//! - Messages are dealt with one after the other. A handler that takes long holds up the others: let it spawn what is slow.
//! - A handler that fails or panics is logged, and the bot goes on. [`BotError::Argument`] is told to whoever asked.
//! - [`Bot::on_message`] gets what is no command: all of it one to one; in channels and groups only what is addressed to the bot, as
//!   `@name`, `name:` or by its key. A bot never answers itself.
//! - Whoever asks the bot to be a contact is accepted, unless [`Bot::accept_contacts`] says otherwise.
//! - Whoever writes more than [`Bot::limit`] allows is not answered until some time has passed.

mod command;
mod contacts;
mod context;
mod error;
mod layers;
mod limit;
mod run;
mod settings;
mod signal;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::builder::ClientBuilder;
use crate::client::Client;
use crate::error::Error;

use command::Command;
pub use contacts::{Accept, Answer, Asking, Judge};
pub use context::Context;
pub use error::BotError;
pub use layers::{Next, allow, log};
use limit::Limit;
pub use settings::Settings;

/// Deals with one message.
type Handler = Arc<dyn Fn(Context) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;
/// Stands around a handler.
type Layer = Arc<dyn Fn(Context, Next) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// Is called when the client is open.
type Start = Box<dyn FnOnce(&Client) + Send>;

/// A program that answers messages.
#[must_use = "a bot does nothing until it is run"]
pub struct Bot {
    source: Source,
    name: String,
    about: String,
    commands: Vec<Command>,
    fallback: Option<Handler>,
    layers: Vec<Layer>,
    limit: Limit,
    accept: Accept,
    on_start: Option<Start>,
}

/// Where the client comes from.
enum Source {
    Builder(Box<ClientBuilder>),
    Client(Client),
}

/// What a handler may return: nothing, or a result whose error the [`Error`] of this crate can hold.
pub trait Outcome {
    /// What it comes to.
    ///
    /// # Errors
    /// Whatever went wrong in the handler.
    fn outcome(self) -> Result<(), Error>;
}

impl Bot {
    /// A bot whose home, name and network the environment names, see [`Settings`].
    ///
    /// # Errors
    /// [`BotError::Setting`] if a variable cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        let settings = Settings::from_env()?;
        let name = settings.name.clone();
        Ok(Self::new(settings.builder()?).name(name))
    }

    /// A bot on a client that is opened when the bot is run, and closed after it.
    pub fn new(client: ClientBuilder) -> Self {
        Self::of(Source::Builder(Box::new(client)))
    }

    /// A bot on a client that is open already, and stays so.
    pub fn with(client: Client) -> Self {
        Self::of(Source::Client(client))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            name: "bot".into(),
            about: String::new(),
            commands: Vec::new(),
            fallback: None,
            layers: Vec::new(),
            limit: Limit::default(),
            accept: Accept::default(),
            on_start: None,
        }
    }

    /// How it is called in channels and groups: `@name`, `name:` or `/command@name`. Default: `bot`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What `/help` says before its commands.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// Answers a command. `usage` is the command, such as `/add`, and what is to follow it, such as `/add <number> <number>`;
    /// `help` says what it does. Both are shown by `/help`, which the bot has by itself unless it is given another one.
    pub fn command<F, Fut>(mut self, usage: &str, help: &str, handler: F) -> Self
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.commands.push(Command::new(usage, help, boxed(handler)));
        self
    }

    /// Answers what is no command of this bot.
    pub fn on_message<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.fallback = Some(boxed(handler));
        self
    }

    /// Puts something around all handlers: it may look at the message first, call [`Next::run`] or not, and look at what came of it.
    /// The first one that is given is the outermost.
    pub fn layer<F, Fut>(mut self, layer: F) -> Self
    where
        F: Fn(Context, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.layers.push(Arc::new(move |ctx, next| Box::pin(layer(ctx, next))));
        self
    }

    /// Answers one person at most `messages` times in any `span`. Default: 20 in a minute.
    pub fn limit(mut self, messages: u32, span: Duration) -> Self {
        self.limit = Limit::new(messages, span);
        self
    }

    /// What becomes of those who ask the bot to be a contact, also of those who did before it ran. Default: [`Accept::All`].
    pub fn accept_contacts(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }

    /// Is called once, when the client is open: the place to print the key that people write to.
    pub fn on_start(mut self, start: impl FnOnce(&Client) + Send + 'static) -> Self {
        self.on_start = Some(Box::new(start));
        self
    }

    /// Runs until control-C or `SIGTERM`. What is being answered then is answered first.
    ///
    /// # Errors
    /// [`BotError::Command`] if a command cannot be one; what opening the client fails with; [`Error::Send`] if the client is closed
    /// by somebody else.
    pub async fn run(self) -> Result<(), Error> {
        let stop = signal::stop()?;
        self.run_until(stop).await
    }
}

impl Outcome for () {
    fn outcome(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<T, E: Into<Error>> Outcome for Result<T, E> {
    fn outcome(self) -> Result<(), Error> {
        self.map(drop).map_err(Into::into)
    }
}

impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bot({:?}, {} commands)", self.name, self.commands.len())
    }
}

fn boxed<F, Fut>(handler: F) -> Handler
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    Arc::new(move |ctx| {
        let work = handler(ctx);
        Box::pin(async move { work.await.outcome() })
    })
}
