//! What gossip brings, and what becomes of it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use libp2p::PeerId;
use libp2p::gossipsub::{self, IdentTopic, MessageAcceptance, PublishError, TopicHash};
use status_layer::{Frame, FrameId, NetworkEvent, Topic, Unpublished};
use tokio::sync::mpsc::{self, Permit};
use tokio::time::Instant;

use super::inside::{Ours, Relayed, Taps};
use crate::history::Sent;
use crate::recent::Recent;
use crate::stats::Counters;
use crate::verdict::{Judge, Route, Verdict};
use crate::{Clock, Config, MessageHash, WakuMessage, gossip_id};

/// Events that wait until the owner takes them.
const MAX_WAITING: usize = 4096;
/// Bytes of frames that wait until the owner takes them.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// Messages that are remembered, so that they are handed up once.
const MAX_REMEMBERED: usize = 32 * 1024;

/// A node that takes next to nothing for so many seconds, maybe with breaks, is too slow: what waits for it costs memory.
const SLOW: u32 = 10;

/// Decides what is forwarded, what is handed up and what is told of our own frames.
pub(super) struct Gossip {
    route: Route,
    judge: Judge,
    publish_limit: usize,
    // Which nodes carry which of the topics on which frames are published; none is without.
    carriers: HashMap<PeerId, BTreeSet<TopicHash>>,
    spoken: BTreeSet<TopicHash>,
    handed_up: Recent,
    stuck: Recent,
    waiting: VecDeque<NetworkEvent>,
    waiting_bytes: usize,
    published: bool,
    // Those that did not take all that was meant for them.
    slow: HashMap<PeerId, Slow>,
    // Messages that went out, ours and those of others.
    passed: usize,
    taps: Taps,
    clock: Clock,
    sent: mpsc::Sender<Sent>,
    counters: Arc<Counters>,
}

/// How slow a node is.
#[derive(Debug, Default)]
struct Slow {
    seconds: u32,
    passed: Option<usize>,
}

impl Slow {
    /// It missed so many messages within a second. A node that is merely busy misses some of what passes; one that does
    /// not read, nearly all.
    fn missed(&mut self, count: usize, passed: usize) {
        let before = self.passed.replace(passed).unwrap_or(usize::MAX);
        let meanwhile = passed.saturating_sub(before);
        if meanwhile > 0 && count.saturating_mul(10) >= meanwhile.saturating_mul(8) {
            self.seconds = self.seconds.saturating_add(1);
        }
    }
}

impl Gossip {
    pub(super) fn new(
        config: &Config,
        taps: Taps,
        sent: mpsc::Sender<Sent>,
        counters: Arc<Counters>,
    ) -> Self {
        let route = Route::new(config);
        Self {
            spoken: route.all().into_iter().map(|topic| IdentTopic::new(topic).hash()).collect(),
            route,
            judge: Judge::new(config),
            publish_limit: config.publish_limit,
            carriers: HashMap::new(),
            handed_up: Recent::new(MAX_REMEMBERED, config.remember),
            stuck: Recent::new(MAX_REMEMBERED, config.remember),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            published: false,
            slow: HashMap::new(),
            passed: 0,
            taps,
            clock: config.clock.clone(),
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
        let Ours { hash, pubsub_topic: topic, message, data } = self.prepare(frame)?;
        let (now, len, id) = (Instant::now(), data.len(), gossip_id(&data));
        let copy = (!self.taps.is_empty()).then(|| data.clone());
        match relay.publish(IdentTopic::new(&topic), data) {
            Ok(_) => {
                self.published = true;
                self.passed = self.passed.saturating_add(1);
                // If so many are looked for already, this one is not.
                let _ = self.sent.try_send(Sent { id: frame_id, hash });
                if let Some(data) = copy {
                    self.show(topic, message, data);
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

    /// Makes a frame of ours into what is gossiped, here or by others.
    fn prepare(&mut self, frame: Frame) -> Result<Ours, Unpublished> {
        let pubsub_topic = self.route.of(frame.topic.as_str());
        let mut message = WakuMessage::from_frame(frame);
        self.judge.sign(&pubsub_topic, &mut message);
        let data = message.encode();
        if data.len() > self.publish_limit {
            return Err(Unpublished::TooLarge);
        }
        let hash = message.hash(&pubsub_topic);
        // Our own frame is not news to us, in whichever encoding it comes back.
        self.handed_up.insert(Instant::now(), *hash.as_bytes());
        Ok(Ours { hash, pubsub_topic, message, data })
    }

    /// What others are to gossip for us. Notes the outcome if they cannot; otherwise it is reported when it is known.
    pub(super) fn ours(&mut self, id: FrameId, frame: Frame) -> Option<Ours> {
        let ours = self.prepare(frame).map_err(|why| self.unpublished(id, why)).ok()?;
        // As above; if nobody gossips it, it is looked for in vain.
        let _ = self.sent.try_send(Sent { id, hash: ours.hash });
        Some(ours)
    }

    /// Notes that a frame was not published.
    pub(super) fn unpublished(&mut self, id: FrameId, why: Unpublished) {
        self.waiting.push_back(NetworkEvent::Unpublished(id, why));
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
                let verdict = self.judge.judge(message.topic.as_str(), &message.data, self.clock.nanos());
                let said = match &verdict {
                    Verdict::Accept(_) => MessageAcceptance::Accept,
                    Verdict::Reject(_) => MessageAcceptance::Reject,
                    Verdict::Ignore(_) => MessageAcceptance::Ignore,
                };
                // False if gossip has forgotten the message in the meantime: then there is nothing to forward.
                let known = relay.report_message_validation_result(&message_id, &propagation_source, said);
                match verdict {
                    Verdict::Reject(_) => self.counters.refused.add(1),
                    Verdict::Ignore(_) => self.counters.ignored.add(1),
                    Verdict::Accept(content) => {
                        self.counters.relayed.add(usize::from(known));
                        self.passed = self.passed.saturating_add(usize::from(known));
                        self.arrived(content, message, watched);
                    }
                }
            }
            gossipsub::Event::Subscribed { peer_id, topic } => self.joined(peer_id, topic),
            gossipsub::Event::Unsubscribed { peer_id, topic } => self.unsubscribed(&peer_id, &topic),
            gossipsub::Event::SlowPeer { peer_id, failed_messages } => {
                let missed = failed_messages.priority.saturating_add(failed_messages.non_priority);
                self.slow.entry(peer_id).or_default().missed(missed, self.passed);
                self.counters.slow.add(missed);
            }
            _ => {}
        }
    }

    /// Gossips what another node asks for, in its encoding, and says to how many peers it goes.
    pub(super) fn gossip(
        &mut self,
        relay: &mut gossipsub::Behaviour,
        watched: &BTreeSet<Topic>,
        pubsub_topic: String,
        data: Vec<u8>,
    ) -> Result<usize, Unpublished> {
        let verdict = self.judge.judge(&pubsub_topic, &data, self.clock.nanos());
        let Verdict::Accept(message) = verdict else { return Err(Unpublished::TooLarge) };
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
        self.passed = self.passed.saturating_add(1);
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

    /// Shows messages to no service any more.
    pub(super) fn close_taps(&mut self) {
        self.taps = Taps::default();
    }

    /// Notes something for the owner.
    pub(super) fn report(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::Online(online) => self.report_online(online),
            event => {
                if matches!(event, NetworkEvent::Fetching(_)) {
                    // Only the newest is of use.
                    self.waiting.retain(|event| !matches!(event, NetworkEvent::Fetching(_)));
                }
                self.waiting.push_back(event);
            }
        }
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

    fn joined(&mut self, peer: PeerId, topic: TopicHash) {
        if !self.spoken.contains(&topic) {
            return;
        }
        let first = !self.carriers.contains_key(&peer);
        self.carriers.entry(peer).or_default().insert(topic);
        if first {
            self.counters.carriers.set(self.carriers.len());
            self.report_online(true);
        }
    }

    fn unsubscribed(&mut self, peer: &PeerId, topic: &TopicHash) {
        let Some(carried) = self.carriers.get_mut(peer) else { return };
        carried.remove(topic);
        if carried.is_empty() {
            self.left(peer);
        }
    }

    /// A node no longer carries what we speak on, or is gone.
    pub(super) fn left(&mut self, peer: &PeerId) {
        self.slow.remove(peer);
        if self.carriers.remove(peer).is_some() {
            self.counters.carriers.set(self.carriers.len());
            if self.carriers.is_empty() {
                self.report_online(false);
            }
        }
    }

    /// The nodes that have been too slow for too long. Asked every few seconds, it forgets with time.
    pub(super) fn too_slow(&mut self) -> Vec<PeerId> {
        let slow = self.slow.iter().filter(|(_, slow)| slow.seconds >= SLOW).map(|(peer, _)| *peer).collect();
        self.slow.retain(|_, slow| {
            let lately = slow.seconds > 0;
            slow.seconds = slow.seconds.saturating_sub(1);
            lately
        });
        slow
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
