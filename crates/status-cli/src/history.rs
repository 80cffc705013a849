//! What was said: the last messages, messages by their words, and all of it as a file.

use std::fs::OpenOptions;
use std::io::{BufWriter, stdout};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use status_chat::{Chat, Event, Search};

use crate::args::Here;
use crate::home::{Done, open};
use crate::show::Show;

/// Prints the last messages of a chat.
pub(crate) async fn last(show: Show, here: &Here, chat: &str, count: usize, ids: bool) -> Done {
    let chat: Chat = chat.parse()?;
    let client = open(here, here.client()).await?;
    let page = client.pages(&chat).newest(count).await?;
    for message in page.messages.into_iter().rev() {
        if ids {
            show.say(&show.dim(&message.id.to_string()));
        }
        show.event(&Event::Message(message));
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Prints messages that have words which begin so.
pub(crate) async fn search(
    show: Show,
    here: &Here,
    words: &[String],
    within: Option<&str>,
    limit: usize,
) -> Done {
    let mut search = Search::new(&words.join(" ")).limit(limit);
    if let Some(chat) = within {
        search = search.within(&chat.parse()?);
    }
    let client = open(here, here.client()).await?;
    let hits = client.search(search).await?;
    if hits.is_partial {
        let text = "messages of this home are still being made findable; ask again in a while for all";
        show.line(&show.dim(text), || json!({ "event": "partial" }));
    }
    for message in hits.messages {
        show.event(&Event::Message(message));
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Writes the history as lines of JSON.
pub(crate) async fn export(show: Show, here: &Here, file: &Path, only: Option<&str>) -> Done {
    let chat: Option<Chat> = only.map(str::parse).transpose()?;
    if file == Path::new("-") {
        let client = open(here, here.client()).await?;
        client.export(chat.as_ref(), BufWriter::new(stdout().lock())).await?;
        client.close().await;
        return Ok(ExitCode::SUCCESS);
    }
    let target = OpenOptions::new().write(true).create_new(true).open(file)?;
    let client = open(here, here.client()).await?;
    let count = client.export(chat.as_ref(), BufWriter::new(target)).await?;
    client.close().await;
    show.line(
        &format!("{count} messages, not encrypted, in {}", file.display()),
        || json!({ "event": "exported", "messages": count }),
    );
    Ok(ExitCode::SUCCESS)
}
