//! How it looks what happens with people, groups and messages that were said before.

use serde_json::{Value, json};
use status_chat::{Chat, ContactChange, Event, Feeling, GroupChange, UserId};

use super::{Show, grade_name, printable, short};

impl Show {
    /// Prints an event of a conversation that is no message. Programs get all of it, as the library writes it.
    pub(super) fn news(self, event: &Event) {
        let Some(text) = told(event) else { return };
        self.line(&self.dim(&text), || object(event));
    }
}

/// What people are told; nothing of what matters to programs alone, or not at all.
fn told(event: &Event) -> Option<String> {
    Some(match event {
        Event::Changed(message) => {
            let who = short(&Chat::User(message.from));
            format!("{who} has changed what they said: {}", printable(&message.text))
        }
        Event::Deleted { by, .. } => format!("{} has deleted a message", name(by)),
        Event::Reaction(reaction) if reaction.retracted => {
            format!("{} takes back: {}", name(&reaction.by), feeling(reaction.feeling))
        }
        Event::Reaction(reaction) => {
            format!("{} reacts: {}", name(&reaction.by), feeling(reaction.feeling))
        }
        Event::Pinned(pin) => {
            let what = if pin.pinned { "has pinned a message" } else { "has unpinned a message" };
            format!("{} {what}", name(&pin.by))
        }
        Event::Contact { user, change, .. } => contact(user, change)?,
        Event::Group { group, by, change } => {
            format!("{} {} in {}", name(by), group_change(change), short(&Chat::Group(group.clone())))
        }
        _ => return None,
    })
}

fn contact(user: &UserId, change: &ContactChange) -> Option<String> {
    let (who, key) = (name(user), Chat::User(*user));
    Some(match change {
        ContactChange::Requested { note, grade, .. } | ContactChange::RequestedAgain { note, grade, .. } => {
            let grade = grade_name(*grade);
            format!(
                "{who} asks to be a contact ({grade}): {}\n  contacts accept {key}\n  contacts deny {key}",
                printable(note)
            )
        }
        ContactChange::Accepted => format!("{who} is a contact"),
        ContactChange::Retracted => format!("{who} is no contact any more"),
        ContactChange::Profile => format!("{who} says something else of themselves"),
        ContactChange::NewDevice { .. } => {
            format!("{who} has a new device: if it matters, ask whether it is theirs")
        }
        ContactChange::RemovedDevice { .. } => format!("{who} has removed a device"),
        ContactChange::Forgotten => format!("{who} was forgotten: too many strangers write"),
        _ => return None,
    })
}

fn group_change(change: &GroupChange) -> String {
    match change {
        GroupChange::Entered => "took us in".into(),
        GroupChange::Invited => "wants us (groups accept, groups decline)".into(),
        GroupChange::Renamed { name } => format!("gave the name {}", printable(name)),
        GroupChange::Recolored { .. } => "gave another colour".into(),
        GroupChange::Pictured => "gave another picture".into(),
        GroupChange::Added { users } => format!("added {}", names(users)),
        GroupChange::Joined => "is".into(),
        GroupChange::Left => "is no more".into(),
        GroupChange::Removed { user } => format!("removed {}", name(user)),
        GroupChange::AdminsAdded { users } => format!("made admins: {}", names(users)),
        GroupChange::AdminResigned => "is no admin any more".into(),
        _ => "changed something at the same time as others".into(),
    }
}

fn object(event: &Event) -> Value {
    let kind = match event {
        Event::Changed(_) => "changed",
        Event::Deleted { .. } => "deleted",
        Event::Reaction(_) => "reaction",
        Event::Pinned(_) => "pinned",
        Event::Contact { .. } => "contact",
        _ => "group",
    };
    // Events are written as an object with one entry, whose name says which it is.
    let whole = serde_json::to_value(event).unwrap_or_default();
    let inner = whole.as_object().and_then(|one| one.values().next().cloned()).unwrap_or_default();
    json!({ "event": kind, "is": inner })
}

fn names(users: &[UserId]) -> String {
    users.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn name(user: &UserId) -> String {
    short(&Chat::User(*user))
}

const fn feeling(feeling: Feeling) -> &'static str {
    match feeling {
        Feeling::Love => "love",
        Feeling::ThumbsUp => "thumbs up",
        Feeling::ThumbsDown => "thumbs down",
        Feeling::Laugh => "laughs",
        Feeling::Sad => "sad",
        Feeling::Angry => "angry",
        _ => "something new",
    }
}
