//! Running a service node.

use std::process::ExitCode;

use serde_json::json;
use status_node::{ArchiveKind, End, LogFormat, Service, Settings};
use tracing_subscriber::EnvFilter;

use crate::args::{Here, NodeArgs};
use crate::home::Done;
use crate::show::Show;

/// Runs a node until it is told to stop.
pub(crate) async fn run(show: Show, here: &Here, verbose: u8, node: NodeArgs) -> Done {
    let settings = Settings::read(node.config.as_deref(), environment(), flags(here, verbose, &node))?;
    if node.print_config {
        show.line(
            settings.to_toml().trim_end(),
            || json!({ "event": "settings", "toml": settings.to_toml() }),
        );
        return Ok(ExitCode::SUCCESS);
    }
    log(&settings)?;
    // From here on whoever says stop is heard.
    let stop = stop()?;

    let mut service = Service::start(&settings).await?;
    introduce(show, &settings, &service);
    let end = service.run(stop).await;
    show.line("Stopping.", || json!({ "event": "stopping" }));
    service.close().await;
    match end {
        End::Stopped => Ok(ExitCode::SUCCESS),
        End::Failed => Err("the node ended by itself; the log says more".into()),
    }
}

/// What is readable of the environment; what is not text cannot be a setting.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn flags(here: &Here, verbose: u8, node: &NodeArgs) -> Vec<(String, String)> {
    let mut flags = node.set.clone();
    let mut set = |name: &str, value: String| flags.push((name.to_owned(), value));
    if !here.listen.is_empty() {
        set("network.listen", here.listen.join(","));
    }
    if !here.peer.is_empty() {
        set("network.peers", here.peer.join(","));
    }
    if here.local {
        set("network.local", "true".to_owned());
    }
    if let Some(fleet) = here.fleet {
        set("network.fleet", fleet.name().to_owned());
    }
    if let Some(folder) = &node.folder {
        set("folder", folder.clone());
    }
    match verbose {
        0 => {}
        1 => set("log.level", "debug".to_owned()),
        _ => set("log.level", "trace".to_owned()),
    }
    flags
}

fn introduce(show: Show, settings: &Settings, service: &Service) {
    let addresses: Vec<String> = service.listen_addrs().iter().map(ToString::to_string).collect();
    let http = service.http_addr().map(|address| format!("http://{address}"));
    let history = match settings.archive {
        ArchiveKind::File => settings.archive_file().display().to_string(),
        kind => kind.to_string(),
    };
    let told = http.as_ref().map_or_else(|| "nowhere".to_owned(), |http| format!("{http}/metrics"));
    show.line(
        &format!(
            "This node is {}\n\n    {}\n\nHistory: {history}, for {} days\nMetrics: {told}",
            show.bold(service.id().as_str()),
            addresses.join("\n    "),
            settings.days
        ),
        || {
            json!({
                "event": "node",
                "id": service.id().as_str(),
                "addresses": addresses,
                "record": service.record(),
                "http": http,
                "archive": settings.archive.to_string(),
                "days": settings.days,
            })
        },
    );
}

/// Logs of our own crates have the level that is set, those of others are warnings at least; or it is a filter.
fn log(settings: &Settings) -> Result<(), Box<dyn std::error::Error>> {
    let filter = match &*settings.log {
        level @ ("info" | "debug" | "trace") => format!("warn,status_node={level},status_p2p={level}"),
        filter => filter.to_owned(),
    };
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("`log.level` is neither a level nor a filter: {error}"))?;
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(colour).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// Is over when the process is asked to end: by a service manager, or at the terminal.
#[cfg(unix)]
pub(crate) fn stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

#[cfg(not(unix))]
pub(crate) fn stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
