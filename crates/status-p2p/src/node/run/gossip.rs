//! What gossip brings, and what becomes of it.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use libp2p::PeerId;
use libp2p::gossipsub::{self, IdentTopic, MessageAcceptance, PublishError, TopicHash};
use status_layer::{Frame, FrameId, NetworkEvent, Topic, Unpublished};
use tokio::sync::mpsc::{self, Permit};
use tokio::time::Instant;

use super::inside::{Relayed, Taps};
use crate::history::Sent;
use crate::recent::Recent;
use crate::stats::Counters;
use crate::{Config, MessageHash, WakuMessage, gossip_id, pubsub_topic};

/// Events that wait until the owner takes them.
const MAX_WAITING: usize = 4096;
/// Bytes of frames that wait until the owner takes them.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// Messages that are remembered, so that they are handed up once.
const MAX_REMEMBERED: usize = 32 * 1024;

/// Decides what is forwarded, what is handed up and what is told of our own frames.
pub(super) struct Gossip {
    topic: TopicHash,
    publish_limit: usize,
    receive_limit: usize,
    carriers: HashSet<PeerId>,
    handed_up: Recent,
    stuck: Recent,
    waiting: VecDeque<NetworkEvent>,
    waiting_bytes: usize,
    published: bool,
    taps: Taps,
    sent: mpsc::Sender<Sent>,
    counters: Arc<Counters>,
}

impl Gossip {
    pub(super) fn new(
        config: &Config,
        taps: Taps,
        sent: mpsc::Sender<Sent>,
        counters: Arc<Counters>,
    ) -> Self {
        let shard = config.shards.first().copied().unwrap_or_default();
        Self {
            topic: IdentTopic::new(pubsub_topic(config.cluster, shard)).hash(),
            publish_limit: config.publish_limit,
            receive_limit: config.receive_limit,
            carriers: HashSet::new(),
            handed_up: Recent::new(MAX_REMEMBERED, config.remember),
            stuck: Recent::new(MAX_REMEMBERED, config.remember),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            published: false,
            taps,
            sent,
            counters,
        }
    }

    /// Publishes a frame and notes the outcome for the owner.
    pub(super) fn publish(&mut self, relay: &mut gossipsub::Behaviour, id: FrameId, frame: Frame) {
        let outcome = match self.try_publish(relay, id, frame) {
            Ok(()) => NetworkEvent::Published(id),
            Err(why) => NetworkEvent::Unpublished(id, why),
        };
        self.waiting.push_back(outcome);
    }

    fn try_publish(
        &mut self,
        relay: &mut gossipsub::Behaviour,
        frame_id: FrameId,
        frame: Frame,
    ) -> Result<(), Unpublished> {
        let message = WakuMessage::from_frame(frame);
        let bytes = message.encode();
        if bytes.len() > self.publish_limit {
            return Err(Unpublished::TooLarge);
        }
        let (now, len, id) = (Instant::now(), bytes.len(), gossip_id(&bytes));
        // Our own frame is not news to us, in whichever encoding it comes back.
        let hash = message.hash(self.topic.as_str());
        self.handed_up.insert(now, *hash.as_bytes());
        let copy = (!self.taps.is_empty()).then(|| bytes.clone());
        match relay.publish(self.topic.clone(), bytes) {
            Ok(_) => {
                self.published = true;
                // If so many are looked for already, this one is not.
                let _ = self.sent.try_send(Sent { id: frame_id, hash });
                if let Some(data) = copy {
                    self.show(self.topic.clone().into_string(), message, data);
                }
                self.counters.messages_out.add(1);
                self.counters.bytes_out.add(len);
                Ok(())
            }
            // Gossip remembers a frame even if no queue took it, and calls it a duplicate from then on.
            Err(PublishError::Duplicate) if self.stuck.contains(now, &id) => Err(Unpublished::Busy),
            Err(PublishError::Duplicate) => Ok(()),
            Err(PublishError::NoPeersSubscribedToTopic) => Err(Unpublished::Alone),
            Err(PublishError::AllQueuesFull(_)) => {
                self.stuck.insert(now, id);
                Err(Unpublished::Busy)
            }
            // Neither signing nor compressing is done here, so what is left is the size.
            Err(_) => Err(Unpublished::TooLarge),
        }
    }

    /// Takes what gossip reports.
    pub(super) fn on_event(
        &mut self,
        relay: &mut gossipsub::Behaviour,
        watched: &BTreeSet<Topic>,
        event: gossipsub::Event,
    ) {
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                self.counters.messages_in.add(1);
                self.counters.bytes_in.add(message.data.len());
                let frame = self.judge(&message);
                let verdict =
                    if frame.is_ok() { MessageAcceptance::Accept } else { MessageAcceptance::Reject };
                // False if gossip has forgotten the message in the meantime: then there is nothing to forward.
                let known = relay.report_message_validation_result(&message_id, &propagation_source, verdict);
                match frame {
                    Err(()) => self.counters.refused.add(1),
                    Ok(content) => {
                        self.counters.relayed.add(usize::from(known));
                        self.arrived(content, message, watched);
                    }
                }
            }
            gossipsub::Event::Subscribed { peer_id, topic } if topic == self.topic => self.joined(peer_id),
            gossipsub::Event::Unsubscribed { peer_id, topic } if topic == self.topic => self.left(&peer_id),
            gossipsub::Event::SlowPeer { failed_messages, .. } => {
                self.counters.slow.add(failed_messages.priority.saturating_add(failed_messages.non_priority));
            }
            _ => {}
        }
    }

    /// What deployed nodes refuse is refused, and held against whoever sent it.
    fn judge(&self, message: &gossipsub::Message) -> Result<WakuMessage, ()> {
        if message.data.len() > self.receive_limit {
            return Err(());
        }
        WakuMessage::decode(&message.data).map_err(|_| ())
    }

    /// Gossips what another node asks for, in its encoding, and says to how many peers it goes.
    pub(super) fn gossip(
        &mut self,
        relay: &mut gossipsub::Behaviour,
        watched: &BTreeSet<Topic>,
        pubsub_topic: String,
        data: Vec<u8>,
    ) -> Result<usize, Unpublished> {
        if data.len() > self.receive_limit {
            return Err(Unpublished::TooLarge);
        }
        let Ok(message) = WakuMessage::decode(&data) else { return Err(Unpublished::TooLarge) };
        let topic = IdentTopic::new(pubsub_topic).hash();
        let peers = relay.all_peers().filter(|(_, topics)| topics.contains(&&topic)).count();
        match relay.publish(topic.clone(), data.clone()) {
            // What was gossiped before needs no second time.
            Ok(_) | Err(PublishError::Duplicate) => {}
            Err(PublishError::NoPeersSubscribedToTopic) => return Err(Unpublished::Alone),
            Err(PublishError::AllQueuesFull(_)) => return Err(Unpublished::Busy),
            Err(_) => return Err(Unpublished::TooLarge),
        }
        self.published = true;
        let came = gossipsub::Message { source: None, data, sequence_number: None, topic };
        self.arrived(message, came, watched);
        Ok(peers)
    }

    /// Takes a message that came another way than by gossip.
    pub(super) fn heard(&mut self, pubsub_topic: &str, message: WakuMessage, watched: &BTreeSet<Topic>) {
        self.take(message, pubsub_topic, watched);
    }

    /// Which of these were not handed up lately.
    pub(super) fn missing(&mut self, names: Vec<MessageHash>) -> Vec<MessageHash> {
        let now = Instant::now();
        names.into_iter().filter(|name| !self.handed_up.contains(now, name.as_bytes())).collect()
    }

    /// Notes something for the owner.
    pub(super) fn report(&mut self, event: NetworkEvent) {
        if matches!(event, NetworkEvent::Fetching(_)) {
            // Only the newest is of use.
            self.waiting.retain(|event| !matches!(event, NetworkEvent::Fetching(_)));
        }
        self.waiting.push_back(event);
    }

    fn arrived(&mut self, content: WakuMessage, came: gossipsub::Message, watched: &BTreeSet<Topic>) {
        if !self.taps.is_empty() {
            self.show(came.topic.clone().into_string(), content.clone(), came.data);
        }
        self.take(content, came.topic.as_str(), watched);
    }

    fn show(&self, pubsub_topic: String, message: WakuMessage, data: Vec<u8>) {
        let hash = message.hash(&pubsub_topic);
        let missed = self.taps.show(Relayed { hash, pubsub_topic, message, data });
        self.counters.untapped.add(missed);
    }

    fn take(&mut self, message: WakuMessage, topic: &str, watched: &BTreeSet<Topic>) {
        let hash = message.hash(topic);
        let Some(frame) = message.into_frame().filter(|frame| watched.contains(&frame.topic)) else {
            return;
        };
        let now = Instant::now();
        if self.handed_up.contains(now, hash.as_bytes()) {
            self.counters.repeated.add(1);
            return;
        }
        let bytes = self.waiting_bytes.saturating_add(frame.bytes.len());
        if self.waiting.len() >= MAX_WAITING || bytes > MAX_WAITING_BYTES {
            // Not remembered: when it is sent again there may be room.
            self.counters.overflowed.add(1);
            return;
        }
        self.handed_up.insert(now, *hash.as_bytes());
        self.waiting_bytes = bytes;
        self.waiting.push_back(NetworkEvent::Frame(frame));
        self.counters.handed_up.add(1);
    }

    fn joined(&mut self, peer: PeerId) {
        if self.carriers.insert(peer) {
            self.counters.carriers.set(self.carriers.len());
            self.report_online(true);
        }
    }

    /// A node no longer carries our shard, or is gone.
    pub(super) fn left(&mut self, peer: &PeerId) {
        if self.carriers.remove(peer) {
            self.counters.carriers.set(self.carriers.len());
            if self.carriers.is_empty() {
                self.report_online(false);
            }
        }
    }

    fn report_online(&mut self, online: bool) {
        // Only the newest is of use, so those that come and go do not fill the queue.
        self.waiting.retain(|event| !matches!(event, NetworkEvent::Online(_)));
        self.waiting.push_back(NetworkEvent::Online(online));
    }

    pub(super) fn has_events(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether something can be taken that is not to get lost; what gossip brings has the other half of the room.
    pub(super) fn has_half(&self) -> bool {
        self.waiting.len() < MAX_WAITING / 2 && self.waiting_bytes < MAX_WAITING_BYTES / 2
    }

    /// Whether outcomes of further publishing can be kept.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_WAITING
    }

    /// Whether anything of our own went out.
    pub(super) const fn has_published(&self) -> bool {
        self.published
    }

    /// Gives the oldest event to the owner.
    pub(super) fn hand_up(&mut self, permit: Permit<'_, NetworkEvent>) {
        if let Some(event) = self.waiting.pop_front() {
            if let NetworkEvent::Frame(frame) = &event {
                self.waiting_bytes = self.waiting_bytes.saturating_sub(frame.bytes.len());
            }
            permit.send(event);
        }
    }
}

#[cfg(test)]
mod tests;
