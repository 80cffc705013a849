//! Profile pictures between whole clients, over a network double.

use std::time::Duration;

use status_chat::{
    Avatar, AvatarError, AvatarSize, Chat, Client, ContactChange, Event, Events, ImageFormat, SendError,
    ShowTo, UserId,
};
use status_sim::Hub;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(60);

/// The beginning of a picture so many pixels a side; `face` tells one from another.
fn png(side: u8, face: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &[0, 0, 0, side, 0, 0, 0, side, 8, face]].concat()
}

struct Person {
    client: Client,
    events: Events,
}

impl Person {
    async fn new(hub: &Hub) -> Self {
        let client = Client::builder().network(hub.port()).open().await.unwrap();
        Self { events: client.events(), client }
    }

    fn user(&self) -> UserId {
        self.client.user()
    }

    async fn until(&mut self, wanted: impl Fn(&ContactChange) -> bool) {
        let wait = async {
            loop {
                if let Event::Contact { change, .. } = self.events.next().await.unwrap()
                    && wanted(&change)
                {
                    return;
                }
            }
        };
        timeout(SOON, wait).await.unwrap();
    }

    async fn pictured(&mut self) {
        self.until(|change| *change == ContactChange::Picture).await;
    }

    async fn sees(&self, user: UserId, size: AvatarSize) -> Option<Avatar> {
        self.client.contacts().picture(user, size).await.unwrap()
    }
}

/// Alice and Bob are contacts of each other.
async fn contacts(hub: &Hub) -> (Person, Person) {
    let (mut alice, mut bob) = (Person::new(hub).await, Person::new(hub).await);
    alice.client.contacts().request(bob.user(), "it is me").await.unwrap();
    bob.until(|change| matches!(change, ContactChange::Requested { .. })).await;
    bob.client.contacts().accept(alice.user()).await.unwrap();
    alice.until(|change| *change == ContactChange::Accepted).await;
    (alice, bob)
}

#[tokio::test]
async fn a_picture_is_seen_by_contacts_by_everybody_or_by_nobody_any_more() {
    let hub = Hub::new();
    let ((alice, mut bob), mut carol) = (contacts(&hub).await, Person::new(&hub).await);
    carol.client.join(Chat::User(alice.user())).await.unwrap();
    let profile = alice.client.profile();

    profile.set_picture(png(80, 1), Some(png(240, 1))).await.unwrap();
    bob.pictured().await;
    let (to_bob, large) = (bob.sees(alice.user(), AvatarSize::Thumbnail).await.unwrap(), AvatarSize::Large);
    let to_carol = carol.sees(alice.user(), AvatarSize::Thumbnail).await;
    profile.show_picture_to(ShowTo::Everybody).await.unwrap();
    carol.pictured().await;
    let shown = carol.sees(alice.user(), large).await.unwrap();
    profile.remove_picture().await.unwrap();
    bob.pictured().await;
    carol.pictured().await;

    assert_eq!((to_bob.format, to_bob.width, to_bob.bytes), (ImageFormat::Png, 80, png(80, 1)));
    assert_eq!((to_carol, shown.bytes), (None, png(240, 1)));
    assert_eq!((bob.sees(alice.user(), large).await, carol.sees(alice.user(), large).await), (None, None));
    assert_eq!(profile.picture(large).await.unwrap(), None);
}

#[tokio::test]
async fn whoever_becomes_a_contact_sees_the_picture_with_the_next_message() {
    let hub = Hub::new();
    let (alice, mut bob) = (Person::new(&hub).await, Person::new(&hub).await);
    alice.client.profile().set_picture(png(80, 1), None).await.unwrap();

    alice.client.contacts().request(bob.user(), "look at me").await.unwrap();
    bob.until(|change| matches!(change, ContactChange::Requested { .. })).await;
    bob.client.contacts().accept(alice.user()).await.unwrap();
    alice.client.send(Chat::User(bob.user()), "hello").await.unwrap();
    bob.pictured().await;

    let seen = bob.sees(alice.user(), AvatarSize::Thumbnail).await.unwrap();
    assert_eq!((seen.bytes, bob.sees(alice.user(), AvatarSize::Large).await), (png(80, 1), None));
}

#[tokio::test]
async fn what_cannot_be_a_picture_is_refused_with_a_reason_and_the_old_one_stays() {
    let alice = Person::new(&Hub::new()).await;
    let profile = alice.client.profile();
    profile.set_picture(png(80, 1), None).await.unwrap();

    let text = profile.set_picture(b"my face".to_vec(), None).await;
    let wide = profile.set_picture(png(81, 2), None).await;
    let heavy = profile.set_picture(png(80, 2), Some([png(240, 2), vec![0; 38_400]].concat())).await;

    assert!(matches!(text, Err(SendError::Picture(AvatarError::Format))), "{text:?}");
    assert!(matches!(wide, Err(SendError::Picture(AvatarError::Pixels { max: 80, .. }))), "{wide:?}");
    assert!(matches!(heavy, Err(SendError::Picture(AvatarError::Bytes { max: 38_400, .. }))), "{heavy:?}");
    let kept = profile.picture(AvatarSize::Thumbnail).await.unwrap().unwrap();
    assert_eq!((kept.bytes, profile.picture(AvatarSize::Large).await.unwrap()), (png(80, 1), None));
}
