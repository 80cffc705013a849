//! Two people on two nodes say hello to each other.
//!
//! `cargo run -p status-chat --example hello`
#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use status_chat::{Client, Error, Event, Message};

/// Waits for the next message.
async fn hear(client: &Client) -> Option<Message> {
    let mut events = client.events();
    while let Some(event) = events.next().await {
        if let Event::Message(message) = event {
            return Some(message);
        }
    }
    None
}

pub(crate) async fn talk(alice: &Client, bob: &Client) -> Result<Option<Message>, Error> {
    let hello = alice.send(bob.user(), "hello bob").await?;
    let heard = hear(bob).await;
    hello.delivered().await?;
    Ok(heard)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let alice = Client::builder().listen("/ip4/127.0.0.1/tcp/0").open().await?;
    let address = alice.addresses().concat();
    let bob = Client::builder().peer(address).open().await?;
    if let Some(message) = talk(&alice, &bob).await? {
        println!("{} ({:?})", message.text, message.grade);
    }
    Ok(())
}
