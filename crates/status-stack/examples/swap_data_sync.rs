//! A stack with a data sync of one's own, whole: each message is sent once, and nobody confirms anything.
//!
//! `cargo run -p status-stack --example swap_data_sync`

use core::time::Duration;

use status_layer::row::{Reader, Writer};
use status_layer::testing::{DoubleError, Glass, OpenBook, conform, rng};
use status_layer::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, GroupId, Interest, Letter, Memory, MessageId, Name,
    Recipient, Round, Store, StoreError, Timestamp, Unit, UserId,
};
use status_stack::{Engine, Input, News, Stack};

/// Step 1 and 2: a type that implements the trait. It keeps a row for each message until it has said what became of it.
struct SendOnce;

/// By then whoever was to read a message has, or never will. Nothing is known of it, so it is given up.
const HOPE: Duration = Duration::from_secs(3_600);
const MANY: usize = 1_024;

// Rows: W number → message id, introduction, passing, reader, body | G until, message id → reader | I message id → "".
const WAITING: u8 = b'W';
const GONE: u8 = b'G';
const KNOWN: u8 = b'I';
const COUNT: &[u8] = b"N";

fn key(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag], parts.concat().as_slice()].concat()
}

fn read<'a, T>(row: &'a [u8], fields: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Result<T, StoreError> {
    Reader::read("a message that is sent once", 1, row, fields)
}

impl DataSync for SendOnce {
    type Error = DoubleError;

    fn share(&self, _: &mut Cx<'_>, _: GroupId, _: &[UserId]) -> Result<(), DoubleError> {
        Err(DoubleError::Malformed)
    }

    fn append(&self, cx: &mut Cx<'_>, id: MessageId, to: &Audience, body: Body) -> Result<(), DoubleError> {
        let to = match to {
            Audience::User(user) => Recipient::User(*user),
            Audience::Channel(name) => Recipient::Channel(name.clone()),
            Audience::Group(_) => return Err(DoubleError::Malformed),
        };
        let known = key(KNOWN, &[id.as_bytes()]);
        if !cx.shelf.has(&known)? {
            let number = cx.shelf.get(COUNT)?.map_or(Ok(0), |row| read(&row, Reader::u64))?;
            cx.shelf.put(COUNT, Writer::new(1).u64(number + 1).finish());
            let row = Writer::new(1).bytes(id.as_bytes()).flag(body.introduces()).flag(body.passes());
            cx.shelf.put(
                key(WAITING, &[&number.to_be_bytes()]),
                reader(row, &to).bytes(body.as_bytes()).finish(),
            );
            cx.shelf.put(known, Vec::new());
        }
        Ok(())
    }

    fn receive(&self, _: &mut Cx<'_>, letter: Letter) -> Result<Vec<Arrival>, DoubleError> {
        // A datagram is a body behind its length, so that half of one is none.
        let Letter { from, grade, datagram: Datagram { to, bytes, .. } } = letter;
        let body = match bytes.split_first_chunk() {
            Some((len, body)) if u32::from_be_bytes(*len) as usize == body.len() => Body::new(body.to_vec()),
            _ => return Err(DoubleError::Malformed),
        };
        Ok(vec![Arrival::Body { from, grade, to, body }])
    }

    fn online(&self, _: &mut Cx<'_>) -> Result<(), DoubleError> {
        Ok(())
    }

    fn resend(&self, _: &mut Cx<'_>, _: Option<&UserId>) -> Result<(), DoubleError> {
        Ok(())
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Round>, DoubleError> {
        let mut due = Due::<Round>::default();
        for (waiting, row) in cx.shelf.scan(&[WAITING], None, MANY)? {
            let (id, introduces, passes, to, body) = read(&row, |r| {
                Some((MessageId::new(r.array()?), r.flag()?, r.flag()?, recipient(r)?, r.rest().to_vec()))
            })?;
            if let (Recipient::User(reader), false) = (&to, passes) {
                let until = cx.now.after(HOPE).millis().to_be_bytes();
                cx.shelf.put(
                    key(GONE, &[&until, id.as_bytes()]),
                    Writer::new(1).bytes(reader.as_bytes()).finish(),
                );
            } else {
                cx.shelf.delete(key(KNOWN, &[id.as_bytes()]));
            }
            let len = u32::try_from(body.len()).map_err(|_| DoubleError::Malformed)?;
            let datagram = Datagram::new(to, [len.to_be_bytes().as_slice(), &body].concat());
            due.now.datagrams.push(Datagram { introduces, carries: vec![id], ..datagram });
            cx.shelf.delete(waiting);
        }
        for (gone, row) in cx.shelf.scan(&[GONE], None, MANY)? {
            let (until, id) = Reader::read_key("a message that was sent", &gone, |r| {
                Some((Timestamp::from_millis(r.u64()?), MessageId::new(r.array()?)))
            })?;
            if until > cx.now {
                due.next = Some(until);
                break;
            }
            let to = read(&row, |r| UserId::from_compressed(&r.array::<33>()?).ok())?;
            due.now.arrivals.push(Arrival::GaveUp { id, to });
            cx.shelf.delete(key(KNOWN, &[id.as_bytes()]));
            cx.shelf.delete(gone);
        }
        Ok(due)
    }
}

fn reader(row: Writer, to: &Recipient) -> Writer {
    match to {
        Recipient::User(user) => row.u8(0).sized(user.as_bytes()),
        Recipient::Channel(name) => row.u8(1).sized(name.as_str().as_bytes()),
    }
}

fn recipient(r: &mut Reader<'_>) -> Option<Recipient> {
    match (r.u8()?, r.sized()?) {
        (0, user) => UserId::from_compressed(user).ok().map(Recipient::User),
        (_, name) => Name::new(core::str::from_utf8(name).ok()?).ok().map(Recipient::Channel),
    }
}

fn user(seat: u8) -> Result<UserId, status_layer::IdError> {
    let mut key = [seat; 33];
    key[0] = 2;
    UserId::from_compressed(&key)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let users = [user(1)?, user(2)?, user(3)?];
    let [alice, bob, _] = users;

    // Step 3: the suite of the seam. One that confirms and repeats runs `reliable_data_sync` instead, which is stricter.
    conform::data_sync(|seat| (SendOnce, users.get(usize::from(seat)).copied().unwrap_or(alice)));

    // Step 4: compose, and run.
    let stack = |user| Stack::new(SendOnce, OpenBook::new(user), Glass);
    let mut stores = [Memory::new(), Memory::new()];
    let [at_alice, at_bob] = &mut stores;
    step(&stack(bob), at_bob, Input::Expect { whom: Recipient::User(bob), how: Interest::Listen })?;
    let body = Body::new(b"hello".to_vec());
    let id = MessageId::new([1; 32]);
    for (_, frame) in step(&stack(alice), at_alice, Input::Send { id, to: Audience::User(bob), body })?.frames
    {
        for news in step(&stack(bob), at_bob, Input::Frame(frame))?.news {
            let arrived = matches!(&news, News::Arrived { body, .. } if body.as_bytes() == b"hello");
            assert!(arrived, "the body arrives through the new layer: {news:?}");
        }
    }
    Ok(())
}

fn step(
    stack: &impl Engine,
    store: &mut Memory,
    input: Input,
) -> Result<status_stack::Output, Box<dyn std::error::Error>> {
    let mut rng = rng(1);
    let mut unit = Unit::new(Timestamp::from_secs(1_700_000_000), &mut rng, store);
    let out = stack.step(&mut unit, input)?;
    let batch = unit.into_batch();
    store.commit(batch)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_data_sync_that_sends_once_keeps_the_rules_of_every_data_sync() {
        super::main().unwrap();
    }
}
