//! The other devices of an identity.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use status_chat::{Client, DeviceId, Event, HistoryProgress, HistoryRange, Timestamp, pairing};
use status_identity::Ink;
use status_identity::qr::Code;

use crate::account::now;
use crate::args::{DeviceTask, Here};
use crate::home::{Done, online, open};
use crate::lock::{self, locked};
use crate::show::Show;

/// How long a home stays online after a pairing.
const LEAVES: Duration = Duration::from_secs(2);

/// Lists devices, brings one in, or takes one out. What changes is told to the others when this home is online next.
pub(crate) async fn run(show: Show, here: &Here, task: Option<DeviceTask>) -> Done {
    let client = match &task {
        Some(DeviceTask::Join { code, name }) => return join(show, here, code, name).await,
        Some(DeviceTask::Invite | DeviceTask::History { stop: false, .. }) => {
            open(here, online(here)).await?
        }
        _ => open(here, here.client()).await?,
    };
    let done = match task {
        Some(DeviceTask::Invite) => invite(show, &client).await,
        Some(DeviceTask::History { stop: true, .. }) => stop(show, &client).await,
        Some(DeviceTask::History { chats, days, wait, .. }) => {
            history(show, &client, &chats, days, wait).await
        }
        Some(DeviceTask::Rename { name }) => rename(show, &client, &name).await,
        Some(DeviceTask::Confirm { device }) => confirm(show, &client, device).await,
        Some(DeviceTask::Remove { device }) => remove(show, &client, device).await,
        _ => list(show, &client).await,
    };
    client.close().await;
    done
}

async fn invite(show: Show, client: &Client) -> Done {
    let invitation = client.devices().invite().await?;
    let (code, qr) = (invitation.code(), invitation.qr());
    // Capitals take less space in a QR code, and are read as well.
    let ink = if std::io::stdout().is_terminal() { Ink::Colour } else { Ink::Plain };
    show.say(&Code::of(&qr.to_ascii_uppercase())?.terminal(ink));
    show.line(
        &format!(
            "Scan it on the new device, or type there, within ten minutes:\n\n    status-chat devices join {}\n",
            show.bold(&code)
        ),
        || json!({ "event": "invitation", "code": *code, "qr": *qr, "expires": invitation.expires().millis() }),
    );
    let device = invitation.finished().await?;
    show.line(
        &format!("{} is yours  {}", device.id, device.name.as_str()),
        || json!({ "event": "joined", "device": device.id.as_str(), "name": device.name.as_str() }),
    );
    // What is said of it to the others leaves first.
    tokio::time::sleep(LEAVES).await;
    Ok(ExitCode::SUCCESS)
}

async fn join(show: Show, here: &Here, code: &str, name: &str) -> Done {
    let builder = locked(online(here).device_name(name), lock::first(here)?);
    show.say("Looking for the other device. This takes up to a minute.");
    let client = pairing::join(builder, code).await?;
    let (me, device) = (client.me().to_string(), client.device().to_string());
    show.line(
        &format!("This is you:\n\n    {}\n\nand this device is {device}", show.bold(&me)),
        || json!({ "event": "identity", "key": me, "device": device }),
    );
    tokio::time::sleep(LEAVES).await;
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn rename(show: Show, client: &Client, name: &str) -> Done {
    client.devices().rename(name).await?;
    show.line(&format!("this device is {name}"), || json!({ "event": "renamed", "name": name }));
    Ok(ExitCode::SUCCESS)
}

async fn list(show: Show, client: &Client) -> Done {
    let (this, name) = (client.device(), client.devices().name().await?);
    show.line(
        &format!("{this}  this one    {}", name.as_str()),
        || json!({ "device": this.as_str(), "this": true, "name": name.as_str() }),
    );
    for device in client.devices().list().await? {
        let state = if device.joined { "joined    " } else { "not joined" };
        let (name, kind) = (device.name.as_str(), device.name.kind());
        show.line(
            &format!("{}  {state}  {name}", device.id),
            || json!({ "device": device.id.as_str(), "this": false, "joined": device.joined, "name": name, "kind": kind }),
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn confirm(show: Show, client: &Client, device: String) -> Done {
    client.devices().confirm(&DeviceId::new(device.as_str())?).await?;
    show.line(&format!("{device} is yours"), || json!({ "event": "confirmed", "device": device }));
    Ok(ExitCode::SUCCESS)
}

async fn remove(show: Show, client: &Client, device: String) -> Done {
    client.devices().remove(&DeviceId::new(device.as_str())?).await?;
    show.line(&format!("{device} is removed"), || json!({ "event": "removed", "device": device }));
    Ok(ExitCode::SUCCESS)
}

/// Asks for history, or goes on with what was asked for, and shows how it comes in.
async fn history(show: Show, client: &Client, chats: &[String], days: Option<u32>, wait: u64) -> Done {
    let mut range = HistoryRange::all();
    for chat in chats {
        range = range.chat(&chat.parse()?);
    }
    if let Some(days) = days {
        let span = u64::from(days).saturating_mul(24 * 60 * 60 * 1_000);
        range = range.since(Timestamp::from_millis(now().millis().saturating_sub(span)));
    }
    let mut events = client.events();
    if client.devices().histories().await?.is_empty() || range != HistoryRange::all() {
        client.devices().request_history(range).await?;
    }
    let come_in = async {
        while let Some(event) = events.next().await {
            if let Event::History(progress) = event {
                show_progress(show, &progress);
                if progress.done && client.devices().histories().await?.is_empty() {
                    break;
                }
            }
        }
        Ok::<_, status_chat::SendError>(())
    };
    match tokio::time::timeout(Duration::from_secs(wait), come_in).await {
        Ok(done) => done?,
        Err(_) => show.say("The rest comes when both devices are online next."),
    }
    Ok(ExitCode::SUCCESS)
}

async fn stop(show: Show, client: &Client) -> Done {
    for progress in client.devices().histories().await? {
        client.devices().stop_history(progress.id).await?;
        show_progress(show, &progress);
    }
    Ok(ExitCode::SUCCESS)
}

fn show_progress(show: Show, progress: &HistoryProgress) {
    let covered: u64 = progress.givers.iter().map(|giver| giver.covered).sum();
    let total: u64 = progress.givers.iter().map(|giver| giver.total).sum();
    let end = if progress.done { "  all there is" } else { "" };
    show.line(
        &format!("{} messages came, {covered} of {total} looked at{end}", progress.taken()),
        || json!({ "event": "history", "progress": progress }),
    );
}
