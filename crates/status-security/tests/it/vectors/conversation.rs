//! `protocol_message.json`: conversations of deployed devices, replayed on the real layer.
//!
//! Every ciphertext that a device sent is made again and compared, every delivery gives the same verdict and text,
//! and the sessions end in the same state, but for the rules by which this layer is stricter on purpose; see
//! [`Rule`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use status_crypto::SecretKey;
use status_layer::testing::ScriptedRng;
use status_layer::{DeviceId, LayerError, Name, Opened, Rendezvous, Secret, Timestamp};
use status_security::OpenError;
use status_security::hazmat::Message;
use status_security::hazmat::replay::{ReplayError, ReplayedDevice, Secrets};

use super::{bytes, cases, key, list, number, point, secret_key, text};

/// Where this layer differs from the deployed peer on purpose.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Rule {
    /// Keys alone are no error; the peer says "no payload" and keeps them too.
    KeysAlone,
    /// A message key is deleted at once; the peer reads the same bytes again until they are confirmed.
    OnceOnly,
    /// A refused message leaves nothing; the peer has kept its handshake, so it reads what comes without one and
    /// answers in the session.
    RefusedLeavesNothing,
}

struct Conversation {
    devices: BTreeMap<String, ReplayedDevice>,
    identities: BTreeMap<Vec<u8>, SecretKey>,
    secrets: Secrets,
    /// Bytes and sender of each message.
    sent: BTreeMap<u64, (Vec<u8>, String)>,
    /// What each device has opened.
    read: BTreeSet<(String, u64)>,
    /// Devices that refused a message with a handshake in it.
    refused: BTreeSet<String>,
    rules: BTreeSet<Rule>,
    /// How many messages were left at a shared place.
    shared: usize,
    place: String,
}

#[test]
fn conversations_replay_message_by_message() {
    let mut rules = BTreeMap::new();
    let mut shared = 0;
    for case in cases("protocol_message.json") {
        let mut conversation = Conversation::begin(&case);
        for step in list(&case["steps"]) {
            conversation.step(step);
        }
        conversation.compare_sessions(&case);
        shared += conversation.shared;
        rules.insert(text(&case["name"]).to_string(), conversation.rules);
    }

    let used: BTreeSet<Rule> = rules.into_values().flatten().collect();
    assert_eq!(used, [Rule::KeysAlone, Rule::OnceOnly, Rule::RefusedLeavesNothing].into());
    assert!(shared > 10, "{shared} messages were left at a shared place");
}

impl Conversation {
    fn begin(case: &Value) -> Self {
        let mut this = Self {
            devices: BTreeMap::new(),
            identities: BTreeMap::new(),
            secrets: Secrets::default(),
            sent: BTreeMap::new(),
            read: BTreeSet::new(),
            refused: BTreeSet::new(),
            rules: BTreeSet::new(),
            shared: 0,
            place: text(&case["name"]).to_string(),
        };
        for device in list(&case["devices"]) {
            this.add(device);
        }
        for step in list(&case["steps"]) {
            this.know(&step["new_ratchet_private"]);
        }
        this
    }

    fn add(&mut self, device: &Value) {
        let identity = secret_key(&device["identity"]["private"]);
        self.identities.insert(identity.public().compressed().to_vec(), identity.clone());
        let id = DeviceId::new(text(&device["installation_id"])).unwrap();
        let mut replayed = ReplayedDevice::new(identity, id, Timestamp::from_secs(1_795_000_000));
        for prekey in list(&device["signed_pre_keys"]) {
            let secret = secret_key(&prekey["private"]);
            let version = number(&prekey["version"]);
            replayed.give_prekey(&mut ScriptedRng::new([]), &secret, version).unwrap();
            self.secrets.know(secret);
        }
        for session in list(&device["final_sessions"]) {
            self.know(&session["dhs_private"]);
        }
        self.devices.insert(text(&device["name"]).to_string(), replayed);
    }

    fn know(&mut self, private: &Value) {
        if private.is_string() {
            self.secrets.know(secret_key(private));
        }
    }

    fn step(&mut self, step: &Value) {
        let place = format!("{} {} {}", self.place, step["op"], step["id"]);
        match text(&step["op"]) {
            "send_public" | "send_dh" => self.note_sent(step),
            "send_direct" => {
                self.note_sent(step);
                self.send(step, &place);
            }
            "deliver" => {
                let (bytes, _) = self.sent[&step["id"].as_u64().unwrap()].clone();
                self.deliver(step, &bytes, &place);
            }
            "deliver_changed" => self.deliver(step, &bytes(&step["bytes"]), &place),
            // Enabling decides for whom is sealed, confirming when a key goes: neither decides what opens here.
            "enable_own_installation" | "confirm_processed" => {}
            other => panic!("unknown step {other}"),
        }
    }

    fn note_sent(&mut self, step: &Value) {
        let encoded = bytes(&step["bytes"]);
        let message = Message::decode(&encoded).unwrap();
        assert_eq!(message.device, step["decoded"]["sender_installation_id"]);
        assert_eq!(message.bundles.len(), list(&step["decoded"]["bundles"]).len());
        assert_eq!(message.clone().encode().len(), encoded.len(), "our encoding has the same fields");
        self.sent.insert(step["id"].as_u64().unwrap(), (encoded, text(&step["by"]).to_string()));
    }

    fn send(&mut self, step: &Value, place: &str) {
        let message = Message::decode(&bytes(&step["bytes"])).unwrap();
        let to = self.identities[&bytes(&step["to_identity"])].clone();
        let by = text(&step["by"]);
        let device = self.devices.get_mut(by).unwrap();
        let plaintext = bytes(&step["plaintext"]);
        let other = to.public().user() != device.user() && !self.refused.contains(by);
        if let (true, Some(agreed)) = (other, step.get("agreed_shared_secret")) {
            let place = device.meeting_place(&mut ScriptedRng::new([]), to.public().user()).unwrap();
            let agreed =
                agreed.as_str().map(|hex| Rendezvous::Shared(Secret::new(hex::decode(hex).unwrap())));
            assert_eq!(place, agreed.unwrap_or(Rendezvous::Inbox(to.public().user())), "{step}");
            self.shared += usize::from(matches!(place, Rendezvous::Shared(_)));
        }

        let sent = device.sent(&mut ScriptedRng::new([]), &self.secrets, &to, &message, &plaintext);

        match sent {
            Ok(()) => {}
            // The session stems from a handshake in a message that we refuse.
            Err(ReplayError::NoSession { .. } | ReplayError::Differs { .. }) if self.refused.contains(by) => {
                self.rules.insert(Rule::RefusedLeavesNothing);
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }

    fn deliver(&mut self, step: &Value, bytes: &[u8], place: &str) {
        let id = step["id"].as_u64().unwrap();
        let to = text(&step["to"]).to_string();
        let from = self.devices[&self.sent[&id].1].user();
        let drawn = step["new_ratchet_private"].as_str().map(|hex| hex::decode(hex).unwrap());
        let mut rng = ScriptedRng::new(drawn.unwrap_or_default());
        let message = Message::decode(bytes).unwrap_or_default();
        let public = message.direct.is_empty() && !message.bundles.is_empty();
        let device = self.devices.get_mut(&to).unwrap();
        let handshake =
            message.direct.get(device.device().as_str()).is_some_and(|direct| direct.handshake.is_some());
        let meet = match public {
            true => Rendezvous::Named(Name::new("place").unwrap()),
            false => Rendezvous::Inbox(device.user()),
        };

        let opened = device.deliver(&mut rng, &self.secrets, from, meet, bytes);

        let verdict = (opened, step["ok"].as_bool().unwrap());
        match verdict {
            (Ok(opened), true) => {
                self.read.insert((to, id));
                assert_eq!(hex::encode(plaintext(&opened)), step["plaintext"], "{place}");
                assert_eq!(rng.left(), 0, "{place}: a key was drawn if the peer drew one");
            }
            (Ok(opened), false) => {
                assert!(opened.mail.is_empty() && step["error"] == "no payload", "{place}: {opened:?}");
                self.rules.insert(Rule::KeysAlone);
            }
            (Err(_), false) if handshake => {
                self.refused.insert(to);
            }
            (Err(_), false) => {}
            (Err(error), true) => self.judge(step, &(to, id), error, place),
        }
    }

    /// We refuse what the peer reads.
    fn judge(&mut self, step: &Value, who: &(String, u64), error: status_security::Error, place: &str) {
        let LayerError::Reject(reason) = LayerError::from(error) else { panic!("{place}: our fault") };
        let rule = match reason.get::<OpenError>() {
            Some(OpenError::Replayed) if self.read.contains(who) => Rule::OnceOnly,
            Some(OpenError::NoSession) if self.refused.contains(&who.0) => Rule::RefusedLeavesNothing,
            _ => panic!("{place}: {reason} {step}"),
        };
        self.rules.insert(rule);
    }

    fn compare_sessions(&self, case: &Value) {
        for device in list(&case["devices"]) {
            let name = text(&device["name"]);
            for session in list(&device["final_sessions"]).iter().filter(|_| !self.refused.contains(name)) {
                self.compare_session(name, session);
            }
        }
    }

    /// A session id is the prekey and the installation id of the other side.
    fn compare_session(&self, name: &str, expected: &Value) {
        let id = bytes(&expected["session_id"]);
        let prekey = id[..33].try_into().unwrap();
        let installation = String::from_utf8(id[33..].to_vec()).unwrap();
        let found = self.identities.values().find_map(|identity| {
            let mut device = self.devices[name].clone();
            let peer = (&identity.public(), installation.as_str());
            device.session(&mut ScriptedRng::new([]), peer, &prekey).unwrap()
        });
        let place = format!("{} {name} {installation}", self.place);
        let ratchet = found.unwrap_or_else(|| panic!("{place}: no session")).ratchet;
        assert_eq!(ratchet.root, key(&expected["root_key"]), "{place}");
        assert_eq!(ratchet.own.public, point(&expected["dhs_public"]).into(), "{place}");
        assert_eq!(ratchet.peer.map(hex::encode).unwrap_or_default(), expected["dhr"], "{place}");
        assert_eq!(ratchet.sending.key, key(&expected["send_chain_key"]), "{place}");
        assert_eq!(ratchet.receiving.key, key(&expected["recv_chain_key"]), "{place}");
        let counts = (ratchet.sending.n, ratchet.receiving.n, ratchet.previous);
        let wanted = ["send_n", "recv_n", "pn"].map(|field| number(&expected[field]));
        assert_eq!([counts.0, counts.1, counts.2], wanted, "{place}");
    }
}

fn plaintext(opened: &Opened) -> &[u8] {
    opened.mail.first().map(|letter| letter.datagram.bytes.as_slice()).unwrap_or_default()
}
