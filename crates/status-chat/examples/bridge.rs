//! A bridge between a chat and any other program: each message becomes a line of JSON on the output, each line of the input is said.
//!
//! `cargo run -p status-chat --example bridge -- '#room'`

use status_chat::{Chat, Client, Error, Event};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt};

/// Until the input ends. A message counts as dealt with when it was written.
pub(crate) async fn bridge(
    client: &Client,
    chat: &Chat,
    input: impl AsyncBufRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> Result<(), Error> {
    let mut stream = client.stream("bridge").await?;
    let mut lines = input.lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => drop(client.send(chat.clone(), line.as_str()).await?),
                None => return Ok(()),
            },
            Some(entry) = stream.next() => {
                if let Event::Message(message) = entry.event() && message.chat == *chat {
                    let line = serde_json::to_string(message).map_err(std::io::Error::from)?;
                    output.write_all(format!("{line}\n").as_bytes()).await?;
                    output.flush().await?;
                }
                entry.ack().await?;
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let chat: Chat = std::env::args().nth(1).unwrap_or_else(|| "#status".into()).parse()?;
    let client = Client::builder().home("bridge").local_discovery().stream("bridge").open().await?;
    client.join(chat.clone()).await?;
    bridge(&client, &chat, tokio::io::BufReader::new(tokio::io::stdin()), tokio::io::stdout()).await?;
    client.close().await;
    Ok(())
}
