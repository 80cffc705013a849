//! What the devices of one user tell each other for which deployed peers have no message: settings, and what was said before
//! a device was there.
//!
//! Deployed peers pass over the type. Everything here counts only from devices that were taken in.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{ChatMessage, Clock};

mirror! {
    /// Something for the user's other devices; one of the fields is set.
    pub struct OwnDevices {
        /// Settings and parts of the profile.
        pub settings: Option<OwnSettings>,
        /// A page of history is asked for.
        pub ask: Option<HistoryAsk>,
        /// A page of history.
        pub page: Option<HistoryPage>,
    }

    /// Settings and parts of the profile.
    pub struct OwnSettings {
        /// Each by itself.
        pub settings: Vec<OwnSetting>,
    }

    /// A setting, or a part of the profile; the newer clock counts.
    pub struct OwnSetting {
        /// 2 what the user says of themselves, 3 their colour, 4 what becomes of what strangers write.
        pub number: u32,
        /// When it was decided: a clock of the chat with oneself.
        pub clock: Clock,
        /// UTF-8, four bytes big-endian, or one byte.
        pub value: Vec<u8>,
    }

    /// A device wants a page of what was said before it was there.
    pub struct HistoryAsk {
        /// Makes each ask another message.
        pub clock: Clock,
        /// Names the request: 16 random bytes.
        pub id: Vec<u8>,
        /// The id of the device that is asked.
        pub giver: String,
        /// Ids of the chats; none for all.
        pub chats: Vec<String>,
        /// Only messages with a clock from here on.
        pub since: u64,
        /// Only messages with a clock up to here; 0 for no end.
        pub until: u64,
        /// The page goes on behind this place; nothing for the first one.
        pub after: Option<HistoryPlace>,
        /// What the asker has of the next messages of that chat: 8 bytes for each.
        pub have: Vec<u8>,
    }

    /// A message in a chat. Pages go from the newest message of a chat to its oldest.
    pub struct HistoryPlace {
        /// The chat id.
        pub chat_id: String,
        /// The clock of the message.
        pub clock: u64,
        /// Its id, 32 bytes.
        pub message_id: Vec<u8>,
    }

    /// A page of what was said.
    pub struct HistoryPage {
        /// Makes each page another message.
        pub clock: Clock,
        /// The request.
        pub id: Vec<u8>,
        /// The id of the device that asked.
        pub asker: String,
        /// Where the page begins, as it was asked for.
        pub after: Option<HistoryPlace>,
        /// Where the next page begins; nothing if there is no more.
        pub next: Option<HistoryPlace>,
        /// The chat that all messages of the page are in.
        pub chat_id: String,
        /// The messages that the asker does not have so.
        pub messages: Vec<HistoryMessage>,
        /// Messages of the request that this page went over, also those that the asker has.
        pub covered: u32,
        /// On the first page: how many there are in all.
        pub total: u64,
    }

    /// A message, as the device that gives it has it. Nobody keeps the signature of its author: this is the word of the device.
    pub struct HistoryMessage {
        /// The id, 32 bytes.
        pub id: Vec<u8>,
        /// The compressed key of whoever said it, 33 bytes.
        pub author: Vec<u8>,
        /// What it says now; of one that is gone only clock and timestamp.
        pub said: Option<ChatMessage>,
        /// How well it was sealed on its way: 0 in clear, 1 for a key that stays, 2 ratcheted.
        pub grade: u32,
        /// The clock of its last change; 0 if it was not changed.
        pub edited_at: u64,
        /// The id of the message that changed it.
        pub edited_by: Vec<u8>,
        /// Who deleted it for everybody; empty if nobody did.
        pub deleted_by: Vec<u8>,
        /// Whether it was deleted from the user's own devices.
        pub hidden: bool,
        /// How others feel about it.
        pub reactions: Vec<HistoryReaction>,
        /// Whether it is pinned.
        pub pin: Option<HistoryPin>,
    }

    /// How somebody feels about a message, or does no more.
    pub struct HistoryReaction {
        /// The compressed key of whoever said so.
        pub author: Vec<u8>,
        /// The number of the reaction on the wire.
        pub feeling: u32,
        /// When: a clock of the chat.
        pub clock: u64,
        /// The id of the message that said so.
        pub said_by: Vec<u8>,
        /// Whether it was taken back.
        pub retracted: bool,
    }

    /// Who pinned a message, or took the pin away.
    pub struct HistoryPin {
        /// The compressed key of whoever said so.
        pub author: Vec<u8>,
        /// When: a clock of the chat.
        pub clock: u64,
        /// The id of the message that said so.
        pub said_by: Vec<u8>,
        /// Whether it is pinned.
        pub pinned: bool,
    }
}
