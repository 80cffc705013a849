//! How things look: lines for people, or one JSON object a line for programs.

mod news;

use std::error::Error;
use std::io::{IsTerminal, Write};

use serde_json::{Value, json};
use status_chat::{Chat, DeviceId, Event, Grade, Journey, Message, Notice, Stage};
use status_identity::Ink;

/// Where and how to print.
#[derive(Clone, Copy)]
pub(crate) struct Show {
    pub(crate) json: bool,
    colour: bool,
}

impl Show {
    pub(crate) fn new(json: bool) -> Self {
        let plain = json || std::env::var_os("NO_COLOR").is_some() || !std::io::stdout().is_terminal();
        Self { json, colour: !plain }
    }

    /// Prints a line for people or, in its place, an object for programs.
    pub(crate) fn line(self, text: &str, object: impl FnOnce() -> Value) {
        let line = if self.json { object().to_string() } else { text.to_owned() };
        // A closed pipe is how a reader says that it has had enough.
        let mut out = std::io::stdout().lock();
        drop(writeln!(out, "{line}"));
        drop(out.flush());
    }

    /// Prints a line that programs do not need.
    pub(crate) fn say(self, text: &str) {
        if !self.json {
            self.line(text, || Value::Null);
        }
    }

    /// Prints an object that people do not need.
    pub(crate) fn object(self, object: impl FnOnce() -> Value) {
        if self.json {
            self.line("", object);
        }
    }

    /// Prints what went wrong.
    pub(crate) fn error(self, error: &dyn Error) {
        if self.json {
            println!("{}", json!({ "event": "error", "why": error.to_string() }));
        } else {
            eprintln!("status-chat: {error}");
        }
    }

    /// What pictures are drawn with.
    pub(crate) const fn ink(self) -> Ink {
        if self.colour { Ink::Colour } else { Ink::Plain }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.painted("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.painted("2", text)
    }

    pub(crate) fn grade(self, grade: Grade) -> String {
        let colour = match grade {
            Grade::Ratcheted => "32",
            Grade::Static => "33",
            Grade::Clear => "36",
        };
        self.painted(colour, grade_name(grade))
    }

    fn painted(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// One event, as the commands `listen` and `chat` print it.
    pub(crate) fn event(self, event: &Event) {
        match event {
            Event::Message(message) => {
                let place = match &message.chat {
                    Chat::User(_) => String::new(),
                    other => format!(" in {}", short(other)),
                };
                let head = format!("{}{place}", short(&Chat::User(message.from)));
                let stage = message.stage.map(|stage| self.dim(&format!(", {stage}"))).unwrap_or_default();
                let text = format!(
                    "{}  {}  [{}{stage}]",
                    self.bold(&head),
                    printable(&message.text),
                    self.grade(message.grade)
                );
                self.line(&text, || message_object(message));
            }
            Event::Delivered { id, by, device } => {
                let by = Chat::User(*by);
                let text = self.dim(&format!("delivered to {}", short(&by)));
                let device = device.as_ref().map(DeviceId::as_str);
                self.line(&text, || {
                    json!({ "event": "delivered", "id": id.to_string(), "by": by.to_string(), "device": device })
                });
            }
            Event::Stage { id, stage } => {
                let object = || json!({ "event": "stage", "id": id.to_string(), "stage": stage.to_string() });
                match stage {
                    Stage::GaveUp { .. } => self.line(&format!("a message of yours was {stage}"), object),
                    // People see it where it matters: delivered, or not.
                    _ => self.object(object),
                }
            }
            Event::Gap { from, missing } => {
                let from = Chat::User(*from);
                let text =
                    format!("{missing} messages of {} are missing here; they were asked for", short(&from));
                self.line(
                    &self.dim(&text),
                    || json!({ "event": "gap", "from": from.to_string(), "missing": missing }),
                );
            }
            Event::Online(online) => {
                let text = if *online { "a peer has joined" } else { "no peer is left; what you send waits" };
                self.line(&self.dim(text), || json!({ "event": "online", "online": online }));
            }
            Event::Unsupported { from, kind } => {
                let from = Chat::User(*from);
                let text = format!("{} sent content of type {kind}, which is not shown yet", short(&from));
                self.line(
                    &self.dim(&text),
                    || json!({ "event": "unsupported", "from": from.to_string(), "kind": kind }),
                );
            }
            // Strangers' noise is no news for people; programs may want to count it.
            Event::Refused(refused) => {
                self.object(|| json!({ "event": "refused", "layer": refused.layer, "why": refused.why }));
            }
            Event::Device(device) => {
                let is =
                    if device.joined { "is a device of yours" } else { "is no device of yours any more" };
                let text = format!("{} {is}  {}", device.id, device.name.as_str());
                self.line(&self.dim(&text), || {
                    json!({ "event": "device", "device": device.id.as_str(), "joined": device.joined, "name": device.name.as_str() })
                });
            }
            Event::Notice(Notice::Unreadable { from }) => {
                let from = Chat::User(*from);
                let text = format!("{} wrote with a key of another device; they are told ours", short(&from));
                self.line(&self.dim(&text), || json!({ "event": "unreadable", "from": from.to_string() }));
            }
            Event::Notice(Notice::NewDevice { user, device, joined }) => {
                let user = Chat::User(*user);
                let text = match joined {
                    true => format!("{} has a new device", short(&user)),
                    false => format!("a device wants to join you; if it is yours: devices confirm {device}"),
                };
                self.line(&self.dim(&text), || {
                    json!({ "event": "new_device", "user": user.to_string(), "device": device.as_str(), "joined": joined })
                });
            }
            Event::Notice(Notice::RemovedDevice { user, device }) => {
                let user = Chat::User(*user);
                let text = format!("{} has removed the device {device}", short(&user));
                self.line(&self.dim(&text), || {
                    json!({ "event": "removed_device", "user": user.to_string(), "device": device.as_str() })
                });
            }
            Event::PutBack => {
                let text = "this home is an older copy of itself, or was copied: what was said since is missing here; \
                            conversations go on with new keys";
                self.line(text, || json!({ "event": "put_back" }));
            }
            Event::Missed { count } => {
                let text = self.dim(&format!("{count} events were missed; the history has every message"));
                self.line(&text, || json!({ "event": "missed", "count": count }));
            }
            Event::Failed { why } => {
                let text = format!("our own side failed in one step, which left no trace: {why}");
                self.line(&text, || json!({ "event": "failed", "why": why }));
            }
            _ => self.news(event),
        }
    }
}

pub(crate) const fn grade_name(grade: Grade) -> &'static str {
    match grade {
        Grade::Ratcheted => "forward secret",
        Grade::Static => "encrypted",
        Grade::Clear => "public",
    }
}

/// A message as an object.
pub(crate) fn message_object(message: &Message) -> Value {
    json!({
        "event": "message",
        "id": message.id.to_string(),
        "chat": message.chat.to_string(),
        "from": Chat::User(message.from).to_string(),
        "text": message.text,
        "clock": message.clock,
        "sent_at_ms": message.sent_at.millis(),
        "grade": grade_name(message.grade),
        "stage": message.stage.map(|stage| stage.to_string()),
        "bytes": message.way.map(|way| way_object(&way)),
    })
}

fn way_object(way: &Journey) -> Value {
    json!({
        "text": way.text,
        "body": way.body,
        "datagram": way.layers.datagram,
        "sealed": way.layers.sealed,
        "frame": way.layers.frame,
    })
}

/// The way a message took, in one line.
pub(crate) fn way(way: &Journey) -> String {
    let Journey { text, body, layers } = way;
    format!(
        "text {text} → signed {body} → synced {} → sealed {} → envelope {} bytes",
        layers.datagram, layers.sealed, layers.frame
    )
}

/// The beginning and the end of a key: enough to tell people apart on a screen.
pub(crate) fn short(chat: &Chat) -> String {
    let text = chat.to_string();
    match chat {
        Chat::Channel(_) => text,
        Chat::User(_) | Chat::Group(_) => {
            let (head, tail) = (text.get(..9), text.get(text.len().saturating_sub(4)..));
            format!("{}…{}", head.unwrap_or_default(), tail.unwrap_or_default())
        }
    }
}

/// Text from others, without what would move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
