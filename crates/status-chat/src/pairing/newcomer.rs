//! The side of the device that joins: it asks until it is answered, and believes nothing that does not open.

use rand_core::CryptoRng;
use status_layer::{Name, UserId};

use super::PairingError;
use super::code::Code;
use super::flight::{Account, Flight, Newcomer, Why};
use super::keys::{Keys, Meeting, Opening, Side};

/// One try to join.
pub(super) struct Joiner {
    ourselves: UserId,
    newcomer: Newcomer,
    channel: Name,
    state: State,
    /// What somebody who says to be the old device has against us. Anybody can say so.
    refused: Option<Why>,
}

enum State {
    Asking { ours: Option<Opening>, hello: Flight },
    Proving { host: UserId, keys: Keys, sealed: Vec<u8>, proof: Flight },
}

impl Joiner {
    pub(super) fn new(
        ourselves: UserId,
        code: &Code,
        newcomer: Newcomer,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, PairingError> {
        let ours = Opening::new(Side::New, code.secret(), rng);
        let hello = Flight::Hello { opening: *ours.said() };
        let state = State::Asking { ours: Some(ours), hello };
        Ok(Self { ourselves, newcomer, channel: code.channel()?, state, refused: None })
    }

    pub(super) const fn channel(&self) -> &Name {
        &self.channel
    }

    /// What is to be said now, and again until something is heard.
    pub(super) const fn says(&self) -> &Flight {
        match &self.state {
            State::Asking { hello, .. } => hello,
            State::Proving { proof, .. } => proof,
        }
    }

    /// Whether somebody has answered.
    pub(super) const fn was_answered(&self) -> bool {
        matches!(self.state, State::Proving { .. })
    }

    /// Why we were refused, if anybody says so.
    pub(super) const fn refused(&self) -> Option<Why> {
        self.refused
    }

    /// Takes what `from` said on our channel; the account, once it was given.
    pub(super) fn hear(
        &mut self,
        from: UserId,
        flight: Flight,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Account>, PairingError> {
        match (flight, &mut self.state) {
            (Flight::Answer { to, opening }, State::Asking { ours, .. }) if to == self.ourselves => {
                let meeting = Meeting { channel: &self.channel, new: &to, old: &from };
                // Whoever answers first is believed to be the old device; if it is not, the code will be found wrong.
                let keys = ours.take().and_then(|ours| ours.finish(&opening, &meeting));
                let keys = keys.ok_or(PairingError::WrongCode)?;
                let sealed = keys.seal(Side::New, b"", &self.newcomer.write(), rng);
                let (mac, sealed) = sealed.ok_or(PairingError::Randomness)?;
                let proof = Flight::Proof { to: from, mac, sealed: sealed.clone() };
                self.state = State::Proving { host: from, keys, sealed, proof };
                Ok(None)
            }
            (Flight::Offer { to, mac, sealed: offered }, State::Proving { host, keys, sealed, .. })
                if to == self.ourselves && from == *host =>
            {
                let opened = keys.open(Side::Old, sealed, &mac, &offered);
                let account = opened.and_then(|plain| Account::read(&plain));
                match account.filter(|account| account.to == self.newcomer.device) {
                    Some(account) => Ok(Some(account)),
                    None => Err(PairingError::WrongCode),
                }
            }
            (Flight::Refusal { to, why }, _) if to == self.ourselves => {
                self.refused = Some(why);
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}
