//! Reactions to messages.

use alloc::string::String;

use crate::{Clock, MessageType};

numbers! {
    /// How somebody reacts.
    pub enum ReactionType {
        /// Not said.
        Unset = 0,
        /// A heart.
        Love = 1,
        /// Thumbs up.
        ThumbsUp = 2,
        /// Thumbs down.
        ThumbsDown = 3,
        /// Laughter.
        Laugh = 4,
        /// Tears.
        Sad = 5,
        /// Anger.
        Angry = 6,
    }
}

mirror! {
    /// A reaction to a message, or its end.
    pub struct EmojiReaction {
        /// Lamport clock of the chat; of two for the same reaction the higher wins.
        pub clock: Clock,
        /// The chat, as the author names it.
        pub chat_id: String,
        /// Text of the id of the message.
        pub message_id: String,
        /// The sort of chat.
        pub message_type: MessageType,
        /// The reaction.
        pub r#type: ReactionType,
        /// Whether it is taken back.
        pub retracted: bool,
    }
}
