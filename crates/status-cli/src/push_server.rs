//! Running a push notification server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use status_crypto::{Keyring as _, text};
use status_push::{Config, End, Parts, PushServer, SystemClock, Webhook, home};

use crate::args::Here;
use crate::home::Done;
use crate::node::stop;
use crate::show::Show;

/// The secret that is shown to the gateway, for programs: it does not show among the running processes.
const SECRET: &str = "STATUS_PUSH_GATEWAY_SECRET";

/// How a push server is set.
#[derive(clap::Args)]
pub(crate) struct PushServerArgs {
    /// The folder of the server's key and its registrations; it is made if there is none.
    #[arg(long, env = "STATUS_PUSH_FOLDER", value_name = "FOLDER", default_value = ".status-push")]
    folder: PathBuf,
    /// The gateway that talks to the push services, such as http://127.0.0.1:8088/api/push: a gorush, or what answers like one.
    /// `STATUS_PUSH_GATEWAY_SECRET` holds a secret to show it.
    #[arg(long, env = "STATUS_PUSH_GATEWAY", value_name = "URL")]
    gateway: String,
    /// Most people that may be registered.
    #[arg(long, value_name = "PEOPLE", default_value_t = status_push::MAX_PEOPLE)]
    max_people: u32,
    /// Do not serve devices at Apple's push service.
    #[arg(long)]
    no_apn: bool,
    /// Do not serve devices at Firebase.
    #[arg(long)]
    no_firebase: bool,
}

/// Runs a server until it is told to stop.
pub(crate) async fn run(show: Show, here: &Here, args: PushServerArgs) -> Done {
    let mut gateway = Webhook::new(&args.gateway).map_err(|why| format!("{}: {why}", args.gateway))?;
    if let Ok(secret) = std::env::var(SECRET) {
        gateway = gateway.with_secret(&secret)?;
    }
    // From here on whoever says stop is heard.
    let stop = stop()?;

    let key = home::key_in(&args.folder)?;
    let store = home::store_in(&args.folder)?;
    let line = home::Line {
        listen: here.listen.clone(),
        peers: here.peer.clone(),
        fleet: here.fleet,
        local: here.local,
    };
    let (network, addresses) = home::reach(&line).await?;
    let me = text::key_string(&key.user())?;
    let config = Config {
        people: args.max_people,
        apn: !args.no_apn,
        firebase: !args.no_firebase,
        ..Config::default()
    };
    let mut server = PushServer::start(Parts {
        keyring: Arc::new(key),
        store: Box::new(store),
        network,
        gateway: Arc::new(gateway),
        clock: Box::new(SystemClock),
        rng: Box::new(home::randomness()?),
        config,
    })?;
    let stock = server.stock()?;
    show.line(
        &format!(
            "This is the server, for clients to register at:\n\n    {}\n\n    {}\n\n\
             Registered: {} people with {} devices. Notifications that wait: {}",
            show.bold(&me),
            addresses.join("\n    "),
            stock.people,
            stock.devices,
            stock.waiting
        ),
        || {
            json!({
                "event": "push_server",
                "key": me,
                "addresses": addresses,
                "people": stock.people,
                "devices": stock.devices,
                "waiting": stock.waiting,
            })
        },
    );
    let end = server.run(stop).await;
    let done = server.watcher().tally();
    show.line(
        &format!(
            "Stopping. Registrations: {}, questions: {}, requests: {}, notifications handed over: {}",
            done.registered, done.questions, done.requests, done.pushed
        ),
        || {
            json!({
                "event": "stopping",
                "registered": done.registered,
                "unregistered": done.unregistered,
                "questions": done.questions,
                "requests": done.requests,
                "queued": done.queued,
                "pushed": done.pushed,
                "given_up": done.given_up,
                "refused": done.refused,
            })
        },
    );
    server.close().await;
    match end {
        End::Stopped => Ok(ExitCode::SUCCESS),
        End::Failed => Err("the network ended by itself; `-v` says more".into()),
    }
}
