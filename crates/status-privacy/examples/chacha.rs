//! A privacy of one's own in sixty lines: the model for swapping this layer.
//!
//! It seals with ChaCha20-Poly1305, hides topics behind a hash and pads to a power of two. To put it into a client:
//! `Client::builder().stack(|us| Stack::new(sync, security, ChaCha(us.keyring.clone())))`. What it leaves out is what makes
//! the deployed layer longer: signatures on envelopes, inboxes that share a topic, compatibility.

use std::error::Error;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use status_crypto::{Keyring, PublicKey, SecretKey, keccak256};
use status_layer::testing::conform;
use status_layer::{
    Cx, Due, Frame, Interest, LayerError, Parcel, Privacy, Rendezvous, Sealed, StoreError, Topic, UserId,
};

/// Frames of `sealer's key 33 ‖ nonce 24 ‖ ciphertext`. In it: length 4, hint 0 or 33 bytes behind their number, the parcel,
/// zeros.
pub struct ChaCha<K>(pub K);

/// Why a call is refused, or fails.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was given cannot be used.
    #[error("{0}")]
    Input(&'static str),
    /// Our own store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<K: Keyring> Privacy for ChaCha<K> {
    type Error = Refused;

    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, Refused> {
        let row = topic(meet).as_str().as_bytes().to_vec();
        match (how, meet) {
            (Interest::Ignore, _) => cx.shelf.delete(row),
            // One version byte, then what the parcel says where it was left.
            (_, Rendezvous::Inbox(_)) => cx.shelf.put(row, vec![1, 0]),
            (_, Rendezvous::Named(name)) => cx.shelf.put(row, [&[1, 1], name.as_str().as_bytes()].concat()),
            (_, Rendezvous::Shared(secret)) => cx.shelf.put(row, [&[1, 2], secret.expose()].concat()),
        }
        let rows = cx.shelf.scan(&[], None, 10_000)?;
        Ok(rows.into_iter().map(|(row, _)| Topic::new(String::from_utf8_lossy(&row))).collect())
    }

    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, Refused> {
        let hint = parcel.hint.map(|user| user.as_bytes().to_vec()).unwrap_or_default();
        let sealed = parcel.sealed.as_bytes();
        let len = u32::try_from(sealed.len()).map_err(|_| Refused::Input("the parcel is too long"))?;
        let mut plain = [&len.to_be_bytes(), &[hint.len() as u8][..], &hint, sealed].concat();
        plain.resize(plain.len().next_power_of_two(), 0);
        let (once, mut nonce) = (SecretKey::generate(cx.rng), [0; 24]);
        cx.rng.fill_bytes(&mut nonce);
        let key = match &parcel.meet {
            Rendezvous::Inbox(user) => {
                let to = PublicKey::from_user(user).map_err(|_| Refused::Input("no such user"))?;
                once.agree(&to).expose().to_vec()
            }
            place => symmetric(place).to_vec(),
        };
        let boxed = cipher(&key).encrypt(&XNonce::from(nonce), plain.as_slice());
        let boxed = boxed.map_err(|_| Refused::Input("the parcel is too long"))?;
        let bytes = [&once.public().compressed()[..], &nonce, &boxed].concat();
        Ok(vec![Frame { topic: topic(&parcel.meet), at: cx.now, bytes }])
    }

    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, Refused> {
        let Some(row) = cx.shelf.get(frame.topic.as_str().as_bytes())? else { return Ok(None) };
        let meet = place(&row, self.0.user()).ok_or(StoreError::Damaged { what: "a place" })?;
        let opened = || {
            let (once, rest) = frame.bytes.split_first_chunk::<33>()?;
            let (nonce, boxed) = rest.split_first_chunk::<24>()?;
            let key = match &meet {
                Rendezvous::Inbox(_) => {
                    self.0.agree(&PublicKey::from_compressed(once).ok()?).expose().to_vec()
                }
                place => symmetric(place).to_vec(),
            };
            let plain = cipher(&key).decrypt(&XNonce::from(*nonce), boxed).ok()?;
            let (len, rest) = plain.split_first_chunk::<4>()?;
            let (hint, rest) = rest.split_first().and_then(|(n, rest)| rest.split_at_checked((*n).into()))?;
            let sealed = rest.get(..u32::from_be_bytes(*len) as usize)?.to_vec();
            Some((UserId::from_compressed(hint).ok(), Sealed::new(sealed)))
        };
        Ok(opened().map(|(hint, sealed)| Parcel { meet: meet.clone(), sealed, hint }))
    }

    fn due(&self, _: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, Refused> {
        Ok(Due::default())
    }
}

fn name(meet: &Rendezvous) -> Vec<u8> {
    match meet {
        Rendezvous::Inbox(user) => [b"inbox ", user.as_bytes().as_slice()].concat(),
        Rendezvous::Named(name) => [b"named ", name.as_str().as_bytes()].concat(),
        Rendezvous::Shared(secret) => [b"shared ", secret.expose()].concat(),
    }
}

fn topic(meet: &Rendezvous) -> Topic {
    let [a, b, c, d, ..] = keccak256(&[b"topic of ", &name(meet)]);
    Topic::new(format!("/chacha/1/{a:02x}{b:02x}{c:02x}{d:02x}/example"))
}

fn symmetric(meet: &Rendezvous) -> [u8; 32] {
    keccak256(&[b"key of ", &name(meet)])
}

fn cipher(key: &[u8]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(keccak256(&[key])))
}

fn place(row: &[u8], us: UserId) -> Option<Rendezvous> {
    match row.split_at_checked(2)? {
        ([1, 0], _) => Some(Rendezvous::Inbox(us)),
        ([1, 1], text) => {
            status_layer::Name::new(std::str::from_utf8(text).ok()?).ok().map(Rendezvous::Named)
        }
        ([1, 2], secret) => Some(Rendezvous::Shared(status_layer::Secret::new(secret))),
        _ => None,
    }
}

impl From<Refused> for LayerError {
    fn from(why: Refused) -> Self {
        match why {
            Refused::Input(_) => Self::reject(why),
            Refused::Store(why) => Self::fault(why),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let keys = [SecretKey::from_bytes(&[1; 32])?, SecretKey::from_bytes(&[2; 32])?];
    conform::privacy(|seat| {
        let [alice, bob] = keys.clone();
        let key = if seat == 0 { alice } else { bob };
        let user = key.user();
        (ChaCha(key), user)
    });
    Ok(())
}
