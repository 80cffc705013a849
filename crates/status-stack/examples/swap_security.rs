//! A stack with a security layer of one's own: the four steps of swapping a layer, whole.
//!
//! `cargo run -p status-stack --example swap_security`

use status_layer::testing::{Courier, DoubleError, Glass, OpenBook, conform, rng};
use status_layer::{
    Audience, Body, Cx, Datagram, DeviceId, Due, Interest, Memory, MessageId, Opened, Outgoing, Parcel,
    Recipient, Sealed, Security, Store, Timestamp, Unit, UserId,
};
use status_stack::{Engine, Input, News, Stack};

/// Step 1 and 2: a type that implements the trait. This one mirrors every byte, which keeps nobody out.
struct Mirror(OpenBook);

fn mirrored(sealed: &Sealed) -> Sealed {
    Sealed::new(sealed.as_bytes().iter().map(|byte| byte.reverse_bits()).collect())
}

impl Security for Mirror {
    type Error = DoubleError;

    fn expect(&self, cx: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, DoubleError> {
        self.0.expect(cx, whom, how)
    }

    fn pair(&self, cx: &mut Cx<'_>, device: &DeviceId, how: Interest) -> Result<(), DoubleError> {
        self.0.pair(cx, device, how)
    }

    fn renew(&self, cx: &mut Cx<'_>) -> Result<(), DoubleError> {
        self.0.renew(cx)
    }

    fn seal(&self, cx: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, DoubleError> {
        let mut out = self.0.seal(cx, datagram)?;
        for parcel in &mut out.parcels {
            parcel.sealed = mirrored(&parcel.sealed);
        }
        Ok(out)
    }

    fn open(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, DoubleError> {
        self.0.open(cx, Parcel { sealed: mirrored(&parcel.sealed), ..parcel })
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Outgoing>, DoubleError> {
        self.0.due(cx)
    }
}

fn user(seat: u8) -> Result<UserId, status_layer::IdError> {
    let mut key = [seat; 33];
    key[0] = 2;
    UserId::from_compressed(&key)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (alice, bob) = (user(1)?, user(2)?);

    // Step 3: the suite of the seam.
    conform::security(|seat| {
        let user = if seat == 0 { alice } else { bob };
        (Mirror(OpenBook::new(user)), user)
    });

    // Step 4: compose, and run.
    let stack = |user| Stack::new(Courier, Mirror(OpenBook::new(user)), Glass);
    let mut stores = [Memory::new(), Memory::new()];
    let [at_alice, at_bob] = &mut stores;
    step(&stack(bob), at_bob, Input::Expect { whom: Recipient::User(bob), how: Interest::Listen })?;
    let body = Body::new(b"hello".to_vec());
    let out = step(
        &stack(alice),
        at_alice,
        Input::Send { id: MessageId::new([1; 32]), to: Audience::User(bob), body },
    )?;
    for (_, frame) in out.frames {
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
