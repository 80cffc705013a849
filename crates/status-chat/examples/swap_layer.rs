//! Another layer in place of one of the deployed network: here data sync that gives up after a day, and security that never
//! seals to an identity key. A layer of one's own goes in the same way; `docs/swap-a-layer.md` shows what it has to do.
//!
//! `cargo run -p status-chat --example swap_layer`
#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use std::time::Duration;

use status_chat::{Client, ClientBuilder, Error, Stack};
use status_data_sync::Mvds;
use status_privacy::Waku;
use status_security::{FirstMessage, Sessions};

pub(crate) fn strict(client: ClientBuilder) -> ClientBuilder {
    client.stack(|us| {
        let day = Duration::from_secs(24 * 3_600);
        let sync = status_data_sync::Config { give_up_after: day, ..Default::default() };
        let first_message = FirstMessage::RequireForwardSecrecy;
        let security = status_security::Config { first_message, ..Default::default() };
        Stack::new(
            Mvds::new(us.keyring.user(), sync),
            Sessions::new(security, us.keyring.clone(), us.device.clone()),
            Waku::new(us.keyring.clone()),
        )
    })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = strict(Client::builder()).local_discovery().open().await?;
    println!("{} speaks through layers of its own choice", client.me());
    client.close().await;
    Ok(())
}
