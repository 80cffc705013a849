//! When the operating system wants the process to end.

use std::future::Future;

use tokio::sync::oneshot;

/// Is done at the first control-C or `SIGTERM` from now on. Runs on a thread of its own, so that any executor will do.
pub(super) fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut said, heard) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listen = move || {
        runtime.block_on(async {
            tokio::select! {
                () = signalled() => {}
                // The bot has ended by itself.
                () = said.closed() => {}
            }
        });
        // Whoever waits may be gone; then nobody is to be told.
        let _ = said.send(());
    };
    std::thread::Builder::new().name("status-chat-signals".into()).spawn(listen)?;
    Ok(async move {
        // The thread always answers.
        drop(heard.await);
    })
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return interrupted().await };
    tokio::select! {
        () = interrupted() => {}
        _ = terminated.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    interrupted().await;
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Then only the end of the process ends the bot.
        std::future::pending::<()>().await;
    }
}
