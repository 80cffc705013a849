//! Two new users find each other and talk, through every real layer: node, envelope, ratchet, data sync, store.

mod people;
mod report;

use std::process::ExitCode;
use std::time::Instant;

use crate::home::Done;
use crate::show::Show;
use people::{Pair, Who};
use report::Report;

/// Who says what to the other, in order.
const TALK: [(Who, &str); 6] = [
    (Who::Alice, "Hi Bob! I have nothing of you but your key."),
    (Who::Bob, "Hi Alice! Your keys came with that: from here on every message has a key of its own."),
    (Who::Alice, "And each answer turns the ratchet. Who steals my phone cannot read yesterday."),
    (Who::Bob, "What gets lost is sent again until I acknowledge it."),
    (Who::Alice, "See you in the channel."),
    (Who::Bob, "On my way."),
];
const CHANNEL: &str = "#demo";
const IN_PUBLIC: &str = "Hello everybody, this line is for all to read.";

pub(crate) async fn run(show: Show) -> Done {
    let began = now();
    let folder = tempfile::Builder::new().prefix("status-chat-demo-").tempdir()?;
    let mut report = Report::new(show);

    let mut pair = Pair::meet(folder.path(), CHANNEL).await?;
    report.introduce(&pair);
    for (number, (who, text)) in TALK.into_iter().enumerate() {
        let id = pair.of(who).client.send(pair.of(who.other()).client.me(), text).await?.id();
        report.said(who, id);
        if number == 0 {
            report.away();
            pair.bob_joins_the_network(folder.path(), CHANNEL).await?;
            report.here(&pair);
        }
        let message = pair.of_mut(who.other()).hear(id).await?;
        report.tell(who, &message);
        pair.of_mut(who).acknowledged(id).await?;
    }
    let id = pair.alice.client.send(CHANNEL, IN_PUBLIC).await?.id();
    report.said_in_public(id);
    let message = pair.bob.hear(id).await?;
    report.tell(Who::Alice, &message);

    // What still is to come (a last acknowledgement, anything that arrives twice) has this moment to show.
    pair.settle().await;
    let good = report.end(&pair, began.elapsed()).await?;
    pair.close().await;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "the demonstration tells how long it took")]
fn now() -> Instant {
    Instant::now()
}
