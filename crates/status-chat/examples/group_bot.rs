//! A bot that makes groups, and keeps score in them.
//!
//! `STATUS_CHAT_HOME=host cargo run -p status-chat --example group_bot`

#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use status_chat::bot::{Bot, Context};
use status_chat::{Chat, Error};

pub(crate) fn host(bot: Bot) -> Bot {
    bot.about("I make groups and keep score in them.")
        .command("/group <name>", "makes a group with you in it", make)
        .command("/members", "counts who is in this group", members)
        .command("/point <who>", "gives somebody a point", point)
}

async fn make(ctx: Context) -> Result<(), Error> {
    let group = ctx.client().groups().create(ctx.text(), &[ctx.from()]).await?;
    ctx.client().send(Chat::Group(group), "Welcome. See /help.").await?;
    Ok(())
}

async fn members(ctx: Context) -> Result<(), Error> {
    if let Chat::Group(group) = ctx.chat()
        && let Some(group) = ctx.client().groups().one(group).await?
    {
        ctx.reply(format!("{} has {} members", group.name, group.members.len())).await?;
    }
    Ok(())
}

async fn point(ctx: Context) -> Result<(), Error> {
    let key = format!("{} {}", ctx.chat(), ctx.arg::<String>(0)?);
    let points = ctx.state::<u64>(&key).await?.unwrap_or(0) + 1;
    ctx.set_state(&key, &points).await?;
    ctx.reply(format!("{points} for {}", ctx.text())).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bot = Bot::from_env()?.on_start(|client| println!("write to me: {}", client.me()));
    host(bot).run().await
}
