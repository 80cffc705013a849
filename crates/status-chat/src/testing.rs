//! For tests and benches of the whole: homes as they are after years, and clients in somebody else's time.

use std::time::Duration;

use status_layer::examine::Finding;
use status_layer::{Draft, Read, Store, StoreError};

use crate::builder::{ClientBuilder, start};
use crate::client::Client;
use crate::client::Events;
use crate::core::AREA;
use crate::error::OpenError;
use crate::event::{Event, Message};
use crate::table;

/// Keeps messages in the store of a client that is not open, as if they had been sent or received; all of them in one
/// commit. What the layers remember of a message is not made.
///
/// # Errors
/// [`StoreError`]; then none is kept.
pub fn keep<'a>(
    store: &mut impl Store,
    messages: impl IntoIterator<Item = &'a Message>,
) -> Result<(), StoreError> {
    let mut draft = Draft::new(store);
    let mut shelf = draft.shelf(AREA);
    for message in messages {
        table::join(&mut shelf, &message.chat);
        table::set_clock(&mut shelf, &message.chat, message.clock);
        table::save_message(&mut shelf, message)?;
        table::index(&mut shelf, message)?;
    }
    let batch = draft.into_batch();
    store.commit(batch)
}

/// What is wrong with the chat's own rows in a store of which no client is open; nothing, if all is in order.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(store: &dyn Read) -> Result<Vec<Finding>, StoreError> {
    Ok(table::examine(store, AREA)?.findings)
}

/// Waits for the first event that `wanted` takes something from; nothing, if none comes `within` this time.
pub async fn heard<T>(
    events: &mut Events,
    within: Duration,
    mut wanted: impl FnMut(Event) -> Option<T>,
) -> Option<T> {
    let wait = async {
        loop {
            if let Some(found) = wanted(events.next().await?) {
                return Some(found);
            }
        }
    };
    tokio::time::timeout(within, wait).await.ok().flatten()
}

/// A client that runs in somebody else's time, as a task of the runtime in which it was opened. Dropping it kills the client
/// where it stands, as a process that is killed.
#[derive(Debug)]
#[must_use = "the client dies with it"]
pub struct Running(tokio::task::JoinHandle<()>);

/// Opens a client as a task of the runtime that this is called in, with randomness that follows from `seed`.
///
/// In a runtime of one thread whose time is paused, with a clock, a store and a network that know no other time, equal seeds
/// give equal lives.
///
/// # Errors
/// [`OpenError`] as [`ClientBuilder::open`].
pub async fn open_here(builder: ClientBuilder, seed: u64) -> Result<(Client, Running), OpenError> {
    let (client, driver) = start(builder, Some(seed)).await?;
    let life = async {
        if let Some(waiting) = driver.run().await {
            // Whoever waits may be gone; then nobody is to be told.
            let _ = waiting.send(());
        }
    };
    Ok((client, Running(tokio::spawn(life))))
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
