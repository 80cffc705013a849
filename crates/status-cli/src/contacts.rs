//! The people that an identity deals with.

use std::process::ExitCode;

use serde_json::json;
use status_chat::{Chat, Client, Contact, ContactState, Grade, How, UserId, Which};

use crate::args::{ContactTask, Here};
use crate::home::{Done, open};
use crate::show::Show;

/// How a card begins.
const CARD: &str = "status-card:";

/// Lists people, or does something about one. What they are to be told goes out when this home is online next.
pub(crate) async fn run(show: Show, here: &Here, task: Option<ContactTask>) -> Done {
    let client = open(here, here.client()).await?;
    let done = act(show, &client, task.unwrap_or(ContactTask::List)).await;
    client.close().await;
    done
}

async fn act(show: Show, client: &Client, task: ContactTask) -> Done {
    let contacts = client.contacts();
    match task {
        ContactTask::List => return list(show, client).await,
        ContactTask::Card => {
            let card = client.card().await?;
            let expires = card.expires_at().millis();
            show.line(&card.to_string(), || json!({ "card": card.to_string(), "expires_at": expires }));
        }
        ContactTask::Add { who, note } => {
            let user = match who.to_ascii_lowercase().starts_with(CARD) {
                true => client.add_card(&who).await?,
                false => user(&who)?,
            };
            contacts.request(user, &note.unwrap_or_default()).await?;
            said(show, user, "is asked to be a contact", "asked");
        }
        ContactTask::Accept { who } => {
            contacts.accept(user(&who)?).await?;
            said(show, user(&who)?, "is a contact", "accepted");
        }
        ContactTask::Deny { who } => {
            contacts.deny(user(&who)?).await?;
            said(show, user(&who)?, "is denied, and not told", "denied");
        }
        ContactTask::Remove { who } => {
            contacts.remove(user(&who)?).await?;
            said(show, user(&who)?, "is no contact any more", "removed");
        }
        ContactTask::Block { who } => {
            contacts.block(user(&who)?).await?;
            said(show, user(&who)?, "is blocked", "blocked");
        }
        ContactTask::Unblock { who } => {
            contacts.unblock(user(&who)?).await?;
            said(show, user(&who)?, "may write again", "unblocked");
        }
        ContactTask::Rename { who, name } => {
            contacts.rename(user(&who)?, &name).await?;
            said(show, user(&who)?, "is renamed, here alone", "renamed");
        }
        ContactTask::Verify { who, yes } => return verify(show, client, user(&who)?, yes).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(show: Show, client: &Client) -> Done {
    for contact in client.contacts().list(Which::All).await? {
        let key = Chat::User(contact.user).to_string();
        let state = if contact.blocked { "blocked" } else { named(contact.state) };
        let safety = client.contacts().safety(contact.user).await?;
        let grade =
            if safety.grade == Grade::Ratcheted { "forward secret" } else { "not forward secret yet" };
        let verified = if safety.verified.is_some() { ", verified" } else { "" };
        let line = format!("{key}  {}  {state}, {grade}{verified}", contact.shown_name());
        show.line(&line, || object(&contact, &key, state, safety.grade));
    }
    Ok(ExitCode::SUCCESS)
}

fn object(contact: &Contact, key: &str, state: &str, grade: Grade) -> serde_json::Value {
    json!({
        "contact": key,
        "name": contact.shown_name(),
        "state": state,
        "forward_secret": grade == Grade::Ratcheted,
        "verified": contact.verified.is_some(),
        "active": contact.active,
    })
}

/// Shows the safety number, and notes that it was compared once somebody says so.
async fn verify(show: Show, client: &Client, user: UserId, yes: bool) -> Done {
    let number = client.contacts().safety_number(user)?.to_string();
    if yes {
        client.contacts().verify(user, How::SafetyNumber).await?;
        said(show, user, "is verified", "verified");
    } else {
        let line = format!("{number}\nAsk them for theirs. If it is the same: again, with --yes.");
        show.line(&line, || json!({ "safety_number": number }));
    }
    Ok(ExitCode::SUCCESS)
}

/// The user with this key.
pub(crate) fn user(who: &str) -> Result<UserId, Box<dyn std::error::Error>> {
    match who.parse()? {
        Chat::User(user) => Ok(user),
        other => Err(format!("{other} is no user's key").into()),
    }
}

fn said(show: Show, user: UserId, what: &str, event: &str) {
    let key = Chat::User(user).to_string();
    show.line(&format!("{key} {what}"), || json!({ "event": event, "contact": key }));
}

const fn named(state: ContactState) -> &'static str {
    match state {
        ContactState::Mutual => "contact",
        ContactState::Sent => "asked by you",
        ContactState::Received => "asks to be a contact",
        ContactState::Dismissed => "denied",
        _ => "known",
    }
}
