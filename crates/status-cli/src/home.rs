//! The identity in a home.

use std::error::Error;
use std::process::ExitCode;

use serde_json::json;
use status_chat::home::is_home;
use status_chat::{Client, Identity};

use crate::args::Here;
use crate::lock::{self, locked};
use crate::show::Show;

/// What commands return: how to exit, or why they failed.
pub(crate) type Done = Result<ExitCode, Box<dyn Error>>;

/// Puts an identity into a new home; makes one if none is given.
pub(crate) async fn init(show: Show, here: &Here, identity: Option<Identity>) -> Done {
    if is_home(&here.folder()) {
        let home = here.folder();
        let home = home.display();
        return Err(format!(
            "{home} has an identity already. `whoami` prints it; --home or --account chooses another"
        )
        .into());
    }
    let lock = lock::first(here)?;
    let in_home = lock.is_none();
    let mut builder = locked(here.client(), lock);
    if let Some(identity) = identity {
        builder = builder.identity(identity);
    }
    let client = builder.open().await?;
    let (me, phrase) = (client.me().to_string(), client.recovery_phrase().expose().to_owned());
    show.line(
        &format!("This is you, for others to write to:\n\n    {}\n", show.bold(&me)),
        || json!({ "event": "identity", "key": me, "recovery_phrase": phrase }),
    );
    show.say(&format!("These words are you too. Write them down and show them to nobody:\n\n    {phrase}\n"));
    if in_home {
        show.say(
            "The home is encrypted, with its key in it: whoever copies all of it can read your messages.\n\
             `status-chat lock` gives it a passphrase instead.",
        );
    }
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Prints the key that others write to.
pub(crate) async fn whoami(show: Show, here: &Here) -> Done {
    let client = open(here, here.client()).await?;
    let me = client.me().to_string();
    show.line(&me, || json!({ "event": "identity", "key": me, "device": client.device().as_str() }));
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Opens the client of a home that has an identity.
pub(crate) async fn open(here: &Here, builder: status_chat::ClientBuilder) -> Result<Client, Box<dyn Error>> {
    if !is_home(&here.folder()) {
        let home = here.folder();
        let home = home.display();
        return Err(format!("{home} has no identity yet. Make one with `status-chat init`").into());
    }
    Ok(locked(builder, lock::of(here)?).open().await?)
}

/// A client of a home, on the network.
pub(crate) fn online(here: &Here) -> status_chat::ClientBuilder {
    let mut builder = here.client();
    for address in &here.listen {
        builder = builder.listen(address);
    }
    for address in &here.peer {
        builder = builder.peer(address);
    }
    if let Some(fleet) = here.fleet {
        builder = builder.fleet(fleet);
    }
    if here.local {
        builder = builder.local_discovery();
    }
    if here.light {
        builder = builder.light();
    }
    builder
}
