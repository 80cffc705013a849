//! Sessions step by step (`dr-v1`), under the key keeping of the deployed peer.

use std::collections::BTreeMap;

use status_layer::testing::ScriptedRng;
use status_security::hazmat::Key;
use status_security::hazmat::RatchetKey;
use status_security::hazmat::deployed::{KeepingLimits, KeepingRatchet};
use status_security::hazmat::ratchet::{Form, Header, Ratchet, kdf};

use crate::read::Node;
use crate::trial::{Stop, Trial};

/// Most messages that are passed over at once, in a check.
const MAX_MESSAGES: u32 = 100_000;

pub(super) fn check(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let mut session = Session::new(case)?;
    session.states(&case.get("initial_state")?, trial)?;
    for step in case.list("steps")? {
        session.step(&step, trial)?;
    }
    session.finish(case, trial)
}

/// One session: both sides, and the messages under way.
struct Session {
    initiator: Side,
    responder: Side,
    sent: BTreeMap<u64, Sent>,
}

struct Side {
    keeping: KeepingRatchet,
    /// The private ratchet keys that went live.
    live: Vec<Vec<u8>>,
}

#[derive(Clone)]
struct Sent {
    header: Header,
    payload: Vec<u8>,
    plaintext: Vec<u8>,
}

impl Session {
    fn new(case: &Node<'_>) -> Result<Self, Stop> {
        let secret = Key::new(case.array("shared_secret")?);
        let prekey = case.key("responder_ratchet_key")?;
        let max_skip = case.number32("max_skip")?;
        if max_skip > MAX_MESSAGES {
            return Err(Stop::Malformed(format!("`max_skip` is above {MAX_MESSAGES}")));
        }
        let max_keys = usize::try_from(case.number("max_message_keys_per_session")?).unwrap_or(usize::MAX);
        let limits = KeepingLimits { max_skip, max_keep: case.number("max_keep")?, max_keys };
        let drawn = case.list("initiator_generated_privates")?;
        let first = drawn.first().map_or(Ok(Vec::new()), Node::as_bytes)?;
        let initiator = Ratchet::initiate(&mut ScriptedRng::new(first), &secret, &prekey.public());
        let live = vec![initiator.own.secret.expose().to_vec()];
        let responder = Ratchet::respond(&secret, &prekey);
        Ok(Self {
            initiator: Side { keeping: KeepingRatchet::new(initiator, limits), live },
            responder: Side { keeping: KeepingRatchet::new(responder, limits), live: Vec::new() },
            sent: BTreeMap::new(),
        })
    }

    fn side(&mut self, by: &str) -> Result<&mut Side, Stop> {
        match by {
            "initiator" => Ok(&mut self.initiator),
            "responder" => Ok(&mut self.responder),
            other => Err(Stop::Malformed(format!("a step is by {other}"))),
        }
    }

    fn step(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let by = step.text("by")?;
        match step.text("op")? {
            "encrypt" => {
                let sent = self.side(by)?.seal(step, trial)?;
                self.sent.insert(step.number("id")?, sent);
            }
            "encrypt_and_drop" => self.side(by)?.seal_unseen(step)?,
            "decrypt" => {
                let Sent { header, payload, plaintext } = self.sent(step)?;
                self.side(by)?.open(step, trial, Some(&header), (&payload, Some(&plaintext)))?;
            }
            "decrypt_injected" => {
                let header = header(&step.get("header")?)?;
                let payload = step.bytes("ciphertext")?;
                let plaintext =
                    if step.find("plaintext").is_some() { Some(step.bytes("plaintext")?) } else { None };
                self.side(by)?.open(step, trial, header.as_ref(), (&payload, plaintext.as_deref()))?;
            }
            "delete_message_key" => {
                let Sent { header, .. } = self.sent(step)?;
                let side = self.side(by)?;
                side.keeping.confirm(&header);
                let held = side.keeping.keys.len() as u64;
                trial.same(&step.place("stored_keys"), held, step.number("stored_keys")?);
            }
            other => return Err(Stop::Skipped(format!("unknown step {other}"))),
        }
        match step.find("state_after") {
            Some(state) => self.side(by)?.state(&state, trial),
            None => Ok(()),
        }
    }

    fn sent(&self, step: &Node<'_>) -> Result<Sent, Stop> {
        let sent = self.sent.get(&step.number("id")?).cloned();
        sent.ok_or_else(|| Stop::Malformed(format!("`{}` names no message", step.place("id"))))
    }

    fn states(&self, states: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        self.initiator.state(&states.get("initiator")?, trial)?;
        self.responder.state(&states.get("responder")?, trial)
    }

    fn finish(&self, case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let last = case.get("final_state")?;
        self.states(&last, trial)?;
        self.initiator.keys(&last, "initiator_stored_keys", trial)?;
        self.responder.keys(&last, "responder_stored_keys", trial)?;
        self.initiator.drawn(case, "initiator_generated_privates", trial)?;
        self.responder.drawn(case, "responder_generated_privates", trial)
    }
}

impl Side {
    fn seal(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<Sent, Stop> {
        let plaintext = step.bytes("plaintext")?;
        let (_, key) = kdf::chain(&self.keeping.ratchet.sending.key);
        let (made, ours) = self.keeping.ratchet.seal(&plaintext).map_err(refused(step))?;
        trial.member(step, "message_key", key.expose())?;
        trial.same(&step.place("header"), Some(made), header(&step.get("header")?)?);
        let payload = step.bytes("ciphertext")?;
        trial.bytes(&step.place("ciphertext"), ours, &payload);
        Ok(Sent { header: made, payload, plaintext })
    }

    fn seal_unseen(&mut self, step: &Node<'_>) -> Result<(), Stop> {
        let (count, plaintext) = (step.number32("count")?, step.bytes("plaintext")?);
        if count > MAX_MESSAGES {
            return Err(Stop::Malformed(format!("`{}` is above {MAX_MESSAGES}", step.place("count"))));
        }
        for _ in 0..count {
            self.keeping.ratchet.seal(&plaintext).map_err(refused(step))?;
        }
        Ok(())
    }

    /// Opens a message. A header whose key has not the length of a point never reaches a ratchet.
    fn open(
        &mut self,
        step: &Node<'_>,
        trial: &mut Trial,
        header: Option<&Header>,
        (payload, plaintext): (&[u8], Option<&[u8]>),
    ) -> Result<(), Stop> {
        let ok = step.flag("ok")?;
        let Some(header) = header else {
            trial.same(&step.place("ok"), false, ok);
            return Ok(());
        };
        let drawn = match step.find("new_ratchet_private") {
            Some(drawn) => drawn.as_bytes()?,
            None => Vec::new(),
        };
        let before = self.keeping.clone();
        let opened = self.keeping.open(&mut ScriptedRng::new(drawn.clone()), header, payload);
        trial.same(&step.place("ok"), opened.is_ok(), ok);

        let own = &self.keeping.ratchet.own;
        if own.public != before.ratchet.own.public {
            self.live.push(own.secret.expose().to_vec());
            trial.bytes(&step.place("new_ratchet_private"), own.secret.expose(), &drawn);
        } else {
            trial.holds(&format!("{}: no ratchet key was drawn here", step.at()), drawn.is_empty());
        }
        match (opened, plaintext) {
            (Ok(opened), Some(plaintext)) => {
                trial.bytes(&step.place("plaintext"), opened.as_slice(), plaintext);
            }
            (Ok(_), None) => {}
            (Err(_), _) => {
                let unchanged = self.keeping == before;
                trial.same(&step.place("state_unchanged"), unchanged, step.flag("state_unchanged")?);
            }
        }
        match self.keeping.keys.get(&(header.key, header.n)) {
            Some((_, used)) if step.find("message_key").is_some() => {
                trial.member(step, "message_key", used.expose())
            }
            _ => Ok(()),
        }
    }

    fn state(&self, state: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let KeepingRatchet { ratchet, keys, stored, .. } = &self.keeping;
        trial.member(state, "dhr", ratchet.peer.map_or(Vec::new(), |peer| peer.as_bytes().to_vec()))?;
        trial.member(state, "dhs_private", ratchet.own.secret.expose())?;
        trial.member(state, "dhs_public", ratchet.own.public)?;
        trial.member(state, "root_key", ratchet.root.expose())?;
        trial.member(state, "send_chain_key", ratchet.sending.key.expose())?;
        trial.member(state, "recv_chain_key", ratchet.receiving.key.expose())?;
        for (name, ours) in [
            ("send_n", u64::from(ratchet.sending.n)),
            ("recv_n", u64::from(ratchet.receiving.n)),
            ("pn", u64::from(ratchet.previous)),
            ("keys_count", *stored),
            ("stored_keys", keys.len() as u64),
        ] {
            trial.same(&state.place(name), ours, state.number(name)?);
        }
        Ok(())
    }

    /// Long lists of keys may be left out; their number is in the state.
    fn keys(&self, last: &Node<'_>, name: &str, trial: &mut Trial) -> Result<(), Stop> {
        if last.find(name).is_none() {
            return Ok(());
        }
        let listed = last.list(name)?;
        trial.same(&last.place(name), self.keeping.keys.len(), listed.len());
        for shown in &listed {
            let message = (RatchetKey::Secp256k1(shown.array("dh")?), shown.number32("n")?);
            let Some((order, key)) = self.keeping.keys.get(&message) else {
                trial.holds(&format!("there is no key of `{}`", shown.at()), false);
                continue;
            };
            trial.member(shown, "message_key", key.expose())?;
            trial.same(&shown.place("seq"), *order, shown.number("seq")?);
        }
        Ok(())
    }

    fn drawn(&self, case: &Node<'_>, name: &str, trial: &mut Trial) -> Result<(), Stop> {
        let listed = case.list(name)?.iter().map(Node::as_bytes).collect::<Result<Vec<_>, _>>()?;
        trial.holds(&format!("`{name}` are not the ratchet keys that went live here"), self.live == listed);
        Ok(())
    }
}

fn refused(step: &Node<'_>) -> impl Fn(status_security::RatchetError) -> Stop {
    let at = step.at().to_owned();
    move |error| Stop::Differs(format!("{at}: cannot be sealed here: {error}"))
}

/// The header of a message; none if its key has the length of no key.
fn header(shown: &Node<'_>) -> Result<Option<Header>, Stop> {
    let (key, n, pn) = (shown.bytes("dh")?, shown.number32("n")?, shown.number32("pn")?);
    Ok(RatchetKey::from_bytes(key.as_ref()).map(|key| Header { key, n, pn, form: Form::Bare }))
}
