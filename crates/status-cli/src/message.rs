//! What is done to a message that was said: it is changed, deleted, reacted to, pinned.

use std::error::Error;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use status_chat::{Feeling, MessageId};

use crate::args::Here;
use crate::home::{Done, open};
use crate::show::Show;

/// What to do to a message. Its id is what `history --ids` prints.
#[derive(Subcommand)]
pub(crate) enum MessageTask {
    /// Give a message of ours another text.
    Edit {
        /// The message.
        id: String,
        /// The text.
        text: String,
    },
    /// Delete a message of ours for everybody.
    Delete {
        /// The message.
        id: String,
        /// For us alone, on all our devices: then it may be anybody's.
        #[arg(long)]
        for_me: bool,
    },
    /// React to a message.
    React {
        /// The message.
        id: String,
        /// How.
        #[arg(value_enum)]
        feeling: How,
        /// Take it back.
        #[arg(long)]
        off: bool,
    },
    /// Keep a message before the eyes of all.
    Pin {
        /// The message.
        id: String,
        /// No more.
        #[arg(long)]
        off: bool,
    },
}

/// The feelings that there are.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum How {
    Love,
    ThumbsUp,
    ThumbsDown,
    Laugh,
    Sad,
    Angry,
}

/// Does it. Others are told when this home is online next.
pub(crate) async fn run(show: Show, here: &Here, task: MessageTask) -> Done {
    let client = open(here, here.client()).await?;
    let done = async {
        match task {
            MessageTask::Edit { id, text } => client.edit(message_id(&id)?, text.as_str()).await?,
            MessageTask::Delete { id, for_me: true } => client.delete_for_me(message_id(&id)?).await?,
            MessageTask::Delete { id, for_me: false } => client.delete(message_id(&id)?).await?,
            MessageTask::React { id, feeling, off: false } => {
                client.react(message_id(&id)?, feeling.into()).await?;
            }
            MessageTask::React { id, feeling, off: true } => {
                client.unreact(message_id(&id)?, feeling.into()).await?;
            }
            MessageTask::Pin { id, off: false } => client.pin(message_id(&id)?).await?,
            MessageTask::Pin { id, off: true } => client.unpin(message_id(&id)?).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
    .await;
    client.close().await;
    if done.is_ok() {
        show.line("done; others hear of it when this home is online", || json!({ "event": "done" }));
    }
    done
}

fn message_id(text: &str) -> Result<MessageId, Box<dyn Error>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut id = [0; 32];
    let fit = digits.len() == 2 * id.len() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !fit {
        return Err("an id has 64 hexadecimal digits; `history --ids` prints them".into());
    }
    for (byte, pair) in id.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
    }
    Ok(MessageId::new(id))
}

impl From<How> for Feeling {
    fn from(how: How) -> Self {
        match how {
            How::Love => Self::Love,
            How::ThumbsUp => Self::ThumbsUp,
            How::ThumbsDown => Self::ThumbsDown,
            How::Laugh => Self::Laugh,
            How::Sad => Self::Sad,
            How::Angry => Self::Angry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_with_and_without_its_prefix_and_nothing_else_is() {
        let digits = "0a".repeat(32);

        assert_eq!(message_id(&digits).unwrap(), MessageId::new([10; 32]));
        assert_eq!(message_id(&format!("0x{digits}")).unwrap(), MessageId::new([10; 32]));
        for wrong in ["", "0x", "0a", &"0g".repeat(32), &"+1".repeat(32), &"é".repeat(32), &"0a".repeat(33)]
        {
            assert!(message_id(wrong).is_err(), "{wrong}");
        }
    }
}
