use alloc::string::String;
use alloc::vec;

use status_layer::Name;

use super::*;
use crate::{
    BridgeMessage, ChatIdentity, ContactUpdate, EditMessage, ImageMessage, MembershipUpdateMessage, Place,
    StatusUpdate,
};

const AT: Timestamp = Timestamp::from_millis(1_590_000_000_000);

fn chat() -> ChatMessage {
    let place = Place::Channel(Name::new("status").unwrap());
    ChatMessage::text(&place, "hello", Clock::new(AT.millis()), AT).unwrap()
}

fn verdict(chat: ChatMessage) -> Result<(), Invalid> {
    validate(&Content::from(chat), AT, Rules::Current)
}

#[test]
fn what_we_write_is_let_in_by_everybody() {
    let content = Content::from(chat());

    assert_eq!(validate(&content, AT, Rules::Current), Ok(()));
    assert_eq!(validate(&content, AT, Rules::Of2020), Ok(()));
}

#[test]
fn clock_may_be_two_minutes_ahead() {
    let clock = |reading| verdict(ChatMessage { clock: Clock::new(reading), ..chat() });

    assert_eq!(clock(1), Ok(()));
    assert_eq!(clock(AT.millis() + 120_000), Ok(()));
    assert!(matches!(clock(AT.millis() + 120_001), Err(Invalid::ClockAhead { .. })));
    assert!(matches!(clock(u64::MAX), Err(Invalid::ClockAhead { .. })));
    assert_eq!(clock(0), Err(Invalid::ClockZero));
}

#[test]
fn what_clients_make_for_their_own_view_is_refused() {
    for number in [0, 5, 6, 10, 14, 15, 16, 17] {
        let message = ChatMessage { content_type: number.into(), ..chat() };

        assert_eq!(verdict(message), Err(Invalid::Refused { field: "content_type", number }));
    }
}

#[test]
fn unknown_types_are_let_in() {
    let message = ChatMessage { content_type: 77.into(), message_type: 77.into(), ..chat() };

    assert_eq!(verdict(message), Ok(()));
}

#[test]
fn picture_needs_no_text_since_2024() {
    let image = ImageMessage { payload: vec![1], r#type: ImageType::Png, ..ImageMessage::default() };
    let message = ChatMessage {
        text: String::new(),
        message_type: MessageType::OneToOne,
        content_type: ContentType::Image,
        payload: Some(Attachment::Image(image)),
        ..chat()
    };

    assert_eq!(verdict(message.clone()), Ok(()));
    assert_eq!(validate(&message.into(), AT, Rules::Of2020), Err(Invalid::Empty { field: "text" }));
}

#[test]
fn media_are_not_let_into_public_channels() {
    let message = ChatMessage { content_type: ContentType::Audio, ..chat() };

    assert_eq!(verdict(message), Err(Invalid::MediaInPublic));
}

#[test]
fn bridge_says_who_speaks_and_what() {
    let bridge = BridgeMessage {
        bridge_name: "b".into(),
        user_name: "u".into(),
        content: "c".into(),
        ..BridgeMessage::default()
    };
    let with =
        |payload| ChatMessage { content_type: ContentType::Bridge, text: String::new(), payload, ..chat() };
    let nameless = BridgeMessage { user_name: String::new(), ..bridge.clone() };

    assert_eq!(verdict(with(Some(Attachment::Bridge(bridge)))), Ok(()));
    assert_eq!(verdict(with(Some(Attachment::Bridge(nameless)))), Err(Invalid::Empty { field: "user_name" }));
    assert_eq!(verdict(with(None)), Err(Invalid::Missing { part: "bridge_message" }));
}

#[test]
fn names_and_descriptions_are_judged() {
    let update = ContactUpdate { display_name: "x".into(), ..ContactUpdate::default() };
    let identity = ChatIdentity { description: "é".repeat(241), ..ChatIdentity::default() };
    let status = StatusUpdate {
        clock: Clock::new(1),
        status_type: StatusType::Inactive,
        custom_text: "x".repeat(129),
    };
    let judge = |content| validate(&content, AT, Rules::Current);

    assert_eq!(verdict(ChatMessage { display_name: "bob".into(), ..chat() }), Err(Invalid::DisplayName));
    assert_eq!(judge(Content::ContactUpdate(update.into())), Err(Invalid::DisplayName));
    assert!(matches!(judge(Content::ChatIdentity(identity)), Err(Invalid::TooLong { max: MAX_BIO, .. })));
    assert!(matches!(judge(Content::StatusUpdate(status)), Err(Invalid::TooLong { max: MAX_STATUS, .. })));
}

#[test]
fn edit_is_judged_like_the_message() {
    let edit = EditMessage {
        clock: Clock::new(1),
        text: "new".into(),
        chat_id: "status".into(),
        message_id: "0x1".into(),
        message_type: MessageType::PublicGroup,
        ..EditMessage::default()
    };
    let blank = EditMessage { text: " ".into(), ..edit.clone() };

    assert_eq!(validate(&Content::EditMessage(edit), AT, Rules::Current), Ok(()));
    assert_eq!(
        validate(&Content::EditMessage(blank), AT, Rules::Current),
        Err(Invalid::Empty { field: "text" })
    );
}

#[test]
fn message_inside_of_a_group_update_is_judged_too() {
    let inner = ChatMessage { timestamp: 0, message_type: MessageType::PrivateGroup, ..chat() };
    let update = MembershipUpdateMessage {
        chat_entity: Some(GroupContent::Message(inner.into())),
        ..MembershipUpdateMessage::default()
    };

    let judged = validate(&Content::MembershipUpdateMessage(update.into()), AT, Rules::Current);

    assert_eq!(judged, Err(Invalid::Refused { field: "timestamp", number: 0 }));
}
