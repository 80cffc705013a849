//! Two users and a network between them that loses, repeats and reorders, moved action by action.
//!
//! Property tests, fuzz targets and simulations drive the same [`Action`]s, so a failure of one replays in the
//! others.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use status_layer::testing::{Party, SeededRng};
use status_layer::{
    Arrival, Audience, Body, DataSync, Datagram, Grade, Letter, MessageId, Proof, Sender, Timestamp, UserId,
};

use crate::{Config, Mvds, SyncError};

/// One of the two users.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The first.
    Alice,
    /// The second.
    Bob,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A user appends a body for the other.
    Append(Side),
    /// What is due of a user goes into the network.
    Send(Side),
    /// What is due of a user is taken but neither committed nor sent.
    Crash(Side),
    /// The network delivers the datagram at this place, counted modulo what is under way.
    Deliver(usize),
    /// It delivers it and keeps a copy.
    Repeat(usize),
    /// It loses it.
    Drop(usize),
    /// This many seconds pass for both users.
    Wait(u32),
    /// A user learns that the network is back.
    Online(Side),
}

/// Two users with empty shelves and what is under way between them.
#[derive(Clone, Debug)]
pub struct Pair {
    alice: Seat,
    bob: Seat,
    under_way: Vec<(Side, Datagram)>,
    fates: BTreeMap<(Side, MessageId), Fate>,
    appended: u64,
}

/// What became of a body.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Fate {
    /// How often it was handed up.
    pub arrived: u32,
    /// How often its sender was told that it arrived.
    pub acked: u32,
}

#[derive(Clone, Debug)]
struct Seat {
    user: UserId,
    sync: Mvds,
    party: Party,
}

impl Side {
    /// The other user.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }
}

impl Action {
    /// An action that follows from `rng`; sendings and deliveries are the most frequent.
    pub fn random(rng: &mut SeededRng) -> Self {
        let side = if rng.chance(50) { Side::Alice } else { Side::Bob };
        let place = usize::try_from(rng.below(1_000)).unwrap_or(0);
        let secs = u32::try_from(rng.below(90)).unwrap_or(0);
        match rng.below(100) {
            0..20 => Self::Append(side),
            20..45 => Self::Send(side),
            45..48 => Self::Crash(side),
            48..70 => Self::Deliver(place),
            70..75 => Self::Repeat(place),
            75..88 => Self::Drop(place),
            88..97 => Self::Wait(secs),
            _ => Self::Online(side),
        }
    }
}

impl Pair {
    /// Two users with the same configuration.
    ///
    /// # Errors
    /// Never: the keys are fixed and well-formed.
    pub fn new(seed: u64, config: Config) -> Result<Self, status_layer::IdError> {
        Ok(Self {
            alice: Seat::new(UserId::from_compressed(&[2; 33])?, seed, config),
            bob: Seat::new(UserId::from_compressed(&[3; 33])?, seed.wrapping_add(1), config),
            under_way: Vec::new(),
            fates: BTreeMap::new(),
            appended: 0,
        })
    }

    /// Has an action happen.
    ///
    /// # Errors
    /// Whatever the layer returns; two honest users cause no error.
    pub fn run(&mut self, action: Action) -> Result<(), SyncError> {
        match action {
            Action::Append(side) => self.append(side),
            Action::Send(side) => self.send(side).map(|_| ()),
            Action::Crash(side) => {
                let mut lost = self.seat(side).clone();
                lost.party.run(|cx| lost.sync.due(cx)).map(|_| ())
            }
            Action::Deliver(place) => {
                let Some(place) = place.checked_rem(self.under_way.len()) else { return Ok(()) };
                let (from, datagram) = self.under_way.swap_remove(place);
                self.deliver(from, datagram)
            }
            Action::Repeat(place) => {
                let place = place.checked_rem(self.under_way.len()).unwrap_or(0);
                let Some((from, datagram)) = self.under_way.get(place).cloned() else { return Ok(()) };
                self.deliver(from, datagram)
            }
            Action::Drop(place) => {
                if let Some(place) = place.checked_rem(self.under_way.len()) {
                    self.under_way.swap_remove(place);
                }
                Ok(())
            }
            Action::Wait(secs) => {
                self.wait(Duration::from_secs(secs.into()));
                Ok(())
            }
            Action::Online(side) => {
                let Seat { sync, party, .. } = self.seat(side);
                party.run(|cx| sync.online(cx))
            }
        }
    }

    /// Lets a network that loses nothing run for `span`.
    ///
    /// # Errors
    /// Whatever the layer returns.
    pub fn settle(&mut self, span: Duration) -> Result<(), SyncError> {
        let end = self.alice.party.now.after(span);
        loop {
            let next = [self.send(Side::Alice)?, self.send(Side::Bob)?].into_iter().flatten().min();
            if !self.under_way.is_empty() {
                while !self.under_way.is_empty() {
                    self.run(Action::Deliver(0))?;
                }
                continue;
            }
            let now = self.alice.party.now;
            match next {
                Some(next) if next <= end => self.wait(next.since(now)),
                _ => {
                    self.wait(end.since(now));
                    return Ok(());
                }
            }
        }
    }

    /// What became of each body, with the user who appended it.
    pub fn fates(&self) -> impl Iterator<Item = (Side, Fate)> {
        self.fates.iter().map(|((side, _), fate)| (*side, *fate))
    }

    /// The number of rows of a user.
    #[must_use]
    pub fn rows(&self, side: Side) -> usize {
        match side {
            Side::Alice => self.alice.party.store.len(),
            Side::Bob => self.bob.party.store.len(),
        }
    }

    /// The number of datagrams that the network carries.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    fn append(&mut self, side: Side) -> Result<(), SyncError> {
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(self.appended.to_be_bytes()) {
            *to = from;
        }
        self.appended += 1;
        self.fates.insert((side, MessageId::new(id)), Fate::default());
        let to = Audience::User(self.seat(side.other()).user);
        let Seat { sync, party, .. } = self.seat(side);
        party.run(|cx| sync.append(cx, MessageId::new(id), &to, Body::new(id.to_vec())))
    }

    fn send(&mut self, side: Side) -> Result<Option<Timestamp>, SyncError> {
        let Seat { sync, party, .. } = self.seat(side);
        let due = party.run(|cx| sync.due(cx))?;
        self.under_way.extend(due.now.datagrams.into_iter().map(|datagram| (side, datagram)));
        Ok(due.next)
    }

    fn deliver(&mut self, from: Side, datagram: Datagram) -> Result<(), SyncError> {
        let user = self.seat(from).user;
        let sender = Sender { user, device: None, proof: Proof::Session };
        let letter = Letter { from: sender, grade: Grade::Ratcheted, datagram };
        let Seat { sync, party, .. } = self.seat(from.other());
        for arrival in party.run(|cx| sync.receive(cx, letter))? {
            match arrival {
                Arrival::Body { body, .. } => {
                    // A body is the id under which it was appended.
                    let id = body.into_bytes().try_into().map_or(MessageId::new([0xff; 32]), MessageId::new);
                    self.fates.entry((from, id)).or_default().arrived += 1;
                }
                Arrival::Acked { id, .. } => {
                    self.fates.entry((from.other(), id)).or_default().acked += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn wait(&mut self, span: Duration) {
        self.alice.party.wait(span);
        self.bob.party.wait(span);
    }

    const fn seat(&mut self, side: Side) -> &mut Seat {
        match side {
            Side::Alice => &mut self.alice,
            Side::Bob => &mut self.bob,
        }
    }
}

impl Seat {
    fn new(user: UserId, seed: u64, config: Config) -> Self {
        Self { user, sync: Mvds::new(user, config), party: Party::new(seed) }
    }
}
