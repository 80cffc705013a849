//! Questions by which one user makes sure that another is who they say.

use alloc::string::String;

use crate::Clock;

mirror! {
    /// A question to a contact that only the right person can answer.
    pub struct RequestContactVerification {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// The question.
        pub challenge: String,
    }

    /// The answer to the question.
    pub struct AcceptContactVerification {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the message with the question.
        pub id: String,
        /// The answer.
        pub response: String,
    }

    /// The question will not be answered.
    pub struct DeclineContactVerification {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the message with the question.
        pub id: String,
    }

    /// The question is taken back.
    pub struct CancelContactVerification {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the message with the question.
        pub id: String,
    }
}
