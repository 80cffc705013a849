//! Requests and confirmations of payments.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Clock;

mirror! {
    /// Somebody wants to pay and asks where to.
    pub struct RequestAddressForTransaction {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// How much: a decimal number.
        pub value: String,
        /// The contract of the token, or empty.
        pub contract: String,
        /// The chat.
        pub chat_id: String,
    }

    /// The address for a payment.
    pub struct AcceptRequestAddressForTransaction {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the request.
        pub id: String,
        /// Where to pay to.
        pub address: String,
        /// The chat.
        pub chat_id: String,
    }

    /// No address for a payment.
    pub struct DeclineRequestAddressForTransaction {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the request.
        pub id: String,
        /// The chat.
        pub chat_id: String,
    }

    /// Somebody wants to be paid.
    pub struct RequestTransaction {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Where to pay to.
        pub address: String,
        /// How much: a decimal number.
        pub value: String,
        /// The contract of the token, or empty.
        pub contract: String,
        /// The chat.
        pub chat_id: String,
    }

    /// Somebody has paid.
    pub struct SendTransaction {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the request, or empty.
        pub id: String,
        /// The hash of the transaction.
        pub transaction_hash: String,
        /// By the wallet that paid, over the chat key and the hash. Peers look whether it is there at all.
        pub signature: Option<Vec<u8>>,
        /// The chat.
        pub chat_id: String,
    }

    /// Somebody will not pay.
    pub struct DeclineRequestTransaction {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the request.
        pub id: String,
        /// The chat.
        pub chat_id: String,
    }
}
