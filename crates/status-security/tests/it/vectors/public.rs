//! What whole messengers leave at public names, from `fullstack.json`: content with and without our frame.

use status_crypto::PublicKey;
use status_layer::{Grade, Name, Parcel, Rendezvous, Sealed};
use status_security::hazmat::Message;

use super::{bytes, cases_at, list};
use crate::pair::Person;

#[test]
fn public_envelopes_open_as_they_are_and_framed_ones_give_their_bundles() {
    let (mut bare, mut framed) = (0, 0);
    for case in cases_at("stack/fullstack.json") {
        let mut reader = Person::new(1);
        for step in list(&case["steps"]).iter().filter(|step| step["opened_with"]["filter"] == "public") {
            let payload = bytes(&step["transport_payload"]);
            let parcel = Parcel {
                meet: Rendezvous::Named(Name::new("place").unwrap()),
                sealed: Sealed::new(payload.clone()),
                hint: Some(PublicKey::from_uncompressed(&bytes(&step["signer"])).unwrap().user()),
            };

            let opened = reader.try_open(&parcel).unwrap();

            if step["protocol_message"].is_object() {
                assert!(opened.mail.is_empty(), "a contact code");
                assert_eq!(Message::decode(&payload).unwrap().bundles.len(), 1);
                framed += 1;
            } else {
                assert_eq!(opened.mail[0].datagram.bytes, payload);
                assert_eq!(opened.mail[0].grade, Grade::Clear);
                bare += 1;
            }
        }
    }
    assert!(bare > 0 && framed > 0, "{bare} bare, {framed} framed");
}
