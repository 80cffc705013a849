//! What a bot answers those who ask it to be a contact.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use status_layer::{Grade, UserId};
use tracing::warn;

use crate::client::Client;
use crate::contacts::{Contact, Which};
use crate::error::{Error, SendError};
use crate::event::{ContactChange, Event};
use status_payload::ContactState;

/// What becomes of those who ask a bot to be a contact. In the deployed applications people write to contacts alone, so a bot
/// that accepts nobody is not heard by them.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Accept {
    /// Everybody is accepted. The default: a bot is there to be written to.
    #[default]
    All,
    /// Nobody is answered; requests wait for a person to decide, by the command or another program.
    Nobody,
    /// A function decides; [`Accept::by`] makes one.
    By(Judge),
}

/// A function that decides about requests.
#[derive(Clone)]
pub struct Judge(Arc<dyn Fn(&Asking) -> Answer + Send + Sync>);

/// Somebody who asks to be a contact.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Asking {
    /// Who.
    pub user: UserId,
    /// How they call themselves, if they do. Anybody can call themselves anything.
    pub name: Option<String>,
    /// What they say to introduce themselves; may be empty.
    pub note: String,
    /// How well the request was sealed.
    pub grade: Grade,
}

/// What a bot answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// They are a contact.
    Accept,
    /// They are not, and are not told; what they write is dropped unread from then on, until they ask again.
    Deny,
    /// Nothing: a person decides. It is asked again at the next start.
    Wait,
}

impl Accept {
    /// Lets a function decide about each request. It is called between two messages, so it should not take long.
    pub fn by(judge: impl Fn(&Asking) -> Answer + Send + Sync + 'static) -> Self {
        Self::By(Judge(Arc::new(judge)))
    }

    fn answer(&self, asking: &Asking) -> Answer {
        match self {
            Self::All => Answer::Accept,
            Self::Nobody => Answer::Wait,
            Self::By(Judge(judge)) => {
                let judged = catch_unwind(AssertUnwindSafe(|| judge(asking)));
                judged.unwrap_or_else(|_| {
                    warn!("the function that decides about contacts panicked");
                    Answer::Wait
                })
            }
        }
    }

    /// Answers those who asked before the bot listened.
    pub(super) async fn catch_up(&self, client: &Client) -> Result<(), Error> {
        if matches!(self, Self::Nobody) {
            return Ok(());
        }
        for Contact { user, name, request, .. } in
            client.contacts().list(Which::State(ContactState::Received)).await?
        {
            let grade = request.map_or(Grade::Static, |request| request.grade);
            let said = match request {
                Some(request) => client.message(request.id).await?,
                None => None,
            };
            let note = said.map(|message| message.text).unwrap_or_default();
            self.decide(client, &Asking { user, name, note, grade }).await;
        }
        Ok(())
    }

    /// Answers a request, if the event is one; whether it is.
    pub(super) async fn heard(&self, client: &Client, event: &Event) -> bool {
        let Event::Contact { user, change, .. } = event else { return false };
        let (ContactChange::Requested { note, grade, .. }
        | ContactChange::RequestedAgain { note, grade, .. }) = change
        else {
            return false;
        };
        let name = match client.contacts().get(*user).await {
            Ok(contact) => contact.and_then(|contact| contact.name),
            Err(_) => None,
        };
        self.decide(client, &Asking { user: *user, name, note: note.clone(), grade: *grade }).await;
        true
    }

    async fn decide(&self, client: &Client, asking: &Asking) {
        let done = match self.answer(asking) {
            Answer::Accept => client.contacts().accept(asking.user).await,
            Answer::Deny => client.contacts().deny(asking.user).await,
            Answer::Wait => Ok(()),
        };
        match done {
            // It was answered before, or taken back.
            Ok(()) | Err(SendError::NoRequest | SendError::Blocked) => {}
            Err(why) => warn!(%why, "a contact request is not answered"),
        }
    }
}

impl fmt::Debug for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::Nobody => "Nobody",
            Self::By(_) => "By(..)",
        })
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge(..)")
    }
}
