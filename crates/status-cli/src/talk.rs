//! Talking from a terminal.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use status_chat::{Chat, Client, Event};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::args::Here;
use crate::home::{Done, online, open};
use crate::show::{Show, short};

/// Messages of the past that `chat` shows first.
const PAST: usize = 20;

/// Sends one message and waits until it is acknowledged or, in a channel, published.
pub(crate) async fn send(show: Show, here: &Here, to: &str, text: &str, wait: u64) -> Done {
    let chat: Chat = to.parse()?;
    let client = open(here, online(here)).await?;
    let mut events = client.events();
    let id = client.send(chat.clone(), text).await?;
    show.line(&format!("kept, for {}", short(&chat)), || json!({ "event": "kept", "id": id.to_string() }));
    let delivered = async {
        match chat {
            Chat::User(_) | Chat::Group(_) => loop {
                match events.next().await {
                    Some(event @ Event::Delivered { id: which, .. }) if which == id => {
                        show.event(&event);
                        return true;
                    }
                    Some(_) => {}
                    None => return false,
                }
            },
            Chat::Channel(_) => left(&client).await,
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(wait), delivered).await.unwrap_or(false);
    match (done, &chat) {
        (true, Chat::User(_) | Chat::Group(_)) => {}
        (true, Chat::Channel(_)) => show.line(&show.dim("published"), || json!({ "event": "published" })),
        (false, _) => show.line(
            &show.dim("not delivered yet; it is sent again whenever this home is online"),
            || json!({ "event": "waiting", "id": id.to_string() }),
        ),
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits until nothing of ours waits to be published.
async fn left(client: &Client) -> bool {
    loop {
        match client.tally().await {
            Ok(tally) if tally.waiting == 0 => return true,
            Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(_) => return false,
        }
    }
}

/// Prints what arrives.
pub(crate) async fn listen(show: Show, here: &Here, channels: &[String]) -> Done {
    let client = open(here, online(here)).await?;
    let mut events = client.events();
    for name in channels {
        let chat: Chat = name.parse()?;
        client.join(chat).await?;
    }
    welcome(show, &client);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => show.event(&event),
                None => break,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Sends what is typed and prints what arrives in one chat.
pub(crate) async fn chat(show: Show, here: &Here, with: &str) -> Done {
    let chat: Chat = with.parse()?;
    let client = open(here, online(here)).await?;
    let mut events = client.events();
    client.join(chat.clone()).await?;
    welcome(show, &client);
    show.say(&show.dim("Type a line to send it; end with Ctrl-D."));
    for message in past(&client, &chat).await? {
        show.event(&Event::Message(message));
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => match client.send(chat.clone(), &line).await {
                    // What was typed is on the screen already.
                    Ok(id) => show.object(|| json!({ "event": "kept", "id": id.to_string() })),
                    Err(error) => show.error(&error),
                },
                None => break,
            },
            event = events.next() => match event {
                Some(Event::Message(message)) if message.chat != chat => {
                    let from = short(&Chat::User(message.from));
                    show.say(&show.dim(&format!("(a message from {from} is waiting in another chat)")));
                }
                Some(event) => show.event(&event),
                None => break,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The newest messages of a chat, oldest first.
async fn past(client: &Client, chat: &Chat) -> Result<Vec<status_chat::Message>, status_chat::SendError> {
    let mut newest = client.pages(chat).newest(PAST).await?.messages;
    newest.reverse();
    Ok(newest)
}

fn welcome(show: Show, client: &Client) {
    let me = client.me().to_string();
    show.line(
        &format!("You are {}", show.bold(&me)),
        || json!({ "event": "open", "key": me, "addresses": client.addresses() }),
    );
    for address in client.addresses() {
        show.say(&show.dim(&format!("Others reach you with  --peer {address}")));
    }
}
