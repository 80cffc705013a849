//! Two people scan each other's QR codes: they become contacts, and their very first message is forward secret.
//!
//! `cargo run -p status-chat --example qr_exchange`
#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use status_chat::{Client, ContactChange, Error, Event, Grade, How, UserId};
use status_identity::camera::read_codes;
use status_identity::qr::Code;

/// Pixels of a module of the code.
const MODULE: u32 = 6;

fn other<E: std::error::Error + Send + Sync + 'static>(why: E) -> Error {
    Error::Other(why.into())
}

/// Our card of now, as a picture to show.
pub(crate) async fn show(client: &Client) -> Result<Vec<u8>, Error> {
    let code = Code::of(&client.card().await?.text_in_code()).map_err(other)?;
    code.pixels(MODULE).png().map_err(other)
}

/// Takes the card out of a picture that was taken of somebody's screen.
pub(crate) async fn scan(client: &Client, picture: &[u8]) -> Result<UserId, Error> {
    let text = read_codes(picture).map_err(other)?.concat();
    let user = client.add_card(&text).await?;
    client.contacts().verify(user, How::Card).await?;
    Ok(user)
}

/// Alice and Bob scan each other's codes, she asks him to be a contact, and he accepts; returns how well her request was sealed.
pub(crate) async fn meet(alice: &Client, bob: &Client) -> Result<Option<Grade>, Error> {
    let mut at_bob = bob.events();
    let user = scan(alice, &show(bob).await?).await?;
    scan(bob, &show(alice).await?).await?;
    alice.contacts().request(user, "we have just met").await?;
    while let Some(event) = at_bob.next().await {
        if let Event::Contact { user, change: ContactChange::Requested { grade, .. }, .. } = event {
            bob.contacts().accept(user).await?;
            return Ok(Some(grade));
        }
    }
    Ok(None)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let alice = Client::builder().listen("/ip4/127.0.0.1/tcp/0").open().await?;
    let bob = Client::builder().peer(alice.addresses().concat()).open().await?;
    println!("the first message was {:?}", meet(&alice, &bob).await?);
    Ok(())
}
