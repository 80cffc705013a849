//! A network of one's own: here two ends of a cable in memory. Frames are sealed and say nothing of who talks with whom, so
//! anything that carries bytes will do: a radio, a queue, files on a stick.
//!
//! `cargo run -p status-chat --example custom_network`
#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use std::collections::VecDeque;

use async_trait::async_trait;
use status_chat::{Client, Error, Network};
use status_layer::{Frame, FrameId, History, NetworkEvent, Topic};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(crate) struct Cable {
    there: UnboundedSender<Frame>,
    here: UnboundedReceiver<Frame>,
    done: VecDeque<NetworkEvent>,
}

/// Both ends of a new cable.
pub(crate) fn cable() -> (Cable, Cable) {
    let ((to_one, at_one), (to_two, at_two)) = (unbounded_channel(), unbounded_channel());
    let end = |there, here| Cable { there, here, done: [NetworkEvent::Online(true)].into() };
    (end(to_two, at_one), end(to_one, at_two))
}

#[async_trait]
impl Network for Cable {
    /// There is one reader, who is handed everything: the layers know what is theirs.
    fn watch(&mut self, _: &[Topic]) {}

    fn publish(&mut self, id: FrameId, frame: Frame) {
        self.done.extend(self.there.send(frame).is_ok().then_some(NetworkEvent::Published(id)));
    }

    /// A cable keeps nothing.
    fn fetch(&mut self, wanted: History) {
        self.done.push_back(NetworkEvent::NoHistory(wanted));
    }

    async fn next(&mut self) -> NetworkEvent {
        match self.done.pop_front() {
            Some(event) => event,
            None => self.here.recv().await.map_or(NetworkEvent::Closed, NetworkEvent::Frame),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (one, two) = cable();
    let alice = Client::builder().network(one).open().await?;
    let bob = Client::builder().network(two).open().await?;
    let stage = alice.send(bob.user(), "hello at the other end").await?.delivered().await?;
    println!("{stage}");
    Ok(())
}
