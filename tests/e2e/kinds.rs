//! What messages can be made of, through whole clients over a network double.

use std::time::Duration;

use status_chat::{
    AudioFormat, Chat, Client, Emoji, Event, Events, Image, ImageFormat, Kind, LinkPreview, MAX_MEDIA,
    Mentioned, Message, Outgoing, SendError, Sticker, Text, UserId,
};
use status_sim::Hub;
use tokio::time::timeout;

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn new(hub: &Hub) -> Self {
        let client = Client::builder().network(hub.port()).open().await.unwrap();
        Self { events: client.events(), client }
    }

    async fn message(&mut self) -> Message {
        let next = async {
            loop {
                if let Event::Message(message) = self.events.next().await.unwrap() {
                    return message;
                }
            }
        };
        timeout(Duration::from_secs(20), next).await.unwrap()
    }
}

/// Says something to somebody, and returns it as both have it.
async fn said(from: &Seat, to: &mut Seat, what: impl Into<Outgoing>) -> (Message, Message) {
    let id = from.client.send(to.client.user(), what).await.unwrap().id();
    let heard = to.message().await;
    (from.client.message(id).await.unwrap().unwrap(), heard)
}

#[tokio::test]
async fn every_kind_of_message_arrives_as_it_was_sent() {
    let hub = Hub::new();
    let (alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let second = Duration::from_secs(1);
    let picture = Image::png([7; 5_000]).size(4, 3).caption("below").in_album("album", 2);
    let sent: [Outgoing; 5] = [
        Text::new("see https://status.app").into(),
        Emoji::new("👍").into(),
        Sticker::new(3, "hash").into(),
        picture.into(),
        status_chat::Audio::aac([9; 900], second).into(),
    ];

    for what in sent {
        let (mine, theirs) = said(&alice, &mut bob, what).await;

        assert_eq!((&mine.kind, &mine.text, mine.id), (&theirs.kind, &theirs.text, theirs.id));
        let media = (alice.client.media(mine.id).await.unwrap(), bob.client.media(mine.id).await.unwrap());
        assert_eq!(media.0, media.1);
        match &theirs.kind {
            Kind::Image(image) => {
                let album = image.album.as_ref().unwrap();
                assert_eq!((image.format, image.width, image.height), (ImageFormat::Png, 4, 3));
                assert_eq!((theirs.text.as_str(), album.id.as_str(), album.of), ("below", "album", 2));
                assert_eq!(media.1.unwrap(), [7; 5_000]);
            }
            Kind::Audio(audio) => {
                assert_eq!((audio.format, audio.duration, audio.bytes), (AudioFormat::Aac, second, 900));
                assert_eq!(media.1.unwrap(), [9; 900]);
            }
            _ => assert_eq!(media.1, None),
        }
    }
}

#[tokio::test]
async fn an_answer_names_its_message_and_a_text_names_people_and_links() {
    let hub = Hub::new();
    let (mut alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let asked = said(&alice, &mut bob, "where?").await.1;
    let you = Mentioned::User(alice.client.user());
    let link = LinkPreview::new("https://status.app").title("Status").thumbnail([1, 2, 3], 8, 8);
    let text = format!("{you}: here, {}", Mentioned::Everyone);

    let heard = said(&bob, &mut alice, Text::new(text).reply_to(asked.id).link(link)).await.1;

    let named: Vec<Mentioned> = heard.mentions.iter().map(|mention| mention.who).collect();
    assert_eq!((heard.answers, named), (Some(asked.id), vec![you, Mentioned::Everyone]));
    let link = &heard.links[0];
    assert_eq!((link.url.as_str(), link.title.as_str(), link.thumbnail), ("https://status.app", "Status", 3));
    assert_eq!(alice.client.thumbnail(heard.id, 0).await.unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(alice.client.thumbnail(heard.id, 1).await.unwrap(), None);
}

#[tokio::test]
async fn what_every_receiver_would_refuse_is_not_sent() {
    let hub = Hub::new();
    let alice = Seat::new(&hub).await;
    let somebody: UserId = Seat::new(&hub).await.client.user();
    let room: Chat = "#room".parse().unwrap();
    let many = (0..6).fold(Text::new("links"), |text, _| text.link(LinkPreview::new("https://status.app")));
    let refused: [(Chat, Outgoing); 7] = [
        (room.clone(), Image::png([1]).into()),
        (room.clone(), status_chat::Audio::aac([1], Duration::ZERO).into()),
        (somebody.into(), Image::png([]).into()),
        (somebody.into(), Image::png(vec![0; MAX_MEDIA + 1]).into()),
        (somebody.into(), Sticker::new(1, "").into()),
        (somebody.into(), Text::new(" \n").into()),
        (somebody.into(), many.into()),
    ];

    for (chat, what) in refused {
        let sent = alice.client.send(chat, what).await;

        assert!(matches!(sent, Err(SendError::Invalid(_))), "{sent:?}");
    }
    assert_eq!(alice.client.chats().await.unwrap(), []);
}

#[tokio::test]
async fn a_picture_of_the_largest_size_arrives() {
    let hub = Hub::new();
    let (alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let bytes: Vec<u8> = (0..MAX_MEDIA).map(|n| u8::try_from(n % 251).unwrap()).collect();

    let heard = said(&alice, &mut bob, Image::jpeg(bytes.clone()).caption("ß".repeat(4_096))).await.1;

    assert_eq!(bob.client.media(heard.id).await.unwrap(), Some(bytes));
}
