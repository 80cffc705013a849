//! Users, their devices and the network between them.

use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use status_crypto::SecretKey;
use status_layer::{
    Datagram, Grade, Interest, LayerError, Outgoing, Parcel, Recipient, Security, Timestamp, UserId,
};
use status_security::{FirstMessage, PairError, SealError};

use crate::action::{Action, Doing};
use crate::device::Device;
use crate::model::Text;
use crate::rules::{DAY, MOST_DEVICES, Rules};
use crate::shape::{STATIC, Shape};

/// `Err` says which promise is broken.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// Most parcels that are under way; the oldest are lost.
const MOST_UNDER_WAY: usize = 96;

/// Most parcels that forgers remember.
const MOST_SEEN: usize = 32;

/// How long the network keeps what nobody has fetched.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
    pub(crate) began: Timestamp,
    identities: Vec<SecretKey>,
    pub(crate) devices: Vec<Device>,
    /// What is under way, in order of sending unless it was reordered.
    pub(crate) air: Vec<Flight>,
    /// What forgers have seen.
    pub(crate) seen: Vec<Rc<Parcel>>,
    /// What was written, by number.
    pub(crate) texts: BTreeMap<usize, Text>,
    /// Whether something happened after which a message may have to be sent again: a store was put back, or somebody
    /// made use of a genuine signature who has none.
    pub(crate) disturbed: bool,
}

/// A parcel on its way to a device.
#[derive(Clone)]
pub(crate) struct Flight {
    pub(crate) parcel: Rc<Parcel>,
    pub(crate) to: usize,
    sent: Timestamp,
}

/// How a parcel came to a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// The network brought it.
    Network,
    /// Somebody brought a genuine one again, maybe to somebody else.
    Replayed,
    /// It was changed under its signature, which no privacy layer lets through.
    Changed,
    /// It bears the signature of somebody who did not make it.
    Foreign,
}

impl World {
    pub(crate) fn new(rules: Rules) -> Checked<Self> {
        let now = Timestamp::from_secs(1_700_000_000);
        let identities = (1..).take(rules.users.len()).map(|n| SecretKey::from_bytes(&[n; 32]).unwrap());
        let mut world = Self {
            identities: identities.collect(),
            now,
            began: now,
            devices: Vec::new(),
            air: Vec::new(),
            seen: Vec::new(),
            texts: BTreeMap::new(),
            disturbed: false,
            rules,
        };
        for user in 0..world.identities.len() {
            for _ in 0..world.rules.devices[user] {
                world.add_device(user)?;
            }
        }
        Ok(world)
    }

    pub(crate) fn user(&self, user: usize) -> UserId {
        self.identities[user].public().user()
    }

    /// The number of a user of this world.
    pub(crate) fn number(&self, user: &UserId) -> Option<usize> {
        (0..self.identities.len()).find(|number| self.user(*number) == *user)
    }

    pub(crate) fn live(&self) -> Vec<usize> {
        (0..self.devices.len()).filter(|device| self.devices[*device].live).collect()
    }

    pub(crate) fn devices_of(&self, user: usize) -> Vec<usize> {
        self.live().into_iter().filter(|device| self.devices[*device].user == user).collect()
    }

    pub(crate) fn others(&self, user: usize) -> Vec<usize> {
        (0..self.identities.len()).filter(|other| *other != user).collect()
    }

    /// Runs one action, and checks all that must hold after it.
    pub(crate) fn step(&mut self, action: &Action) -> Checked {
        self.tick(Duration::from_millis(1));
        match action {
            Action::Send { from, to, filler } => {
                let (device, user) = self.writer_and_reader(*from, *to);
                self.send(device, user, *filler).map(drop)
            }
            Action::Deliver(n) => self.deliver(usize::from(*n)),
            Action::DeliverAll => self.deliver_all(),
            Action::Drop(n) => {
                self.take(usize::from(*n));
                Ok(())
            }
            Action::Reorder(n) => {
                let flight = self.take(usize::from(*n));
                self.air.extend(flight);
                Ok(())
            }
            Action::Duplicate(n) => {
                if let Some(flight) = self.take(usize::from(*n)) {
                    self.air.extend([flight.clone(), flight]);
                }
                Ok(())
            }
            Action::Forge(forge) => self.forge(forge),
            Action::Crash { device, doing } => self.crash(pick(&self.live(), *device), *doing),
            Action::Backup(device) => {
                let device = pick(&self.live(), *device);
                self.devices[device].back_up();
                Ok(())
            }
            Action::Restore { device, copy, noticed } => {
                let device = pick(&self.live(), *device);
                let restored = self.devices[device].restore(usize::from(*copy));
                self.disturbed |= restored;
                if restored { self.notice(device, *noticed) } else { Ok(()) }
            }
            Action::AddDevice(user) => {
                let user = usize::from(*user) % self.identities.len();
                if self.devices_of(user).len() < MOST_DEVICES { self.add_device(user) } else { Ok(()) }
            }
            Action::Pair { device, other } => {
                let device = pick(&self.live(), *device);
                let other = pick(&self.devices_of(self.devices[device].user), *other);
                self.pair(device, other, Interest::Listen)
            }
            Action::RemoveDevice(device) => self.remove_device(pick(&self.live(), *device)),
            Action::Due(device) => self.due(pick(&self.live(), *device)),
            Action::Expect { device, whom, listen } => {
                let device = pick(&self.live(), *device);
                let user = pick(&self.others(self.devices[device].user), *whom);
                let how = if *listen { Interest::Listen } else { Interest::Ignore };
                // Who never writes without a bundle goes on listening for one.
                let strict = self.rules.first_message == FirstMessage::RequireForwardSecrecy;
                if strict { Ok(()) } else { self.expect(device, user, how) }
            }
            Action::Tick(span) => {
                self.tick(*span);
                Ok(())
            }
        }
    }

    pub(crate) fn tick(&mut self, span: Duration) {
        self.now = self.now.after(span);
        let now = self.now;
        self.air.retain(|flight| now.since(flight.sent) < KEPT);
    }

    /// A user installs another device.
    fn add_device(&mut self, user: usize) -> Checked {
        let (number, config) = (self.devices.len(), self.rules.config(user));
        let ahead = self.rules.skew * u32::try_from(number).unwrap();
        self.devices.push(Device::new((user, &self.identities[user]), number, config, ahead));
        self.begin(number)?;
        self.devices[number].back_up();
        Ok(())
    }

    /// What a device does first.
    fn begin(&mut self, device: usize) -> Checked {
        let user = self.devices[device].user;
        self.expect(device, user, Interest::Listen)?;
        let others = if self.rules.acquainted { self.others(user) } else { Vec::new() };
        others.into_iter().try_for_each(|other| self.expect(device, other, Interest::Listen))
    }

    /// A device loses its store and goes on under its name.
    pub(crate) fn lose(&mut self, device: usize) -> Checked {
        self.devices[device].lose();
        self.disturbed = true;
        self.begin(device)
    }

    fn remove_device(&mut self, device: usize) -> Checked {
        let devices = self.devices_of(self.devices[device].user);
        let Some(other) = devices.into_iter().find(|other| *other != device) else { return Ok(()) };
        self.devices[device].live = false;
        self.air.retain(|flight| flight.to != device);
        self.pair(other, device, Interest::Ignore)
    }

    /// The device notices that its store is an old copy, or it does not.
    pub(crate) fn notice(&mut self, device: usize, noticed: bool) -> Checked {
        let now = self.now;
        let device = &mut self.devices[device];
        device.unnoticed |= !noticed;
        if !noticed {
            return Ok(());
        }
        device.run(now, Security::renew)?.map_err(|error| format!("{error:?}"))
    }

    /// A device confirms or removes another one of its user.
    fn pair(&mut self, device: usize, other: usize, how: Interest) -> Checked {
        let (now, id) = (self.now, self.devices[other].id.clone());
        let done = self.devices[device].run(now, |layer, cx| layer.pair(cx, &id, how))?;
        match done.as_ref().map_err(|error| error.reason().get::<PairError>()) {
            Ok(()) => Ok(()),
            Err(Some(PairError::Unknown | PairError::ThisDevice)) => Ok(()),
            Err(_) => Err(format!("device {device} cannot pair {other}: {done:?}")),
        }
    }

    fn expect(&mut self, device: usize, user: usize, how: Interest) -> Checked {
        let (now, whom) = (self.now, Recipient::User(self.user(user)));
        let out = self.devices[device].run(now, |layer, cx| layer.expect(cx, &whom, how))?;
        let out = out.map_err(|error| format!("a user was refused: {error:?}"))?;
        self.emit(device, out)
    }

    pub(crate) fn due(&mut self, device: usize) -> Checked {
        let now = self.now;
        let due = self.devices[device].run(now, Security::due)?;
        let due = due.map_err(|error| format!("`due` was refused: {error:?}"))?;
        if due.next.is_none_or(|next| next <= self.devices[device].party.now) {
            return Err(format!("`due` wants to be asked again at {:?}, it is {now:?}", due.next));
        }
        self.emit(device, due.now)
    }

    /// Seals a text; its number, unless it was refused for a good reason.
    pub(crate) fn send(&mut self, device: usize, user: usize, filler: u8) -> Checked<Option<usize>> {
        let number = Text::next(&self.texts, device);
        let bytes = Text::bytes(number, filler);
        let datagram = Datagram::new(Recipient::User(self.user(user)), bytes.clone());
        let now = self.now;
        match self.devices[device].run(now, |layer, cx| layer.seal(cx, datagram))? {
            Err(error) => self.may_refuse_to_seal(device, user, &error).map(|()| None),
            Ok(out) => {
                let [parcel] = out.parcels.as_slice() else {
                    return Err("not one parcel for one text".into());
                };
                let fixed = Shape::of(parcel).slots.contains_key(STATIC);
                let grade = if fixed { Grade::Static } else { Grade::Ratcheted };
                self.texts.insert(number, Text { from: device, to: user, bytes, grade });
                self.emit(device, out)?;
                Ok(Some(number))
            }
        }
    }

    fn may_refuse_to_seal(&self, device: usize, user: usize, error: &LayerError) -> Checked {
        let known = self.devices[device].state.past.knows.contains(&user);
        let strict = self.rules.first_message == FirstMessage::RequireForwardSecrecy;
        match error.reason().get::<SealError>() {
            Some(SealError::NoBundle) if strict && !known => Ok(()),
            // Never sealed to the own identity as soon as there is a group.
            Some(SealError::NoOwnDevice) if self.devices[device].user == user => Ok(()),
            _ => Err(format!("device {device} cannot write to user {user}: {error:?}")),
        }
    }

    /// Sends what a device wants sent, to all who listen there.
    pub(crate) fn emit(&mut self, device: usize, out: Outgoing) -> Checked {
        self.devices[device].listen(&out);
        for parcel in out.parcels {
            self.check_sealed(device, &parcel)?;
            let parcel = Rc::new(parcel);
            for to in self.live() {
                if to != device && self.devices[to].state.listens.contains(&parcel.meet) {
                    self.air.push(Flight { parcel: Rc::clone(&parcel), to, sent: self.now });
                }
            }
            self.seen.push(parcel);
        }
        self.air.drain(..self.air.len().saturating_sub(MOST_UNDER_WAY));
        self.seen.drain(..self.seen.len().saturating_sub(MOST_SEEN));
        Ok(())
    }

    pub(crate) fn take(&mut self, n: usize) -> Option<Flight> {
        let at = n.checked_rem(self.air.len())?;
        Some(self.air.remove(at))
    }

    fn deliver(&mut self, n: usize) -> Checked {
        match self.take(n) {
            Some(flight) => self.open(flight.to, &flight.parcel, Origin::Network),
            None => Ok(()),
        }
    }

    /// Delivers until nothing is under way any more.
    pub(crate) fn deliver_all(&mut self) -> Checked {
        for _ in 0..10_000 {
            if self.air.is_empty() {
                return Ok(());
            }
            self.tick(Duration::from_millis(1));
            self.deliver(0)?;
        }
        Err("the devices never stop answering each other".into())
    }

    /// Lets a device do something and die before the commit.
    fn crash(&mut self, device: usize, doing: Doing) -> Checked {
        let now = self.now;
        let before = self.devices[device].party.store.clone();
        match doing {
            Doing::Sending { to } => {
                let others = self.others(self.devices[device].user);
                let to = Recipient::User(self.user(pick(&others, to)));
                let datagram = Datagram::new(to, b"never sent".to_vec());
                self.devices[device].run(now, |layer, cx| layer.seal(cx, datagram))?.ok();
            }
            Doing::Opening => {
                if let Some(flight) = self.air.iter().find(|flight| flight.to == device) {
                    let parcel = Parcel::clone(&flight.parcel);
                    self.devices[device].run(now, |layer, cx| layer.open(cx, parcel))?.ok();
                }
            }
            Doing::WhatIsDue => {
                self.devices[device].run(now, Security::due)?.ok();
            }
        }
        self.devices[device].party.store = before;
        Ok(())
    }

    /// Whether nothing has happened yet that makes it right to lose a message.
    pub(crate) fn loses_nothing(&self) -> bool {
        !self.disturbed && self.rules.bridges_all() && self.now.since(self.began) < 13 * DAY
    }

    fn writer_and_reader(&self, device: u8, user: u8) -> (usize, usize) {
        let device = pick(&self.live(), device);
        let own = self.devices[device].user;
        (device, if user >= 240 { own } else { pick(&self.others(own), user) })
    }
}

pub(crate) fn pick(from: &[usize], n: u8) -> usize {
    from[usize::from(n) % from.len()]
}
