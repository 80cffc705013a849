//! The side of the device that has the account: it waits for one guess.
//!
//! | state | what it hears | what it does | next |
//! | --- | --- | --- | --- |
//! | waiting | hello | answers; from now on this passing identity alone is spoken with | answered |
//! | answered | the same hello | answers again | answered |
//! | answered | its proof, which does not fit | refuses: wrong code | over |
//! | answered | its proof, which fits | remembers durably whom it hands the account to, then offers | offered |
//! | offered | the same proof | offers again | offered |
//! | any | a hello of anybody else | refuses: taken | the same |
//! | over, or too late | a hello | refuses: taken, or expired | the same |
//!
//! Everything else is passed over. After [`MAX_HEARD`] flights nothing is heard any more.

use rand_core::CryptoRng;
use status_layer::{Name, Timestamp, UserId};

use super::PairingError;
use super::code::Code;
use super::flight::{Account, Flight, Newcomer, Why};
use super::keys::{Keys, MAC, Meeting, OPENING, Opening, Side};

/// Flights that an invitation listens to, its guests' and all others together.
pub(super) const MAX_HEARD: usize = 1_024;

/// An invitation under way.
pub(super) struct Host {
    /// Our own passing identity.
    ourselves: UserId,
    codes: Vec<(Name, Code)>,
    expires: Timestamp,
    state: State,
    heard: usize,
}

enum State {
    Waiting,
    Answered { guest: Talk, keys: Keys },
    Proven { guest: Talk, keys: Keys, newcomer: Newcomer, proof: ([u8; MAC], Vec<u8>) },
    Offered { guest: Talk, proof: [u8; MAC], offer: Flight },
    Over,
}

/// Whom we speak with, where, and how it began.
#[derive(Clone)]
struct Talk {
    channel: Name,
    user: UserId,
    hello: [u8; OPENING],
    answer: Flight,
}

/// What is to be done about something that was heard.
#[derive(Debug)]
pub(super) enum Reaction {
    Nothing,
    /// Say this, on the channel on which it was heard.
    Say(Flight),
    /// The guest knows the code: remember durably that it gets the account, then [`Host::offer`].
    Proven(Newcomer),
    /// The invitation is void; say this.
    Void(Flight, PairingError),
}

impl Host {
    pub(super) fn new(ourselves: UserId, codes: Vec<Code>, expires: Timestamp) -> Result<Self, PairingError> {
        let codes = codes.into_iter().map(|code| Ok((code.channel()?, code)));
        let codes = codes.collect::<Result<_, PairingError>>()?;
        Ok(Self { ourselves, codes, expires, state: State::Waiting, heard: 0 })
    }

    /// Whether the account has left, so that nothing can be taken back.
    pub(super) const fn has_offered(&self) -> bool {
        matches!(self.state, State::Proven { .. } | State::Offered { .. })
    }

    /// Voids the invitation.
    pub(super) fn end(&mut self) {
        if !self.has_offered() {
            self.state = State::Over;
        }
    }

    /// Takes what `from` said on a channel.
    pub(super) fn hear(
        &mut self,
        channel: &Name,
        from: UserId,
        flight: Flight,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<Reaction, PairingError> {
        self.heard = self.heard.saturating_add(1);
        if self.heard > MAX_HEARD {
            self.end();
            return Err(PairingError::Flooded);
        }
        Ok(match flight {
            Flight::Hello { opening } => self.hello(channel, from, opening, now, rng),
            Flight::Proof { to, mac, sealed } if to == self.ourselves => {
                self.proof(channel, from, mac, sealed, now)
            }
            _ => Reaction::Nothing,
        })
    }

    fn hello(
        &mut self,
        channel: &Name,
        from: UserId,
        opening: [u8; OPENING],
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Reaction {
        if let State::Answered { guest, .. } | State::Proven { guest, .. } | State::Offered { guest, .. } =
            &self.state
            && guest.user == from
        {
            let again = guest.hello == opening && guest.channel == *channel;
            return if again { Reaction::Say(guest.answer.clone()) } else { Reaction::Nothing };
        }
        if !matches!(self.state, State::Waiting) || now >= self.expires {
            let why = if now >= self.expires { Why::Expired } else { Why::Taken };
            return Reaction::Say(Flight::Refusal { to: from, why });
        }
        let Some((_, code)) = self.codes.iter().find(|(known, _)| known == channel) else {
            return Reaction::Nothing;
        };
        let ours = Opening::new(Side::Old, code.secret(), rng);
        let answer = Flight::Answer { to: from, opening: *ours.said() };
        let meeting = Meeting { channel, new: &from, old: &self.ourselves };
        // What is no point of the curve teaches its sender nothing, so it is not a guess.
        let Some(keys) = ours.finish(&opening, &meeting) else { return Reaction::Nothing };
        let guest = Talk { channel: channel.clone(), user: from, hello: opening, answer: answer.clone() };
        self.state = State::Answered { guest, keys };
        Reaction::Say(answer)
    }

    fn proof(
        &mut self,
        channel: &Name,
        from: UserId,
        mac: [u8; MAC],
        sealed: Vec<u8>,
        now: Timestamp,
    ) -> Reaction {
        let is_guest = |guest: &Talk| guest.user == from && guest.channel == *channel;
        match std::mem::replace(&mut self.state, State::Over) {
            State::Answered { guest, .. } if is_guest(&guest) && now >= self.expires => {
                let refusal = Flight::Refusal { to: from, why: Why::Expired };
                Reaction::Void(refusal, PairingError::Expired)
            }
            State::Answered { guest, keys } if is_guest(&guest) => {
                let opened = keys.open(Side::New, b"", &mac, &sealed);
                let Some(newcomer) = opened.and_then(|plain| Newcomer::read(&plain)) else {
                    let refusal = Flight::Refusal { to: from, why: Why::WrongCode };
                    return Reaction::Void(refusal, PairingError::WrongCode);
                };
                let proof = (mac, sealed);
                self.state = State::Proven { guest, keys, newcomer: newcomer.clone(), proof };
                Reaction::Proven(newcomer)
            }
            State::Offered { guest, proof, offer } if is_guest(&guest) && proof == mac => {
                let again = Reaction::Say(offer.clone());
                self.state = State::Offered { guest, proof, offer };
                again
            }
            other => {
                self.state = other;
                Reaction::Nothing
            }
        }
    }

    /// The offer for a guest that has proven itself, once it is remembered; with the channel on which to make it.
    pub(super) fn offer(
        &mut self,
        account: impl FnOnce(&Newcomer) -> Account,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Name, Flight)> {
        let State::Proven { guest, keys, newcomer, proof } = std::mem::replace(&mut self.state, State::Over)
        else {
            return None;
        };
        let account = account(&newcomer).write();
        let (mac, sealed) = keys.seal(Side::Old, &proof.1, &account, rng)?;
        let offer = Flight::Offer { to: guest.user, mac, sealed };
        let channel = guest.channel.clone();
        self.state = State::Offered { guest, proof: proof.0, offer: offer.clone() };
        Some((channel, offer))
    }
}
