//! What must hold of everything that is sealed and of everything that is opened.

use status_layer::{Grade, Letter, Notice, Opened, Parcel, Proof, Recipient, Security};
use status_security::hazmat::REMEMBERED;

use crate::device::Device;
use crate::forge::same_rows;
use crate::model::{Mark, Text};
use crate::rules::HOUR;
use crate::shape::{STATIC, Shape};
use crate::world::{Checked, Origin, World};

/// How often a user is answered at most.
const ANSWER_EVERY: core::time::Duration = HOUR.saturating_mul(2);

impl World {
    /// No message key seals two texts, unless an old copy of the store was put back and that was not noticed; and after a
    /// bundle nothing is sealed to an identity.
    pub(crate) fn check_sealed(&mut self, device: usize, parcel: &Parcel) -> Checked {
        let reader = match &parcel.meet {
            status_layer::Rendezvous::Inbox(user) => self.number(user),
            _ => None,
        };
        let Device { state, used: ever, unnoticed, .. } = &mut self.devices[device];
        let past = &mut state.past;
        for (slot, direct) in Shape::of(parcel).slots {
            let Some(turn) = direct.ratchet else {
                let known = reader.is_none_or(|reader| past.knows.contains(&reader));
                if known {
                    return Err(format!("device {device} knows keys and seals to the identity {reader:?}"));
                }
                continue;
            };
            let payload = Mark::of_bytes(&direct.payload);
            let key = (slot, turn);
            let first = *past.used.entry(key.clone()).or_insert(payload);
            let ever = *ever.entry(key).or_insert(payload);
            if first != payload || (ever != payload && !*unnoticed) {
                return Err(format!("device {device} used a message key twice"));
            }
        }
        Ok(())
    }

    /// Opens a parcel, and checks what comes of it.
    pub(crate) fn open(&mut self, to: usize, parcel: &Parcel, origin: Origin) -> Checked {
        let (now, shape, mark) = (self.now, Shape::of(parcel), Mark::of(parcel));
        let before = self.devices[to].party.store.clone();
        let past = &mut self.devices[to].state.past;
        if shape.slots.contains_key(STATIC)
            && past.taken.get(&mark).is_some_and(|at| now.since(*at) >= REMEMBERED)
        {
            past.taken.remove(&mark);
            past.forgotten = true;
        }
        let again = past.taken.contains_key(&mark);
        let for_us =
            shape.slots.contains_key(self.devices[to].id.as_str()) || shape.slots.contains_key(STATIC);
        // Mail of devices of the own user is taken from those of the group alone.
        let theirs = parcel.hint != Some(self.user(self.devices[to].user));
        let must_open = origin == Origin::Network && self.loses_nothing() && !again && for_us && theirs;

        let parcel_in = parcel.clone();
        let opened = match self.devices[to].run(now, |layer, cx| layer.open(cx, parcel_in))? {
            Ok(opened) => opened,
            Err(error) if must_open => return Err(format!("device {to} refused genuine mail: {error:?}")),
            Err(_) if self.devices[to].party.store != before => {
                return Err(format!("device {to} refused a parcel and its shelf changed"));
            }
            Err(_) => return Ok(()),
        };
        // A bundle that is brought again may still say of a device learnt since that it is not listed, and bring our next
        // announcement forward if it is of our own and does not list us, once an hour.
        let after = &self.devices[to].party.store;
        let unchanged = same_rows(&before, after, |tag| !matches!(tag, b'd' | b'a'));
        if again && (!unchanged || !opened.mail.is_empty() || !opened.then.parcels.is_empty()) {
            return Err(format!("device {to} took a parcel twice: {opened:?}"));
        }
        if must_open && opened.notices.iter().any(|notice| matches!(notice, Notice::Unreadable { .. })) {
            return Err(format!("device {to} cannot read what was sealed for it"));
        }
        if origin == Origin::Changed {
            self.disturbed = true;
        }
        self.devices[to].state.past.taken.insert(mark, now);
        if matches!(origin, Origin::Network | Origin::Replayed) {
            self.learn(to, &shape)?;
        }
        self.check_notices(to, parcel, &opened, origin)?;
        for letter in &opened.mail {
            self.check_letter(to, parcel, letter, origin)?;
        }
        self.emit(to, opened.then)
    }

    /// Notes whose keys a device has heard. From then on it uses no older ones.
    fn learn(&mut self, device: usize, shape: &Shape) -> Checked {
        let (own, now) = (self.devices[device].user, self.now);
        for (user, versions) in &shape.bundles {
            let Some(number) = self.number(user).filter(|number| *number != own) else { continue };
            self.devices[device].state.past.knows.insert(number);
            let known = self.devices[device].run(now, |layer, cx| Ok(layer.devices(&cx.shelf, user)?))?;
            let known = known.map_err(|error| format!("{error:?}"))?;
            let older = |known: &&status_security::hazmat::Device| {
                versions.get(&known.id).is_some_and(|v| u64::from(known.version) < *v)
            };
            if let Some(older) = known.iter().find(older) {
                return Err(format!("device {device} keeps an older prekey of {}", older.id));
            }
        }
        Ok(())
    }

    /// A letter is what somebody wrote to this user, on a device that it was sealed for, and comes out once.
    fn check_letter(&mut self, to: usize, parcel: &Parcel, letter: &Letter, origin: Origin) -> Checked {
        let wrong = |what: &str| Err(format!("device {to}, {origin:?}: {what}: {letter:?}"));
        if matches!(letter.datagram.to, Recipient::Channel(_)) {
            let honest = letter.grade == Grade::Clear && letter.from.proof == Proof::Hint;
            return if honest { Ok(()) } else { wrong("what was left in public is graded better") };
        }
        let bytes = &letter.datagram.bytes;
        let text = Text::number(bytes).and_then(|n| Some((n, self.texts.get(&n)?)));
        let Some((number, text)) = text.filter(|(_, text)| text.bytes == *bytes) else {
            return wrong("nobody wrote this");
        };
        if Some(letter.from.user) != parcel.hint {
            return wrong("the sender is not the one who signed");
        }
        if text.to != self.devices[to].user || letter.datagram.to != Recipient::User(self.user(text.to)) {
            return wrong("this is for another user");
        }
        if letter.grade != text.grade {
            return wrong("another grade than it was sealed with");
        }
        if letter.grade == Grade::Static && letter.from.proof != Proof::Hint {
            return wrong("an identity key proves no sender");
        }
        let writer = &self.devices[text.from];
        if letter.from.user != self.user(writer.user) {
            // Whoever can read a static message can sign it as theirs: hence its proof.
            let theirs = letter.grade == Grade::Static && origin == Origin::Foreign;
            return if theirs { Ok(()) } else { wrong("somebody else wrote this") };
        }
        if origin == Origin::Changed {
            self.devices[to].state.past.tainted.insert(number);
            return Ok(());
        }
        if letter.from.device.as_ref() != Some(&writer.id) {
            return wrong("another device wrote this");
        }
        let past = &mut self.devices[to].state.past;
        // Whoever keeps a static message for longer than it is remembered can bring it again.
        let old = past.forgotten && letter.grade == Grade::Static;
        if !past.heard.insert(number) && !past.tainted.contains(&number) && !old {
            return wrong("it came out twice");
        }
        Ok(())
    }

    /// Notices speak of what is there, and answers go out once in two hours.
    fn check_notices(&mut self, to: usize, parcel: &Parcel, opened: &Opened, origin: Origin) -> Checked {
        let mut unreadable = false;
        for notice in &opened.notices {
            let honest = match notice {
                Notice::NewDevice { user, device, .. } | Notice::RemovedDevice { user, device } => {
                    self.devices.iter().any(|d| d.id == *device && self.user(d.user) == *user)
                }
                Notice::Unreadable { from } => {
                    unreadable = true;
                    // Somebody made this device begin anew with a message that was not for it.
                    self.disturbed |= origin != Origin::Network;
                    parcel.hint == Some(*from) && opened.mail.is_empty() && origin != Origin::Foreign
                }
                _ => true,
            };
            if !honest {
                return Err(format!("device {to}, {origin:?}: {notice:?} is not true"));
            }
        }
        match (opened.then.parcels.len(), parcel.hint.and_then(|user| self.number(&user))) {
            (0, _) => Ok(()),
            (1, Some(user)) if unreadable => {
                let device = &mut self.devices[to];
                let at = device.party.now;
                let last = device.state.past.answered.insert(user, at);
                let soon = last.filter(|last| at.since(*last) < ANSWER_EVERY);
                soon.map_or(Ok(()), |_| Err(format!("device {to} answered user {user} too soon")))
            }
            (n, _) => Err(format!("device {to} sent {n} parcels for {parcel:?}")),
        }
    }
}
