//! Every history within small bounds: a search, breadth first, over the states that the production layer reaches.
//!
//! A state is what is on the shelves, what is under way and what may still happen; two histories that lead to the same
//! state are followed once. For that, a device's clock and randomness follow from how often it has acted, not from
//! what others did in between. `STATUS_STATES` multiplies how many states are looked at; without it a part of a second
//! is spent on each start.

use core::time::Duration;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::hash::{Hash, Hasher};

use status_layer::testing::{Party, rng};
use status_layer::{Memory, Read};
use status_security::{FirstMessage, Joining, PrivatePrekeys, SharedPlace, Transition};

use crate::model::Mark;
use crate::rules::{DAY, HOUR, Rules};
use crate::shape::{Shape, Turn};
use crate::world::{Checked, Origin, World};

/// What may still happen, each so many times.
#[derive(Clone, Copy, Debug, Hash)]
struct Left {
    sends: usize,
    drops: usize,
    duplicates: usize,
    rotations: usize,
    copies: usize,
    /// Stores that are lost, and old copies that are put back.
    losses: usize,
}

/// Most parcels under way in a state that is followed.
const MOST_UNDER_WAY: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Event {
    Send {
        from: usize,
        to: usize,
    },
    Deliver(usize),
    Drop(usize),
    Duplicate(usize),
    /// A day passes for one device, and it does what is due.
    Rotate(usize),
    Copy(usize),
    Restore(usize),
    Lose(usize),
}

#[derive(Clone)]
struct State {
    world: World,
    left: Left,
    /// How often each device has acted.
    acts: Vec<u64>,
    path: Vec<Event>,
}

/// What a search has seen.
#[derive(Debug, Default)]
struct Found {
    states: usize,
    steps: usize,
    /// The longest history that was followed.
    depth: usize,
    /// Whether there was nothing more to follow.
    whole: bool,
}

impl State {
    /// Everything that can happen next.
    fn events(&self) -> Vec<Event> {
        let (world, left) = (&self.world, &self.left);
        let mut events = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, flight) in world.air.iter().enumerate() {
            if seen.insert((flight.to, Mark::of(&flight.parcel))) {
                events.push(Event::Deliver(at));
                events.extend((left.drops > 0).then_some(Event::Drop(at)));
                let room = left.duplicates > 0 && world.air.len() < MOST_UNDER_WAY;
                events.extend(room.then_some(Event::Duplicate(at)));
            }
        }
        for device in world.live() {
            if left.sends > 0 && world.air.len() < MOST_UNDER_WAY {
                let others = world.others(world.devices[device].user);
                events.extend(others.into_iter().map(|to| Event::Send { from: device, to }));
            }
            events.extend((left.rotations > 0).then_some(Event::Rotate(device)));
            events.extend((left.copies > 0).then_some(Event::Copy(device)));
            if left.losses > 0 {
                events.push(Event::Lose(device));
                events.extend((!world.devices[device].copies.is_empty()).then_some(Event::Restore(device)));
            }
        }
        events
    }

    /// The state after an event; all that must hold at once is checked on the way.
    fn after(&self, event: Event) -> Checked<Self> {
        let mut next = self.clone();
        next.path.push(event);
        let (world, left) = (&mut next.world, &mut next.left);
        match event {
            Event::Send { from, .. } | Event::Rotate(from) => prepare(world, &mut next.acts, from),
            Event::Deliver(at) => prepare(world, &mut next.acts, world.air[at].to),
            _ => {}
        }
        match event {
            Event::Send { from, to } => {
                left.sends -= 1;
                world.send(from, to, 0)?;
            }
            Event::Deliver(at) => {
                let flight = world.air.remove(at);
                world.open(flight.to, &flight.parcel, Origin::Network)?;
            }
            Event::Drop(at) => {
                left.drops -= 1;
                world.take(at);
            }
            Event::Duplicate(at) => {
                left.duplicates -= 1;
                let flight = world.air[at].clone();
                world.air.push(flight);
            }
            Event::Rotate(device) => {
                left.rotations -= 1;
                world.devices[device].ahead += 25 * HOUR;
                world.due(device)?;
            }
            Event::Copy(device) => {
                left.copies -= 1;
                let device = &mut world.devices[device];
                device.copies.clear();
                device.back_up();
            }
            Event::Restore(device) => {
                left.losses -= 1;
                world.disturbed |= world.devices[device].restore(0);
            }
            Event::Lose(device) => {
                left.losses -= 1;
                world.lose(device)?;
            }
        }
        check_suites(world)?;
        Ok(next)
    }

    /// Stands for the state, whatever led to it.
    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (device, acts) in self.world.devices.iter().zip(&self.acts) {
            (acts, device.ahead, &device.state.past.heard).hash(&mut hasher);
            hash_store(&device.party.store, &mut hasher);
            device.copies.iter().for_each(|(store, _)| hash_store(store, &mut hasher));
        }
        let mut air: Vec<(usize, Mark)> =
            self.world.air.iter().map(|flight| (flight.to, Mark::of(&flight.parcel))).collect();
        air.sort_unstable();
        (air, self.left, self.world.disturbed).hash(&mut hasher);
        hasher.finish()
    }
}

/// Makes the clock and the randomness of a device's next act follow from how often it has acted.
fn prepare(world: &mut World, acts: &mut [u64], device: usize) {
    acts[device] += 1;
    let mut hasher = DefaultHasher::new();
    ("an act of a device", device, acts[device]).hash(&mut hasher);
    world.devices[device].party.rng = rng(hasher.finish());
    world.devices[device].ahead += Duration::from_millis(1);
}

fn hash_store(store: &Memory, hasher: &mut DefaultHasher) {
    for (key, value) in store.scan(Party::AREA, &[], None, usize::MAX).unwrap() {
        (key, &*value).hash(hasher);
    }
}

/// Between two who announce Curve25519 nothing is ever written on the older curve.
fn check_suites(world: &World) -> Checked {
    for flight in &world.air {
        let writer = flight.parcel.hint.and_then(|user| world.number(&user)).ok_or("nobody wrote this")?;
        for (slot, direct) in Shape::of(&flight.parcel).slots {
            let reader = world.devices.iter().find(|device| device.id.as_str() == slot);
            let (Some(reader), Some(turn)) = (reader, direct.ratchet) else { continue };
            let both = [writer, reader.user].iter().all(|user| world.rules.users[*user] != Transition::Old);
            if turn.key.len() != if both { 32 } else { 33 } {
                return Err(format!("written in the wrong suite for {slot}"));
            }
        }
    }
    Ok(())
}

/// After all has healed, two devices write to each other in the same session, and no handshake is repeated.
fn check_one_session(world: &mut World) -> Checked {
    let live = world.live();
    for one in &live {
        for other in &live {
            let (here, there) = (world.devices[*one].user, world.devices[*other].user);
            if one < other && here != there {
                let ways = [session(world, *one, *other)?, session(world, *other, *one)?];
                if ways[0] != ways[1] {
                    return Err(format!("devices {one} and {other} write in two sessions: {ways:02x?}"));
                }
            }
        }
    }
    Ok(())
}

/// The session in which one device writes to another, which then hears it.
fn session(world: &mut World, from: usize, to: usize) -> Checked<Vec<u8>> {
    world.tick(Duration::from_millis(1));
    let user = world.devices[to].user;
    world.send(from, user, 0)?;
    let sent = world.seen.last().ok_or("nothing was sent")?;
    let slot =
        Shape::of(sent).slots.remove(world.devices[to].id.as_str()).ok_or("not sealed for the device")?;
    let Turn { session, .. } = slot.ratchet.ok_or("sealed to an identity")?;
    world.deliver_all()?;
    if slot.handshake { Err(format!("device {from} repeats a handshake")) } else { Ok(session) }
}

/// Follows every history from `start` until `most` states were seen; from each of them all must heal.
fn explore(start: State, most: usize) -> Found {
    let mut found = Found { whole: true, ..Found::default() };
    let mut seen = HashSet::from([start.digest()]);
    let mut queue = VecDeque::from([start]);
    while let Some(state) = queue.pop_front() {
        found.states += 1;
        found.depth = state.path.len();
        let mut healed = state.world.clone();
        if let Err(broken) = healed.heal().and_then(|()| check_one_session(&mut healed)) {
            panic!("no way back after {:?}: {broken}", state.path);
        }
        // The last states are only looked at.
        found.whole &= seen.len() < most;
        let events = if found.whole { state.events() } else { Vec::new() };
        for event in events {
            found.steps += 1;
            let next = match state.after(event) {
                Ok(next) => next,
                Err(broken) => panic!("after {:?} and {event:?}: {broken}", state.path),
            };
            if seen.insert(next.digest()) {
                queue.push_back(next);
            }
        }
    }
    found
}

/// Two users, one with one device and one with `devices`; they know each other's keys, or nothing of each other.
fn start(users: [Transition; 2], devices: usize, introduced: bool, left: Left) -> State {
    let rules = Rules {
        users: users.to_vec(),
        devices: vec![1, devices],
        shared_place: SharedPlace::Listen,
        first_message: FirstMessage::AllowStatic,
        joining: Joining::Confirm,
        private_prekeys: PrivatePrekeys::Use,
        rotate_after: DAY,
        targets: 3,
        gap: 2000,
        acquainted: true,
        skew: Duration::ZERO,
        rests: false,
    };
    let mut world = World::new(rules).unwrap();
    if introduced {
        world.live().into_iter().try_for_each(|device| world.due(device)).unwrap();
        world.deliver_all().unwrap();
    }
    world.now = world.began;
    let acts = vec![0; world.devices.len()];
    world.devices.iter_mut().for_each(|device| device.ahead = Duration::from_secs(60));
    State { world, left, acts, path: Vec::new() }
}

/// How many states to look at, of a number for every push.
fn bound(states: usize) -> usize {
    let times = std::env::var("STATUS_STATES").ok().map_or(1, |text| text.parse().expect("a number"));
    states * times
}

/// Something is lost on its way, and a prekey is replaced.
const DROPS: Left = Left { sends: 3, drops: 1, duplicates: 0, rotations: 1, copies: 0, losses: 0 };
/// Something comes twice, and a prekey is replaced.
const TWICE: Left = Left { sends: 2, drops: 0, duplicates: 1, rotations: 1, copies: 0, losses: 0 };
/// A store is lost, or an old copy of it is put back.
const LOSS: Left = Left { sends: 3, drops: 0, duplicates: 0, rotations: 0, copies: 1, losses: 1 };
/// The same with fewer messages, and one lost on its way.
const BOTH: Left = Left { sends: 2, drops: 1, duplicates: 0, rotations: 0, copies: 1, losses: 1 };

#[track_caller]
fn explored(name: &str, start: State) {
    let found = explore(start, bound(20));

    println!("{name}: {found:?}");
    assert!(found.states > 1);
}

#[test]
fn no_history_of_two_devices_leads_to_where_they_cannot_talk() {
    explored("two devices", start([Transition::Negotiated; 2], 1, true, DROPS));
}

#[test]
fn no_history_of_two_who_know_nothing_of_each_other_leads_to_where_they_cannot_talk() {
    explored("two strangers", start([Transition::Negotiated; 2], 1, false, TWICE));
}

#[test]
fn no_loss_or_old_copy_of_a_store_leads_to_where_they_cannot_talk() {
    explored("two devices and lost stores", start([Transition::Negotiated; 2], 1, true, LOSS));
}

#[test]
fn no_history_of_three_devices_of_two_users_leads_to_where_they_cannot_talk() {
    explored("three devices", start([Transition::Negotiated; 2], 2, true, BOTH));
}

#[test]
fn no_history_with_a_peer_of_the_older_suite_leads_to_where_they_cannot_talk() {
    explored("old and new", start([Transition::Old, Transition::Negotiated], 1, true, LOSS));
}
