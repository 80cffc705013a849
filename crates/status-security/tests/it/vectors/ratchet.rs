//! `dr.json`: whole sessions, step by step, under the key keeping of the deployed peer.

use std::collections::BTreeMap;

use serde_json::Value;
use status_layer::testing::ScriptedRng;
use status_security::hazmat::RatchetKey;
use status_security::hazmat::deployed::{KeepingLimits, KeepingRatchet};
use status_security::hazmat::ratchet::{Form, Header, Ratchet};

use super::{bytes, cases, key, list, number, point, public_key, secret_key, text};

/// One session of the file: both sides and the messages under way.
struct Transcript {
    sides: BTreeMap<&'static str, KeepingRatchet>,
    sent: BTreeMap<u64, Sent>,
    name: String,
}

/// A message under way, and what it holds.
#[derive(Clone)]
struct Sent {
    header: Header,
    payload: Vec<u8>,
    plaintext: Vec<u8>,
}

#[test]
fn sessions_replay_step_by_step() {
    for case in cases("dr.json") {
        let mut transcript = Transcript::begin(&case);
        transcript.compare(&case["initial_state"]);
        for step in list(&case["steps"]) {
            transcript.step(step);
        }
        transcript.compare(&case["final_state"]);
        for side in ["initiator", "responder"] {
            transcript.compare_keys(side, list(&case[format!("{side}_stored_keys")]));
            transcript.compare_keys(side, list(&case["final_state"][format!("{side}_stored_keys")]));
        }
    }
}

impl Transcript {
    fn begin(case: &Value) -> Self {
        let secret = key(&case["shared_secret"]);
        let prekey = secret_key(&case["responder_ratchet_key"]["private"]);
        let mut rng = ScriptedRng::new(bytes(&case["initiator_generated_privates"][0]));
        let limits = KeepingLimits {
            max_skip: number(&case["max_skip"]),
            max_keep: case["max_keep"].as_u64().unwrap(),
            max_keys: usize::try_from(number(&case["max_message_keys_per_session"])).unwrap(),
        };
        let initiator = Ratchet::initiate(&mut rng, &secret, &prekey.public());
        let responder = Ratchet::respond(&secret, &prekey);
        Self {
            sides: [
                ("initiator", KeepingRatchet::new(initiator, limits)),
                ("responder", KeepingRatchet::new(responder, limits)),
            ]
            .into(),
            sent: BTreeMap::new(),
            name: text(&case["name"]).to_string(),
        }
    }

    fn step(&mut self, step: &Value) {
        let by = side(&step["by"]);
        match text(&step["op"]) {
            "encrypt" => self.encrypt(by, step),
            "encrypt_and_drop" => {
                for _ in 0..number(&step["count"]) {
                    self.sides.get_mut(by).unwrap().ratchet.seal(&[]).unwrap();
                }
            }
            "decrypt" => {
                let Sent { header, payload, plaintext } = self.sent[&step["id"].as_u64().unwrap()].clone();
                self.decrypt(by, step, &header, &payload, Some(&plaintext));
            }
            "decrypt_injected" => {
                let (header, payload) = (header(&step["header"]), bytes(&step["ciphertext"]));
                match header {
                    Some(header) => self.decrypt(by, step, &header, &payload, None),
                    // Of the length of no key, so it never reaches a ratchet.
                    None => assert_eq!(step["ok"], false, "{}: {step}", self.name),
                }
            }
            "delete_message_key" => {
                let header = self.sent[&step["id"].as_u64().unwrap()].header;
                self.sides.get_mut(by).unwrap().confirm(&header);
                let held = self.sides[by].keys.len();
                assert_eq!(Some(held as u64), step["stored_keys"].as_u64(), "{}", self.name);
            }
            other => panic!("unknown step {other}"),
        }
        if step["state_after"].is_object() {
            self.compare_side(by, &step["state_after"]);
        }
    }

    fn encrypt(&mut self, by: &'static str, step: &Value) {
        let plaintext = bytes(&step["plaintext"]);
        let (header_made, payload) = self.sides.get_mut(by).unwrap().ratchet.seal(&plaintext).unwrap();
        assert_eq!(Some(header_made), header(&step["header"]), "{}: {step}", self.name);
        assert_eq!(hex::encode(&payload), step["ciphertext"], "{}: {step}", self.name);
        self.sent.insert(step["id"].as_u64().unwrap(), Sent { header: header_made, payload, plaintext });
    }

    fn decrypt(
        &mut self,
        by: &'static str,
        step: &Value,
        header: &Header,
        payload: &[u8],
        plaintext: Option<&[u8]>,
    ) {
        let before = self.sides[by].clone();
        let drawn = step["new_ratchet_private"].as_str().map(|hex| hex::decode(hex).unwrap());
        let mut rng = ScriptedRng::new(drawn.unwrap_or_default());

        let opened = self.sides.get_mut(by).unwrap().open(&mut rng, header, payload);

        assert_eq!(opened.is_ok(), step["ok"], "{}: {opened:?} {step}", self.name);
        match opened {
            Ok(opened) => assert_eq!(Some(opened.as_slice()), plaintext, "{}", self.name),
            Err(_) => assert_eq!(self.sides[by], before, "{}: a refusal leaves the state", self.name),
        }
        assert_eq!(rng.left(), 0, "{}: a key was drawn exactly if the peer drew one", self.name);
    }

    fn compare(&self, state: &Value) {
        self.compare_side("initiator", &state["initiator"]);
        self.compare_side("responder", &state["responder"]);
    }

    fn compare_side(&self, side: &str, state: &Value) {
        let KeepingRatchet { ratchet, keys, stored, .. } = &self.sides[side];
        let at = format!("{}: {side}", self.name);
        let peer = ratchet.peer.map(hex::encode).unwrap_or_default();
        assert_eq!(peer, state["dhr"], "{at}");
        assert_eq!(ratchet.own.secret, key(&state["dhs_private"]), "{at}");
        assert_eq!(ratchet.own.public, point(&state["dhs_public"]).into(), "{at}");
        assert_eq!(ratchet.root, key(&state["root_key"]), "{at}");
        assert_eq!(ratchet.sending.key, key(&state["send_chain_key"]), "{at}");
        assert_eq!(ratchet.receiving.key, key(&state["recv_chain_key"]), "{at}");
        assert_eq!(ratchet.sending.n, number(&state["send_n"]), "{at}");
        assert_eq!(ratchet.receiving.n, number(&state["recv_n"]), "{at}");
        assert_eq!(ratchet.previous, number(&state["pn"]), "{at}");
        assert_eq!(Some(*stored), state["keys_count"].as_u64(), "{at}");
        assert_eq!(Some(keys.len() as u64), state["stored_keys"].as_u64(), "{at}");
    }

    fn compare_keys(&self, side: &str, expected: &[Value]) {
        for held in expected {
            let message = (point(&held["dh"]).into(), number(&held["n"]));
            let (order, kept) = &self.sides[side].keys[&message];
            assert_eq!(*kept, key(&held["message_key"]), "{}: {held}", self.name);
            assert_eq!(Some(*order), held["seq"].as_u64(), "{}: {held}", self.name);
        }
    }
}

fn side(value: &Value) -> &'static str {
    if text(value) == "initiator" { "initiator" } else { "responder" }
}

fn header(value: &Value) -> Option<Header> {
    let key = RatchetKey::from_bytes(&bytes(&value["dh"]))?;
    Some(Header { key, n: number(&value["n"]), pn: number(&value["pn"]), form: Form::Bare })
}

#[test]
fn the_ratchet_of_the_layer_forgets_what_it_has_used() {
    // The same transcripts without keeping: what the peer reads again, the bare ratchet says is gone.
    let case = cases("dr.json").into_iter().find(|case| list(&case["steps"]).len() > 1).unwrap();
    let secret = key(&case["shared_secret"]);
    let prekey = secret_key(&case["responder_ratchet_key"]["private"]);
    let first = &list(&case["steps"])[0];
    let limits = status_security::hazmat::ratchet::Limits { jump: 10, keep: 10 };
    let bob = Ratchet::respond(&secret, &prekey);
    let (header, payload) = (header(&first["header"]).unwrap(), bytes(&first["ciphertext"]));

    let turn = bob.open(&mut ScriptedRng::new([]), limits, &header, &payload).unwrap();
    let again = turn.ratchet.open(&mut ScriptedRng::new([]), limits, &header, &payload);

    assert_eq!(again.unwrap_err(), status_security::RatchetError::Gone { n: 0 });
    assert_eq!(public_key(&first["header"]["dh"]).compressed(), header.key.as_bytes());
}
