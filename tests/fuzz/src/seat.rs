//! The victim's seat: parcels are offered to Bob one after the other, and what comes out is judged.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use status_layer::testing::{Party, SeededRng};
use status_layer::{
    Cx, Grade, LayerError, Memory, Notice, Opened, Parcel, Proof, Recipient, Rendezvous, Security, Store,
    Timestamp, Unit, UserId,
};

use crate::world::{Stage, World};

/// Bob at a moment. His store is copied when the first parcel is taken, and not before.
pub struct Seat<'w> {
    world: &'w World,
    store: Cow<'w, Memory>,
    now: Timestamp,
    rng: SeededRng,
    /// What was opened, and as whose: static mail may be signed by anybody as theirs, once.
    opened: BTreeSet<(usize, UserId)>,
    waiting: &'w [usize],
    /// Users with whom a session was begun anew. Who can forge their envelopes can make us do that, and mail of the
    /// session before it may be lost.
    anew: BTreeSet<UserId>,
    /// Whether to print what becomes of each parcel.
    told: bool,
}

impl<'w> Seat<'w> {
    /// Bob at `stage`.
    pub fn new(world: &'w World, stage: &'w Stage) -> Self {
        let Stage { party, opened, waiting } = stage;
        Self {
            world,
            store: Cow::Borrowed(&party.store),
            now: party.now,
            rng: party.rng.clone(),
            opened: opened
                .iter()
                .filter_map(|which| Some((*which, world.mail[*which].parcel.hint?)))
                .collect(),
            waiting,
            anew: BTreeSet::new(),
            told: std::env::var_os("TELL").is_some(),
        }
    }

    /// Lets time pass, and what is due with it.
    pub fn wait(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.must(|bob, cx| bob.due(cx));
    }

    /// Offers a parcel. It is taken with a result that the protocol knows, or refused for a fault of its own.
    pub fn offer(&mut self, parcel: Parcel) -> Option<Opened> {
        let (hint, named) = (parcel.hint, matches!(parcel.meet, Rendezvous::Named(_)));
        let done = self.call(|bob, cx| bob.open(cx, parcel));
        if self.told {
            eprintln!("{hint:?}: {done:?}");
        }
        match done {
            Ok(opened) => {
                self.judge(&opened, hint.expect("who signs nothing gets nothing opened"), named);
                Some(opened)
            }
            Err(LayerError::Reject(_)) => None,
            Err(LayerError::Fault(why)) => panic!("a stranger's bytes broke our side: {why}"),
        }
    }

    /// Runs a call that has to succeed.
    pub fn must<T, E: Into<LayerError>>(
        &mut self,
        call: impl FnOnce(&status_security::Sessions, &mut Cx<'_>) -> Result<T, E>,
    ) -> T {
        match self.call(call) {
            Ok(done) => done,
            Err(why) => panic!("this has to succeed: {why}"),
        }
    }

    /// Runs a call, and keeps its writes if it succeeds.
    pub fn call<T, E: Into<LayerError>>(
        &mut self,
        call: impl FnOnce(&status_security::Sessions, &mut Cx<'_>) -> Result<T, E>,
    ) -> Result<T, LayerError> {
        let mut unit = Unit::new(self.now, &mut self.rng, &*self.store);
        let done = unit.attempt(|unit| call(&self.world.bob, &mut unit.cx(Party::AREA)));
        let batch = unit.into_batch();
        assert!(done.is_ok() || batch.is_empty(), "what was refused has written");
        if !batch.is_empty() {
            self.store.to_mut().commit(batch).expect("memory takes everything");
        }
        done.map_err(Into::into)
    }

    /// What may come out of a parcel whose envelope `hint` has signed.
    ///
    /// - Mail of a session: of Mallory, who has a session of their own, or what somebody has sealed, once.
    /// - Static mail: the same; nothing but the envelope says whose it is.
    /// - Clear mail: at public places alone.
    /// - Keys: whatever genuine bundles say, see [`Self::end`]; new devices are told.
    /// - A notice that the signer wrote what cannot be read, with at most one answer.
    fn judge(&mut self, opened: &Opened, hint: UserId, named: bool) {
        assert!(opened.mail.len() <= 1, "one parcel, two letters");
        for letter in &opened.mail {
            assert!(letter.from.user == hint, "a letter of somebody else");
            let (grade, proof) = (letter.grade, letter.from.proof);
            let channel = matches!(letter.datagram.to, Recipient::Channel(_));
            assert!(channel == named && (grade == Grade::Clear) == named, "clear mail is for public places");
            assert!(
                (proof == Proof::Session) == (grade == Grade::Ratcheted),
                "nothing vouches for the author"
            );
            if !named {
                self.note(hint, &letter.datagram.bytes, grade);
            }
        }
        let unreadable = opened.notices.contains(&Notice::Unreadable { from: hint });
        assert!(!unreadable || opened.mail.is_empty(), "read and not read");
        if unreadable {
            self.anew.insert(hint);
        }
        assert!(opened.then.parcels.len() <= usize::from(unreadable), "an answer to nothing");
    }

    /// Notes a text that came out: it was sealed for Bob by whoever is said to have, and comes once.
    fn note(&mut self, from: UserId, text: &[u8], grade: Grade) {
        let mail = self.world.mail.iter();
        let which = mail.enumerate().find(|(_, it)| it.text.as_deref() == Some(text));
        let mallory = from == self.world.mallory.user();
        match which {
            Some((which, genuine)) if grade == Grade::Static || genuine.parcel.hint == Some(from) => {
                let text = String::from_utf8_lossy(text);
                assert!(self.opened.insert((which, from)), "{text:?} opened twice, {grade:?}");
            }
            _ => assert!(mallory, "nobody has written {:?}, {grade:?}", String::from_utf8_lossy(text)),
        }
    }

    /// Ends the visit. Of people other than Mallory only what they have signed is known; and if one is chosen, a message
    /// that waited still opens, once.
    pub fn end(mut self, honest: Option<usize>) {
        if matches!(self.store, Cow::Owned(_)) {
            self.check_devices();
        }
        let Some(which) = honest.and_then(|chosen| self.waiting.get(chosen % self.waiting.len().max(1)))
        else {
            return;
        };
        self.now = self.now.after(Duration::from_secs(1));
        let genuine = &self.world.mail[*which];
        let from = genuine.parcel.hint.expect("people sign what they send");
        let (expected, lost) = (!self.opened.contains(&(*which, from)), self.anew.contains(&from));
        let got = self.offer(genuine.bare.clone()).is_some_and(|opened| opened.mail.len() == 1);
        assert!(got == expected || (!got && lost), "honest mail was lost, or came twice: {which}");
        assert!(self.offer(genuine.bare.clone()).is_none(), "a message opened twice");
    }

    fn check_devices(&mut self) {
        for user in self.world.hints.iter().flatten().filter(|user| **user != self.world.mallory.user()) {
            let known =
                self.must(|bob, cx| bob.devices(&cx.shelf, user).map_err(status_security::Error::from));
            let signed = self.world.bundles.iter().filter(|bundle| bundle.identity() == *user);
            for device in known {
                let genuine = signed.clone().any(|bundle| {
                    bundle.prekeys().get(&device.id).is_some_and(|prekey| {
                        (prekey.key.as_slice(), prekey.version) == (&device.prekey[..], device.version)
                    })
                });
                let dated = signed.clone().any(|bundle| bundle.timestamp() == device.timestamp);
                assert!(genuine && dated, "{user:?} has never listed {device:?}");
            }
        }
    }
}
