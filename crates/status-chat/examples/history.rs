//! Writes all that was said in a home as lines of JSON, chat by chat, oldest first.
//!
//! `cargo run -p status-chat --example history -- path/to/home`
#![allow(clippy::print_stderr, reason = "an example speaks through its terminal")]

use std::io::Write;

use status_chat::{Client, Error};

/// Messages that are read at once.
const PAGE: usize = 500;

pub(crate) async fn export(client: &Client, mut to: impl Write) -> Result<usize, Error> {
    let mut count = 0;
    for chat in client.chats().await? {
        let mut after = 0;
        loop {
            let page = client.history(&chat, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.clock;
            count += page.len();
            for message in page {
                serde_json::to_writer(&mut to, &message).map_err(std::io::Error::from)?;
                writeln!(to)?;
            }
        }
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let home = std::env::args().nth(1).unwrap_or_else(|| "status-bot".into());
    let client = Client::builder().home(home).open().await?;
    let count = export(&client, std::io::stdout().lock()).await?;
    eprintln!("{count} messages");
    client.close().await;
    Ok(())
}
