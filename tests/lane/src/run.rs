//! Carrying a plan out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use libp2p::identity::Keypair;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Timestamp, Topic};
use status_p2p::{
    Archive, Archived, Clock, Config, HostKey, MemoryArchive, Node, PeerAddr, Query, Switch, WakuMessage,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::internet::Internet;
use crate::plan::Plan;
use crate::record::{Record, Report};

/// The port at which all nodes listen.
const PORT: u16 = 30_303;
/// A frame that nobody took is published again after this.
const AGAIN: Duration = Duration::from_secs(5);
/// The moment at which all runs begin, in milliseconds since the Unix epoch.
const EPOCH: u64 = 1_700_000_000_000;

/// One seat in the network: the same key and address whenever a node sits there.
struct Seat {
    key: [u8; 32],
    home: IpAddr,
    peers: Vec<PeerAddr>,
    archive: Option<Arc<MemoryArchive>>,
    says: Option<mpsc::Sender<Vec<u8>>>,
    task: Option<JoinHandle<()>>,
}

struct Run {
    plan: Plan,
    began: Instant,
    random: StdRng,
    internet: Internet,
    record: Arc<Mutex<Record>>,
    seats: Vec<Seat>,
}

/// Carries a plan out in virtual time. Call it on a current-thread runtime whose clock is paused.
pub async fn run(plan: Plan) -> Report {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let internet = Internet::new(random.next_u64(), plan.latency_min..=plan.latency_max, plan.per_byte);
    let began = Instant::now();
    let record = Arc::new(Mutex::new(Record::new(began)));
    let seats = seats(&plan, &mut random);
    let mut run = Run { plan, began, random, internet, record, seats };
    for number in 0..run.seats.len() {
        run.sit_down(number).await;
    }
    sleep_until(began + Plan::WARM_UP).await;
    run.talk().await;
    sleep(Plan::SETTLED).await;
    let kept = run.kept().await;
    let report = {
        let record = run.record.lock().expect("nobody panics with it");
        record.report(run.plan.seed, run.plan.nodes, run.internet.bytes(), &kept)
    };
    for number in 0..run.seats.len() {
        run.stand_up(number).await;
    }
    report
}

fn seats(plan: &Plan, random: &mut StdRng) -> Vec<Seat> {
    let mut seats: Vec<Seat> = Vec::new();
    for number in 0..plan.nodes {
        let mut key = [0; 32];
        random.fill_bytes(&mut key);
        let [high, low] = number.to_be_bytes();
        let home = IpAddr::V4(Ipv4Addr::new(10, high, low, 1));
        // The graph of those who dial earlier ones is connected, however the choice falls.
        let mut earlier: Vec<usize> = (0..seats.len()).collect();
        earlier.shuffle(random);
        // Everybody knows two nodes that keep history, as clients do: only who is connected can be asked.
        let keeps = |other: &usize| *other < usize::from(plan.archives);
        let known = earlier.iter().copied().filter(keeps).take(2).collect::<Vec<_>>();
        earlier.retain(|other| !known.contains(other));
        earlier.splice(0..0, known);
        let address = |seat: &Seat| format!("/ip4/{}/tcp/{PORT}", seat.home).parse().expect("an address");
        let peers = earlier.iter().take(plan.dials.max(1)).map(|other| address(&seats[*other])).collect();
        // An archive outlives whoever sits beside it.
        let archive = (number < plan.archives).then(|| Arc::new(MemoryArchive::new(100_000, u64::MAX)));
        seats.push(Seat { key, home, peers, archive, says: None, task: None });
    }
    seats
}

/// What is still to come, in order of time.
enum Deed {
    Say,
    Split,
    Heal,
    StandUp(usize),
    SitDown(usize),
}

impl Run {
    async fn sit_down(&mut self, number: usize) {
        let seat = &mut self.seats[number];
        let key = HostKey::from_bytes(&seat.key).expect("a key");
        let mut config = Config::new(key);
        config.listen = vec![format!("/ip4/{}/tcp/{PORT}", seat.home).parse().expect("an address")];
        config.peers = seat.peers.clone();
        let began = self.began;
        config.clock = Clock::new(move || UNIX_EPOCH + Duration::from_millis(EPOCH) + began.elapsed());
        // There is no router to be asked, and no socket to ask it with.
        config.reach.map_ports = Switch::Off;
        config.archive = seat.archive.clone().map(|archive| archive as Arc<dyn Archive>);
        let secret = libp2p::identity::secp256k1::SecretKey::try_from_bytes(seat.key).expect("a key");
        let keypair = Keypair::from(libp2p::identity::secp256k1::Keypair::from(secret));
        let transport = self.internet.transport(seat.home, &keypair);
        let mut node = Node::start_over(config, transport).await.expect("a node starts");
        node.watch(&[topic()]);
        let (says, to_say) = mpsc::channel(64);
        seat.says = Some(says);
        let record = Arc::clone(&self.record);
        record.lock().expect("nobody panics with it").sat_down(number);
        seat.task = Some(tokio::spawn(live(number, node, to_say, record, self.began)));
    }

    async fn stand_up(&mut self, number: usize) {
        let seat = &mut self.seats[number];
        self.record.lock().expect("nobody panics with it").stood_up(number);
        seat.says = None;
        if let Some(task) = seat.task.take() {
            task.await.expect("a node does not panic");
        }
    }

    /// What all archives have. They do not tell each other: what was said in a part of a split network may be with some of
    /// them alone, and who has asked others does not ask these for the same time again.
    async fn kept(&self) -> Vec<Vec<u8>> {
        let mut kept: Option<BTreeSet<Vec<u8>>> = None;
        for archive in self.seats.iter().filter_map(|seat| seat.archive.as_ref()) {
            let mut here = BTreeSet::new();
            let mut query = Query { forward: true, limit: 100, ..Query::default() };
            loop {
                let page = archive.page(&query).await.expect("an archive in memory answers");
                let message = |one: &Archived| WakuMessage::decode(&one.data).expect("a message").payload;
                here.extend(page.messages.iter().map(message));
                query.cursor = page.cursor;
                if query.cursor.is_none() {
                    break;
                }
            }
            kept =
                Some(kept.map_or_else(|| here.clone(), |kept| kept.intersection(&here).cloned().collect()));
        }
        kept.unwrap_or_default().into_iter().collect()
    }

    async fn talk(&mut self) {
        for (at, deed) in self.deeds() {
            sleep_until(at).await;
            match deed {
                Deed::Say => self.say(),
                Deed::Split => self.split(),
                Deed::Heal => {
                    self.internet.heal();
                    self.record.lock().expect("nobody panics with it").healed();
                }
                Deed::StandUp(number) => self.stand_up(number).await,
                Deed::SitDown(number) => self.sit_down(number).await,
            }
        }
    }

    fn deeds(&mut self) -> Vec<(Instant, Deed)> {
        let (start, talk) = (self.began + Plan::WARM_UP, self.plan.talk());
        let mut deeds = Vec::new();
        for _ in 0..self.plan.messages {
            deeds.push((start + talk.mul_f64(self.random.random()), Deed::Say));
        }
        for number in 0..self.plan.splits {
            let share = talk / self.plan.splits;
            let at = start + share * number + share / 4;
            deeds.push((at, Deed::Split));
            deeds.push((at + self.plan.split(), Deed::Heal));
        }
        let mut seats: Vec<usize> = (0..self.seats.len()).collect();
        seats.shuffle(&mut self.random);
        for number in seats.into_iter().take(self.plan.restarts.into()) {
            let at = start + talk.mul_f64(self.random.random());
            deeds.push((at, Deed::StandUp(number)));
            deeds.push((at + Plan::AWAY, Deed::SitDown(number)));
        }
        deeds.sort_by_key(|(at, _)| *at);
        deeds
    }

    fn say(&mut self) {
        let here: Vec<usize> =
            (0..self.seats.len()).filter(|number| self.seats[*number].says.is_some()).collect();
        let Some(number) = here.choose(&mut self.random).copied() else { return };
        let mut bytes = vec![0; self.plan.size.max(16)];
        self.random.fill_bytes(&mut bytes);
        self.record.lock().expect("nobody panics with it").wanted(number, &bytes);
        if let Some(says) = &self.seats[number].says {
            says.try_send(bytes).expect("a node takes what it is to say");
        }
    }

    fn split(&mut self) {
        let parts: BTreeMap<IpAddr, u8> =
            self.seats.iter().map(|seat| (seat.home, u8::from(self.random.random::<bool>()))).collect();
        let of: Vec<u8> = self.seats.iter().map(|seat| parts[&seat.home]).collect();
        self.record.lock().expect("nobody panics with it").split(&of);
        self.internet.split(parts);
    }
}

fn topic() -> Topic {
    Topic::new("/waku/1/0x6c616e65/rfc26")
}

/// One node, from when it sits down until nobody has anything for it to say any more.
async fn live(
    number: usize,
    mut node: Node,
    mut to_say: mpsc::Receiver<Vec<u8>>,
    record: Arc<Mutex<Record>>,
    began: Instant,
) {
    let mut waiting: BTreeMap<FrameId, Frame> = BTreeMap::new();
    let mut last = 0;
    let mut again = Vec::new();
    // All that was said up to then is here.
    let mut complete = Timestamp::from_millis(EPOCH);
    loop {
        let next = again.first().map_or_else(|| Instant::now() + AGAIN, |(at, _)| *at);
        tokio::select! {
            bytes = to_say.recv() => {
                let Some(bytes) = bytes else { break };
                last += 1;
                let at = Timestamp::from_millis(EPOCH + began.elapsed().as_millis() as u64);
                let frame = Frame { topic: topic(), at, bytes };
                waiting.insert(FrameId(last), frame.clone());
                node.publish(FrameId(last), frame);
            }
            event = node.next() => match event {
                NetworkEvent::Frame(frame) => {
                    record.lock().expect("nobody panics with it").heard(number, &frame.bytes);
                }
                NetworkEvent::Published(id) => {
                    if let Some(frame) = waiting.remove(&id) {
                        record.lock().expect("nobody panics with it").said(number, &frame.bytes);
                    }
                }
                NetworkEvent::Unpublished(id, _) => again.push((Instant::now() + AGAIN, id)),
                NetworkEvent::Online(true) => {
                    node.fetch(History { topics: vec![topic()], since: complete });
                }
                NetworkEvent::Covered(of, until) if of.since <= complete => complete = complete.max(until),
                NetworkEvent::Closed => break,
                _ => {}
            },
            () = sleep_until(next) => {
                if !again.is_empty() {
                    let (_, id) = again.remove(0);
                    if let Some(frame) = waiting.get(&id) {
                        node.publish(id, frame.clone());
                    }
                }
            }
        }
    }
    Node::close(node).await;
}
