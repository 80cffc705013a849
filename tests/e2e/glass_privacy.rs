//! No private content relies on envelopes: over a privacy layer that hides nothing, security still hides all.

use std::sync::{Arc, Mutex};

use status_e2e::journal::Journal;
use status_e2e::leak::Published;
use status_e2e::talk::{DISPLAY_NAME, Talk};
use status_e2e::{must, security, sync, user};
use status_layer::testing::{Glass, OpenBook};
use status_layer::{
    Audience, Cx, Datagram, DeviceId, Due, Grade, Interest, Opened, Outgoing, Parcel, Recipient, Security,
};
use status_stack::Stack;

const ALICE: u8 = 1;
const BOB: u8 = 2;
const TEXT: &str = "the password is swordfish, tell nobody";

/// A security layer and everybody's copy of what was given to it to be sealed for users.
struct Tapped<X> {
    inner: X,
    tap: Tap,
}

type Tap = Arc<Mutex<Vec<Vec<u8>>>>;

impl<X: Security> Security for Tapped<X> {
    type Error = X::Error;

    fn expect(&self, cx: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, X::Error> {
        self.inner.expect(cx, whom, how)
    }

    fn pair(&self, cx: &mut Cx<'_>, device: &DeviceId, how: Interest) -> Result<(), X::Error> {
        self.inner.pair(cx, device, how)
    }

    fn renew(&self, cx: &mut Cx<'_>) -> Result<(), X::Error> {
        self.inner.renew(cx)
    }

    fn seal(&self, cx: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, X::Error> {
        if matches!(datagram.to, Recipient::User(_)) {
            self.tap.lock().unwrap().push(datagram.bytes.clone());
        }
        self.inner.seal(cx, datagram)
    }

    fn open(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, X::Error> {
        self.inner.open(cx, parcel)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Outgoing>, X::Error> {
        self.inner.due(cx)
    }
}

/// Alice and Bob over [`Glass`], and what they had sealed.
fn over_glass<X: Security + 'static>(make: fn(u8) -> X) -> (Talk, Tap) {
    let tap = Tap::default();
    let mut talk = Talk::empty(21);
    for seat in [ALICE, BOB] {
        let tapped = Tapped { inner: make(seat), tap: Arc::clone(&tap) };
        talk.add(seat, Box::new(Journal(Stack::new(sync(seat), tapped, Glass))));
    }
    (talk, tap)
}

/// Says the same thing in each mode that is there for mail.
fn talk_in_all_modes(talk: &mut Talk) {
    talk.say(ALICE, BOB, &format!("first. {TEXT}"));
    talk.wait(1);
    talk.say(BOB, ALICE, &format!("answer. {TEXT}"));
    talk.wait(1);
    talk.say(ALICE, BOB, &format!("again. {TEXT}"));
    talk.wait(60);
    talk.assert_complete("over glass");
}

fn published(talk: &Talk) -> Published {
    Published::new(
        talk.world
            .wire
            .iter()
            .flat_map(|(_, frame)| [frame.bytes.as_slice(), frame.topic.as_str().as_bytes()]),
    )
}

/// What is no secret: both users' keys, in the forms in which messages name them, and what was said in public.
fn known(talk: &Talk) -> Published {
    let text = |seat| must(status_crypto::text::key_string(&user(seat))).into_bytes();
    let mut known =
        vec![text(ALICE), text(BOB), user(ALICE).as_bytes().to_vec(), user(BOB).as_bytes().to_vec()];
    let public = talk.said.iter().filter(|line| matches!(line.to, Audience::Channel(_)));
    known.extend(public.map(|line| line.body.as_bytes().to_vec()));
    Published::new(known.iter().map(Vec::as_slice))
}

/// Everything private that was said, by what it is.
fn secrets(talk: &Talk, tap: &Tap) -> Vec<(&'static str, Vec<u8>)> {
    let private = talk.said.iter().filter(|line| matches!(line.to, Audience::User(_)));
    let mut secrets = vec![("a text", TEXT.into()), ("a name", DISPLAY_NAME.into())];
    for line in private {
        secrets.push(("a text", line.text.clone().into_bytes()));
        secrets.push(("a signed body", line.body.as_bytes().to_vec()));
        secrets.push(("a message id", line.id.as_bytes().to_vec()));
    }
    secrets.extend(tap.lock().unwrap().iter().map(|bytes| ("a datagram", bytes.clone())));
    secrets
}

#[test]
fn nothing_private_shows_in_any_frame_in_any_mode() {
    let (mut talk, tap) = over_glass(security);
    talk_in_all_modes(&mut talk);

    let (published, known) = (published(&talk), known(&talk));
    let secrets = secrets(&talk, &tap);

    let grades: Vec<Grade> =
        [BOB, ALICE].iter().flat_map(|seat| talk.mail(*seat)).map(|entry| entry.grade).collect();
    assert_eq!(grades, [Grade::Static, Grade::Ratcheted, Grade::Ratcheted], "a mode is missing");
    assert!(secrets.len() > 10, "{} secrets are not all", secrets.len());
    for (what, secret) in secrets {
        assert_eq!(published.shows(&secret, &known), None, "{what} shows");
    }
}

#[test]
fn the_search_finds_what_an_open_book_shows() {
    let (mut talk, tap) = over_glass(|seat| OpenBook::new(user(seat)));
    talk_in_all_modes(&mut talk);

    let (published, known) = (published(&talk), known(&talk));

    for (what, secret) in secrets(&talk, &tap) {
        let shows = published.shows(&secret, &known);
        let is_id = what == "a message id";
        assert_eq!(shows, (!is_id).then_some("bytes"), "{what}");
    }
}

#[test]
fn the_search_reads_hex_and_base64() {
    let secret = b"swordfish!? 77";
    let none = Published::default();
    // As made by the command `base64` of "swordfish!? 77", and with one and two letters before it.
    let cases: [(&[u8], _); 7] = [
        (b"swordfish!? 77", Some("bytes")),
        (b"73776f726466697368213f203737", Some("hex")),
        (b"73776F726466697368213F203737", Some("upper hex")),
        (b"c3dvcmRmaXNoIT8gNzc=", Some("base64")),
        (b"eHN3b3JkZmlzaCE/IDc3", Some("base64")),
        (b"eHhzd29yZGZpc2ghPyA3Nw==", Some("base64")),
        (b"something else altogether", None),
    ];

    for (shown, expected) in cases {
        let shown = [b"before ".as_slice(), shown, b" after"].concat();
        assert_eq!(Published::new([shown.as_slice()]).shows(secret, &none), expected, "{shown:?}");
    }
}

#[test]
fn a_channel_is_public_and_says_nothing_of_private_mail() {
    const LOUD: &str = "hear ye, hear ye, in the market";
    let (mut talk, tap) = over_glass(security);
    talk.join(ALICE, "market");
    talk.join(BOB, "market");
    talk.say_in(ALICE, "market", LOUD);
    talk_in_all_modes(&mut talk);

    let (published, known) = (published(&talk), known(&talk));

    assert!(talk.heard(BOB).contains(&LOUD.to_owned()));
    assert_eq!(published.shows(LOUD.as_bytes(), &Published::default()), Some("bytes"));
    for (what, secret) in secrets(&talk, &tap) {
        assert_eq!(published.shows(&secret, &known), None, "{what} shows");
    }
}
