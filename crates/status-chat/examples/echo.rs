//! A bot that repeats what it is told.
//!
//! `STATUS_CHAT_HOME=echo cargo run -p status-chat --example echo`
#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use status_chat::Error;
use status_chat::bot::Bot;

pub(crate) fn echo(bot: Bot) -> Bot {
    bot.on_message(|ctx| async move { ctx.reply(format!("you said: {}", ctx.text())).await })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bot = Bot::from_env()?.on_start(|client| println!("write to me: {}", client.me()));
    echo(bot).run().await
}
