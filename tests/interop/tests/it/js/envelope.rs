//! Envelopes that one side seals and the other opens, with the encryption of js-waku.

use serde_json::{Value, json};
use status_crypto::{Keyring, SecretKey};
use status_interop::{Peer, text};
use status_layer::Secret;
use status_layer::testing::rng;
use status_privacy::hazmat;

/// Lengths below, at and above a multiple of the padding, and one with a size of three bytes.
const LENGTHS: [usize; 6] = [1, 186, 253, 254, 1000, 70_000];

/// For whom an envelope is: both sides' means of sealing and opening it.
struct Door {
    key: Option<Secret>,
    reader: SecretKey,
}

impl Door {
    /// Whoever knows the name of a channel.
    fn channel(reader: SecretKey) -> Self {
        Self { key: Some(hazmat::symmetric_key(b"interop")), reader }
    }

    /// One user.
    const fn user(reader: SecretKey) -> Self {
        Self { key: None, reader }
    }

    fn seal(&self, plain: &[u8]) -> Vec<u8> {
        match &self.key {
            Some(key) => hazmat::seal_symmetric(key, &mut rng(7), plain).unwrap(),
            None => hazmat::seal_asymmetric(&self.reader.public(), &mut rng(7), plain),
        }
    }

    fn open(&self, sealed: &[u8]) -> Vec<u8> {
        let plain = match &self.key {
            Some(key) => hazmat::open_symmetric(key, sealed),
            None => hazmat::open_asymmetric(&self.reader, sealed),
        };
        plain.unwrap().to_vec()
    }

    fn for_peer(&self) -> Value {
        match &self.key {
            Some(key) => json!({ "key": hex::encode(key.expose()) }),
            None => json!({
                "reader": hex::encode(self.reader.public().uncompressed()),
                "secret": hex::encode(self.reader.to_bytes()),
            }),
        }
    }
}

/// An order about envelopes at a door.
fn order(what: &str, door: &Door, rest: Value) -> Value {
    let mut order = json!({ "do": what });
    for more in [door.for_peer(), rest] {
        let fields = order.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
    }
    order
}

/// Each door, with a signer and without, and each length.
fn cases() -> impl Iterator<Item = (Door, Option<SecretKey>, Vec<u8>)> {
    let key = |seed| SecretKey::generate(&mut rng(seed));
    let doors = move || [Door::channel(key(1)), Door::user(key(1))].into_iter();
    let signed = move || doors().flat_map(move |door| [(door, Some(key(2)))]);
    let unsigned = move || doors().map(|door| (door, None));
    let payload = |len: usize| (0..len).map(|at| (at % 253) as u8).collect::<Vec<u8>>();
    LENGTHS.into_iter().flat_map(move |len| {
        signed().chain(unsigned()).map(move |(door, signer)| (door, signer, payload(len)))
    })
}

#[tokio::test]
async fn js_waku_opens_our_envelopes() {
    let mut peer = Peer::js().await;

    for (door, signer, payload) in cases() {
        let signer = signer.as_ref().map(|signer| signer as &dyn Keyring);
        let padding = hazmat::draw_padding(&payload, signer, &mut rng(3));
        let sealed = door.seal(&hazmat::encode(&payload, &padding, signer).unwrap());
        peer.order(&order("open", &door, json!({ "sealed": hex::encode(sealed) }))).await;
        let opened = peer.heard("opened", |_| true).await;

        assert_eq!(text(&opened["payload"]), hex::encode(&payload));
        assert_eq!(opened["signer"], json!(signer.map(|one| hex::encode(one.public().uncompressed()))));
    }
}

#[tokio::test]
async fn we_open_envelopes_of_js_waku() {
    let mut peer = Peer::js().await;

    for (door, signer, payload) in cases() {
        let by = signer.as_ref().map(|signer| hex::encode(signer.to_bytes()));
        peer.order(&order("seal", &door, json!({ "payload": hex::encode(&payload), "signer": by }))).await;
        let sealed = hex::decode(text(&peer.heard("sealed", |_| true).await["sealed"])).unwrap();
        let plain = hazmat::decode(&door.open(&sealed)).unwrap();

        assert_eq!(plain.payload, payload);
        assert_eq!(plain.signer, signer.map(|one| one.public()));
    }
}
