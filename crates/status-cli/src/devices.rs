//! The other devices of an identity.

use std::process::ExitCode;

use serde_json::json;
use status_chat::{Client, DeviceId};

use crate::args::{DeviceTask, Here};
use crate::home::{Done, open};
use crate::show::Show;

/// Lists devices, or takes one in or out. What changes is told to the others when this home is online next.
pub(crate) async fn run(show: Show, here: &Here, task: Option<DeviceTask>) -> Done {
    let client = open(here, Client::builder().home(&here.home)).await?;
    let done = match task {
        None => list(show, &client).await,
        Some(DeviceTask::Confirm { device }) => confirm(show, &client, device).await,
        Some(DeviceTask::Remove { device }) => remove(show, &client, device).await,
    };
    client.close().await;
    done
}

async fn list(show: Show, client: &Client) -> Done {
    let this = client.device();
    show.line(&format!("{this}  this one"), || json!({ "device": this.as_str(), "this": true }));
    for device in client.devices().await? {
        let state = if device.joined { "joined" } else { "not joined" };
        show.line(
            &format!("{}  {state}", device.id),
            || json!({ "device": device.id.as_str(), "this": false, "joined": device.joined }),
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn confirm(show: Show, client: &Client, device: String) -> Done {
    client.confirm_device(&DeviceId::new(device.as_str())?).await?;
    show.line(&format!("{device} is yours"), || json!({ "event": "confirmed", "device": device }));
    Ok(ExitCode::SUCCESS)
}

async fn remove(show: Show, client: &Client, device: String) -> Done {
    client.remove_device(&DeviceId::new(device.as_str())?).await?;
    show.line(&format!("{device} is removed"), || json!({ "event": "removed", "device": device }));
    Ok(ExitCode::SUCCESS)
}
