//! The command `status-chat`: a demonstration, a terminal chat, a service node, and checks of interoperability vectors.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its terminal")]

mod account;
mod args;
mod backup;
mod contacts;
mod demo;
mod devices;
mod doctor;
mod groups;
mod history;
mod home;
mod lock;
mod message;
mod node;
mod peers;
mod profile;
mod push_server;
mod show;
mod sim;
mod talk;
mod vectors;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;

use account::AccountTask;
use args::{Args, SimTask, Task, VectorTask};
use home::Done;
use show::Show;

fn main() -> ExitCode {
    let args = Args::parse();
    let show = Show::new(args.json);
    let done = match args.task {
        // Servers serve many at once, so they have threads; a node has logs of its own.
        Task::Node(_) | Task::PushServer(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    }
    .enable_all()
    .build()
    .map_err(Into::into)
    .and_then(|runtime| runtime.block_on(run(args, show)));
    match done {
        Ok(code) => code,
        Err(error) => {
            show.error(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args, show: Show) -> Done {
    if !matches!(args.task, Task::Node(_)) {
        log(args.verbose);
    }
    match args.task {
        Task::Demo => demo::run(show).await,
        Task::Init { recover: false } => home::init(show, &args.here, None).await,
        Task::Init { recover: true } => account::run(show, &args.here, AccountTask::Restore).await,
        Task::Account(task) => account::run(show, &args.here, task).await,
        Task::Whoami => home::whoami(show, &args.here).await,
        Task::Lock { to_key_file, in_home } => lock::replace(show, &args.here, to_key_file, in_home),
        Task::Backup { task } => backup::run(show, &args.here, task),
        Task::Doctor { repair: true, .. } => doctor::repair(show, &args.here),
        Task::Doctor { export: Some(file), .. } => doctor::export(show, &args.here, &file),
        Task::Doctor { .. } => doctor::examine(show, &args.here),
        Task::Send { to, text, wait } => talk::send(show, &args.here, &to, &text, wait).await,
        Task::Listen { channels } => talk::listen(show, &args.here, &channels).await,
        Task::Chat { with } => talk::chat(show, &args.here, &with).await,
        Task::History { chat, last, ids } => history::last(show, &args.here, &chat, last, ids).await,
        Task::Search { words, within, limit } => {
            history::search(show, &args.here, &words, within.as_deref(), limit).await
        }
        Task::Export { file, only } => history::export(show, &args.here, &file, only.as_deref()).await,
        Task::Peers { wait } => peers::run(show, &args.here, wait).await,
        Task::Devices { task } => devices::run(show, &args.here, task).await,
        Task::Groups { task } => groups::run(show, &args.here, task).await,
        Task::Message(task) => message::run(show, &args.here, task).await,
        Task::Profile { task } => profile::run(show, &args.here, task).await,
        Task::Contacts { task } => contacts::run(show, &args.here, task).await,
        Task::Sim(SimTask::Run { storm, seed, seeds }) => sim::run(show, &storm, seed, seeds),
        Task::Sim(SimTask::Replay { seed, storm }) => sim::replay(show, &storm, seed),
        Task::Vectors(VectorTask::Check { folder, strict }) => vectors::check(show, &folder, strict),
        Task::Node(node) => node::run(show, &args.here, args.verbose, node).await,
        Task::PushServer(server) => push_server::run(show, &args.here, server).await,
    }
}

/// Logs go to the error output, so that `--json` stays readable for machines.
fn log(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "warn,status_chat=info,status_p2p=info,status_push=info",
        _ => "info,status_chat=debug,status_p2p=debug,status_push=debug",
    };
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("STATUS_CHAT_LOG").unwrap_or_else(|_| level.into());
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr).init();
}
