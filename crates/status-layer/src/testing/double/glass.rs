//! A privacy that hides nothing.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{DoubleError, pack, unpack, user};
use crate::{Cx, Due, Frame, Interest, Parcel, Privacy, Rendezvous, Sealed, Topic};

/// A privacy that hides nothing: what security leaves readable is readable in its frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glass;

const MANY: usize = 10_000;

impl Privacy for Glass {
    type Error = DoubleError;

    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, DoubleError> {
        let key = label(meet).into_bytes();
        match how {
            Interest::Listen => cx.shelf.put(key, Vec::new()),
            Interest::Ignore => cx.shelf.delete(key),
        }
        let rows = cx.shelf.scan(&[], None, MANY)?;
        rows.into_iter()
            .map(|(key, _)| String::from_utf8(key).map(Topic::new).map_err(|_| DoubleError::Malformed))
            .collect()
    }

    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, DoubleError> {
        let hint = parcel.hint.map(|user| user.as_bytes().to_vec()).unwrap_or_default();
        let bytes = pack(&[&place(&parcel.meet), &hint, parcel.sealed.as_bytes()]);
        Ok(vec![Frame { topic: Topic::new(label(&parcel.meet)), at: cx.now, bytes }])
    }

    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, DoubleError> {
        if !cx.shelf.has(frame.topic.as_str().as_bytes())? {
            return Ok(None);
        }
        let [meet, hint, sealed] = unpack(&frame.bytes)?;
        let hint = if hint.is_empty() { None } else { Some(user(hint)?) };
        let meet = replace(meet)?;
        Ok(Some(Parcel { meet, sealed: Sealed::new(sealed.to_vec()), hint }))
    }

    fn due(&self, _: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, DoubleError> {
        Ok(Due::default())
    }
}

fn label(meet: &Rendezvous) -> String {
    format!("/glass/{}", hex::encode(place(meet)))
}

fn place(meet: &Rendezvous) -> Vec<u8> {
    match meet {
        Rendezvous::Inbox(user) => pack(&[b"inbox", user.as_bytes()]),
        Rendezvous::Named(name) => pack(&[b"named", name.as_str().as_bytes()]),
        Rendezvous::Shared(secret) => pack(&[b"shared", secret.expose()]),
    }
}

fn replace(bytes: &[u8]) -> Result<Rendezvous, DoubleError> {
    let [kind, what] = unpack(bytes)?;
    Ok(match kind {
        b"inbox" => Rendezvous::Inbox(user(what)?),
        b"named" => {
            let name = core::str::from_utf8(what).map_err(|_| DoubleError::Malformed)?;
            Rendezvous::Named(crate::Name::new(name)?)
        }
        b"shared" => Rendezvous::Shared(crate::Secret::new(what)),
        _ => return Err(DoubleError::Malformed),
    })
}
