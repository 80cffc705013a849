//! The life of a bot: a stream of events, one message after the other.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{Either, select};
use status_crypto::text;
use status_layer::UserId;
use tokio::time::Instant;
use tracing::{info, warn};

use super::command::{self, Asked, Command, HELP};
use super::layers::wrap;
use super::limit::Limit;
use super::{Bot, BotError, Context, Handler, Source};
use crate::client::Client;
use crate::error::{Error, SendError};
use crate::event::{Chat, Event, Message};
use crate::stream::Entry;

/// The stream that bots read.
const STREAM: &str = "bot";

/// Events that are no messages are acknowledged with the next message, or after so many: each acknowledgement is a commit.
const UNREAD: u64 = 64;

/// A bot at work.
struct Desk {
    me: UserId,
    name: String,
    /// The ways in which its key is written.
    keys: Vec<String>,
    commands: Vec<Command>,
    help: Arc<str>,
    fallback: Option<Handler>,
    limit: Limit,
}

impl Bot {
    /// Runs until `stop` is done. What is being answered then is answered first.
    ///
    /// # Errors
    /// As [`Bot::run`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        command::check(&self.commands)?;
        let (client, ours) = match self.source {
            Source::Builder(builder) => (builder.stream(STREAM).open().await?, true),
            Source::Client(client) => (client, false),
        };
        let mut stream = client.stream(STREAM).await?;
        info!("the bot listens");
        if let Some(start) = self.on_start {
            start(&client);
        }
        self.accept.catch_up(&client).await?;
        let mut desk = Desk::new(&client, self.name, &self.about, self.commands, self.fallback, self.limit);
        desk.wrap(&self.layers);
        let mut stop = pin!(stop);
        let mut unread = 0;
        let done = loop {
            let entry = match select(&mut stop, pin!(stream.next())).await {
                Either::Left(((), _)) => break Ok(()),
                Either::Right((None, _)) => break Err(SendError::Closed.into()),
                Either::Right((Some(entry), _)) => entry,
            };
            let asked = self.accept.heard(&client, &entry).await;
            let read = asked || matches!(&*entry, Event::Message(_));
            if let Event::Message(message) = &*entry {
                desk.answer(&client, message).await;
            }
            unread += 1;
            if read || unread >= UNREAD {
                unread = 0;
                acknowledge(&entry).await;
            }
        };
        drop(stream);
        if ours {
            client.close().await;
        }
        done
    }
}

impl Desk {
    fn new(
        client: &Client,
        name: String,
        about: &str,
        commands: Vec<Command>,
        fallback: Option<Handler>,
        limit: Limit,
    ) -> Self {
        let me = client.user();
        let keys = [Some(text::compressed_key(&me)), text::key_string(&me).ok()];
        let help = command::help(about, &commands).into();
        Self { me, name, keys: keys.into_iter().flatten().collect(), commands, help, fallback, limit }
    }

    fn wrap(&mut self, layers: &[super::Layer]) {
        if !self.commands.iter().any(|command| command.name() == HELP) {
            let help = Arc::clone(&self.help);
            let say = super::boxed(move |ctx: Context| {
                let help = Arc::clone(&help);
                async move { ctx.reply(&*help).await }
            });
            self.commands.push(Command::new(HELP, "", say));
        }
        for command in &mut self.commands {
            command.handler = wrap(Arc::clone(&command.handler), layers);
        }
        self.fallback = self.fallback.take().map(|handler| wrap(handler, layers));
    }

    /// Deals with a message; whatever comes of it, it is dealt with.
    async fn answer(&mut self, client: &Client, message: &Message) {
        if message.from == self.me {
            return;
        }
        let in_public = !matches!(message.chat, Chat::User(_));
        let asked = command::read(&message.text, &self.name, &self.keys, in_public);
        let (command, text) = match asked {
            Asked::Command(command, text) => (Some(command), text),
            Asked::Text(text) => (None, text),
            Asked::Nothing => return,
        };
        let known = self.commands.iter().find(|known| Some(known.name()) == command);
        let handler = match (known, &self.fallback) {
            (Some(known), _) => &known.handler,
            // A command that we do not have may be that of another bot.
            (None, Some(fallback)) if command.is_none() || !in_public => fallback,
            _ => return,
        };
        if !self.limit.allows(message.from, Instant::now()) {
            info!("somebody writes more than is answered");
            return;
        }
        let ctx = match known {
            Some(_) => Context::new(client.clone(), message.clone(), command, text),
            None => Context::new(client.clone(), message.clone(), None, text_of(asked, message)),
        };
        let (handler, asking) = (Arc::clone(handler), ctx.clone());
        let work = async move { handler(asking).await };
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(Error::Bot(why @ BotError::Argument { .. }))) => {
                if let Err(why) = ctx.reply(format!("{why}. See {HELP}")).await {
                    warn!(%why, "not answered");
                }
            }
            Ok(Err(why)) => warn!(%why, hint = why.hint(), "a handler failed"),
            Err(_) => warn!("a handler panicked"),
        }
    }
}

/// What a handler of other things than commands is given.
fn text_of<'t>(asked: Asked<'t>, message: &'t Message) -> &'t str {
    if let Asked::Text(text) = asked { text } else { message.text.trim() }
}

/// An acknowledgement that fails is made good by the next one; at worst a message is answered twice after a restart.
async fn acknowledge(entry: &Entry) {
    if let Err(why) = entry.ack().await {
        warn!(%why, "an event is not acknowledged");
    }
}
