//! What two devices say to each other while they pair, and what is inside when it is sealed.
//!
//! | number | flight | fields |
//! | --- | --- | --- |
//! | 1 | hello, of the new device | opening (33) |
//! | 2 | answer, of the old device | to whom (33), opening (33) |
//! | 3 | proof, of the new device | to whom (33), confirmation (32), sealed: who it is |
//! | 4 | offer, of the old device | to whom (33), confirmation (32), sealed: the account |
//! | 5 | refusal, of the old device | to whom (33), why (1) |
//!
//! Before each stand a version (1), its number (1) and how often it was said (4), so that no two are alike. They are
//! the payload of messages of type [`KIND`] in a channel; deployed peers pass over a type that they do not know.

use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, UserId};
use zeroize::Zeroizing;

use super::keys::{MAC, OPENING};
use crate::devices::DeviceName;

/// The type number of these messages, far above those of deployed peers.
pub(super) const KIND: i32 = 21_328;
/// Longest flight that is looked at, in bytes.
pub(super) const MAX_FLIGHT: usize = 16 * 1024;

const VERSION: u8 = 1;
const WHAT: &str = "a message of a pairing";
/// Devices in an offer. The security layer knows 16.
const MAX_LISTED: usize = 32;
/// Longest recovery phrase, in bytes.
const MAX_PHRASE: usize = 1_024;

/// One thing that is said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Flight {
    Hello { opening: [u8; OPENING] },
    Answer { to: UserId, opening: [u8; OPENING] },
    Proof { to: UserId, mac: [u8; MAC], sealed: Vec<u8> },
    Offer { to: UserId, mac: [u8; MAC], sealed: Vec<u8> },
    Refusal { to: UserId, why: Why },
}

/// Why the old device says no.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    WrongCode = 1,
    Taken = 2,
    Expired = 3,
}

/// What the new device says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Newcomer {
    pub(super) device: DeviceId,
    pub(super) name: DeviceName,
}

/// The account, for the new device.
pub(crate) struct Account {
    /// The device that gives it.
    pub(super) from: DeviceId,
    /// The device that it is for.
    pub(super) to: DeviceId,
    pub(super) chat_key: Box<Zeroizing<[u8; 32]>>,
    pub(super) phrase: Zeroizing<String>,
    /// The name that contacts see, or empty.
    pub(super) profile: String,
    /// The devices that belong to it, the giving one among them.
    pub(super) devices: Vec<(DeviceId, DeviceName)>,
}

impl Flight {
    pub(super) fn write(&self, times: u32) -> Vec<u8> {
        let head = |number| Writer::new(VERSION).u8(number).u32(times);
        let row = match self {
            Self::Hello { opening } => head(1).bytes(opening),
            Self::Answer { to, opening } => head(2).bytes(to.as_bytes()).bytes(opening),
            Self::Proof { to, mac, sealed } => head(3).bytes(to.as_bytes()).bytes(mac).bytes(sealed),
            Self::Offer { to, mac, sealed } => head(4).bytes(to.as_bytes()).bytes(mac).bytes(sealed),
            Self::Refusal { to, why } => head(5).bytes(to.as_bytes()).u8(*why as u8),
        };
        row.finish().to_vec()
    }

    /// Reads a flight; `None` if it is none, or one of a later version.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_FLIGHT {
            return None;
        }
        let read = Reader::read(WHAT, VERSION, bytes, |r| {
            let number = r.u8()?;
            r.u32()?;
            let mut to = None;
            if number > 1 {
                to = Some(UserId::from_compressed(&r.array::<33>()?).ok()?);
            }
            Some(match (number, to) {
                (1, None) => Self::Hello { opening: r.array()? },
                (2, Some(to)) => Self::Answer { to, opening: r.array()? },
                (3, Some(to)) => Self::Proof { to, mac: r.array()?, sealed: r.rest().to_vec() },
                (4, Some(to)) => Self::Offer { to, mac: r.array()?, sealed: r.rest().to_vec() },
                (5, Some(to)) => Self::Refusal { to, why: Why::read(r.u8()?)? },
                _ => return None,
            })
        });
        read.ok()
    }
}

impl Why {
    const fn read(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::WrongCode),
            2 => Some(Self::Taken),
            3 => Some(Self::Expired),
            _ => None,
        }
    }
}

impl Newcomer {
    pub(super) fn write(&self) -> Vec<u8> {
        let row = Writer::new(VERSION).sized(self.device.as_str().as_bytes());
        self.name.write(row).finish().to_vec()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let read = |r: &mut Reader<'_>| Some(Self { device: device(r)?, name: DeviceName::read(r)? });
        Reader::read(WHAT, VERSION, bytes, read).ok()
    }
}

impl Account {
    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut row = Writer::new(VERSION)
            .sized(self.from.as_str().as_bytes())
            .sized(self.to.as_str().as_bytes())
            .bytes(self.chat_key.as_slice())
            .sized(self.phrase.as_bytes())
            .sized(self.profile.as_bytes())
            .u8(u8::try_from(self.devices.len().min(MAX_LISTED)).unwrap_or(u8::MAX));
        for (id, name) in self.devices.iter().take(MAX_LISTED) {
            row = name.write(row.sized(id.as_str().as_bytes()));
        }
        Zeroizing::new(row.finish().to_vec())
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let read = Reader::read(WHAT, VERSION, bytes, |r| {
            let (from, to) = (device(r)?, device(r)?);
            let chat_key = Box::new(Zeroizing::new(r.array()?));
            let phrase = Zeroizing::new(text(r.sized()?, MAX_PHRASE)?);
            let profile = text(r.sized()?, MAX_PHRASE)?;
            let count = usize::from(r.u8()?);
            if count > MAX_LISTED {
                return None;
            }
            let mut devices = Vec::with_capacity(count);
            for _ in 0..count {
                devices.push((device(r)?, DeviceName::read(r)?));
            }
            Some(Self { from, to, chat_key, phrase, profile, devices })
        });
        read.ok()
    }
}

fn device(r: &mut Reader<'_>) -> Option<DeviceId> {
    DeviceId::new(std::str::from_utf8(r.sized()?).ok()?).ok()
}

fn text(bytes: &[u8], max: usize) -> Option<String> {
    std::str::from_utf8(bytes).ok().filter(|text| text.len() <= max).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        UserId::from_compressed(&[2; 33]).unwrap()
    }

    #[test]
    fn a_flight_reads_as_it_was_written_and_no_two_are_alike() {
        let to = user();
        let flights = [
            Flight::Hello { opening: [1; OPENING] },
            Flight::Answer { to, opening: [2; OPENING] },
            Flight::Proof { to, mac: [3; MAC], sealed: vec![4; 50] },
            Flight::Offer { to, mac: [5; MAC], sealed: vec![6; 500] },
            Flight::Refusal { to, why: Why::Taken },
        ];

        for flight in flights {
            assert_ne!(flight.write(1), flight.write(2));
            assert_eq!(Flight::read(&flight.write(7)), Some(flight));
        }
    }

    #[test]
    fn what_is_cut_too_long_or_of_another_version_is_no_flight() {
        let whole = Flight::Answer { to: user(), opening: [2; OPENING] }.write(1);

        for len in 0..whole.len() {
            assert_eq!(Flight::read(&whole[..len]), None, "{len}");
        }
        assert_eq!(Flight::read(&[&[2], &whole[1..]].concat()), None);
        assert_eq!(Flight::read(&[&whole[..], b"x"].concat()), None);
        let long = Flight::Proof { to: user(), mac: [3; MAC], sealed: vec![4; MAX_FLIGHT] };
        assert_eq!(Flight::read(&long.write(1)), None);
    }

    #[test]
    fn an_account_reads_as_it_was_written() {
        let id = |name: &str| DeviceId::new(name).unwrap();
        let name = DeviceName::new("Bob's phone", "android").unwrap();
        let account = Account {
            from: id("old"),
            to: id("new"),
            chat_key: Box::new(Zeroizing::new([9; 32])),
            phrase: Zeroizing::new("one two".into()),
            profile: "Bob".into(),
            devices: vec![(id("old"), name.clone()), (id("third"), DeviceName::default())],
        };

        let read = Account::read(&account.write()).unwrap();

        assert_eq!(
            (&read.from, &read.to, &*read.phrase, &read.devices),
            (&account.from, &account.to, &*account.phrase, &account.devices)
        );
        assert_eq!(read.chat_key.as_slice(), account.chat_key.as_slice());
        let newcomer = Newcomer { device: id("new"), name };
        assert_eq!(Newcomer::read(&newcomer.write()), Some(newcomer));
    }
}
