//! Generated types ⇄ ours: one table per message says which of our fields mirrors which field of the wire.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use prost::Message;

use crate::Clock;

/// Most fields in one encoded message, repeated ones counted each time. Bounds the memory that a short
/// hostile message can ask for; a real message has fewer than a hundred.
pub const MAX_FIELDS: usize = 8_192;

/// A type of ours and the type of the wire that it stands for.
pub(crate) trait Mirror: Sized {
    type Wire;

    fn from_wire(wire: Self::Wire) -> Result<Self, Malformed>;

    fn to_wire(&self) -> Self::Wire;
}

/// What a type of message carries, as it is encoded.
pub(crate) trait Payload: Sized {
    fn read(payload: &[u8]) -> Result<Self, Malformed>;

    fn bytes(&self) -> Vec<u8>;
}

impl<T> Payload for T
where
    T: Mirror<Wire: Message + Default>,
{
    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        parse(payload)
    }

    fn bytes(&self) -> Vec<u8> {
        print(self)
    }
}

/// Why bytes are not the encoded message that they should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Malformed {
    /// No encoding of this message.
    Encoding,
    /// More than [`MAX_FIELDS`].
    TooManyFields,
}

/// Decodes one message, within bounds.
pub(crate) fn parse<T>(bytes: &[u8]) -> Result<T, Malformed>
where
    T: Mirror<Wire: Message + Default>,
{
    if Tags(bytes).count() > MAX_FIELDS {
        return Err(Malformed::TooManyFields);
    }
    T::from_wire(T::Wire::decode(bytes).map_err(|_| Malformed::Encoding)?)
}

/// Encodes one message: fields in the order of their numbers, defaults left out.
pub(crate) fn print<T>(value: &T) -> Vec<u8>
where
    T: Mirror<Wire: Message>,
{
    value.to_wire().encode_to_vec()
}

/// Walks over the fields of an encoded message as far as it is well-formed.
struct Tags<'a>(&'a [u8]);

impl Iterator for Tags<'_> {
    type Item = ();

    fn next(&mut self) -> Option<()> {
        let wire_type = self.varint()? & 7;
        let skip = match wire_type {
            0 => {
                self.varint()?;
                0
            }
            1 => 8,
            2 => usize::try_from(self.varint()?).ok()?,
            // The fields of a group are counted like any other.
            3 | 4 => 0,
            5 => 4,
            _ => return None,
        };
        self.0 = self.0.get(skip..)?;
        Some(())
    }
}

impl Tags<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

macro_rules! mirror_itself {
    ($($type:ty),*) => { $(
        impl Mirror for $type {
            type Wire = $type;

            fn from_wire(wire: Self) -> Result<Self, Malformed> {
                Ok(wire)
            }

            fn to_wire(&self) -> Self {
                self.clone()
            }
        }
    )* };
}

mirror_itself!(bool, i32, i64, u32, u64, String, Vec<u8>);

impl Mirror for Clock {
    type Wire = u64;

    fn from_wire(wire: u64) -> Result<Self, Malformed> {
        Ok(Self::new(wire))
    }

    fn to_wire(&self) -> u64 {
        self.value()
    }
}

impl<T: Mirror> Mirror for Box<T> {
    type Wire = T::Wire;

    fn from_wire(wire: T::Wire) -> Result<Self, Malformed> {
        T::from_wire(wire).map(Self::new)
    }

    fn to_wire(&self) -> T::Wire {
        T::to_wire(self)
    }
}

impl<T: Mirror> Mirror for Option<T> {
    type Wire = Option<T::Wire>;

    fn from_wire(wire: Self::Wire) -> Result<Self, Malformed> {
        wire.map(T::from_wire).transpose()
    }

    fn to_wire(&self) -> Self::Wire {
        self.as_ref().map(T::to_wire)
    }
}

impl<T: Mirror> Mirror for Vec<T> {
    type Wire = Vec<T::Wire>;

    fn from_wire(wire: Self::Wire) -> Result<Self, Malformed> {
        wire.into_iter().map(T::from_wire).collect()
    }

    fn to_wire(&self) -> Self::Wire {
        self.iter().map(T::to_wire).collect()
    }
}

impl<T: Mirror> Mirror for BTreeMap<String, T> {
    type Wire = BTreeMap<String, T::Wire>;

    fn from_wire(wire: Self::Wire) -> Result<Self, Malformed> {
        wire.into_iter().map(|(key, value)| Ok((key, T::from_wire(value)?))).collect()
    }

    fn to_wire(&self) -> Self::Wire {
        self.iter().map(|(key, value)| (key.clone(), value.to_wire())).collect()
    }
}

/// Defines a message of ours with the fields of the generated message of the same name.
///
/// `Debug` prints the name alone: what people write is not for logs.
macro_rules! mirror {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[$about:meta])* pub $field:ident: $type:ty, )* }
    )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Default, Eq, PartialEq)]
        pub struct $name { $( $(#[$about])* pub $field: $type, )* }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl $crate::wire::Mirror for $name {
            type Wire = $crate::generated::$name;

            fn from_wire(wire: Self::Wire) -> Result<Self, $crate::wire::Malformed> {
                Ok(Self { $( $field: $crate::wire::Mirror::from_wire(wire.$field)?, )* })
            }

            fn to_wire(&self) -> Self::Wire {
                $crate::generated::$name { $( $field: $crate::wire::Mirror::to_wire(&self.$field), )* }
            }
        }

        #[cfg(feature = "hazmat")]
        impl $crate::fields::Item for $name {
            fn show(&self) -> $crate::fields::Value {
                let mut fields = $crate::fields::Fields::new();
                $( $crate::fields::Listed::list(&self.$field, stringify!($field), &mut fields); )*
                $crate::fields::Value::Message(fields)
            }

            fn take(value: $crate::fields::Value) -> Option<Self> {
                let mut fields = value.message()?;
                let message =
                    Self { $( $field: $crate::fields::Listed::read(stringify!($field), &mut fields)?, )* };
                fields.is_empty().then_some(message)
            }
        }
    )* };
}

/// Defines an enum of the wire: numbers that have a name, and all the others.
macro_rules! numbers {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$about:meta])* $variant:ident = $number:literal, )* }
    )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$about])* $variant, )*
            /// A number that has no name here, kept as it came.
            Other(i32),
        }

        impl $name {
            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self {
                    $( Self::$variant => $number, )*
                    Self::Other(number) => number,
                }
            }
        }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                match number {
                    $( $number => Self::$variant, )*
                    _ => Self::Other(number),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from(0)
            }
        }

        impl $crate::wire::Mirror for $name {
            type Wire = i32;

            fn from_wire(wire: i32) -> Result<Self, $crate::wire::Malformed> {
                Ok(Self::from(wire))
            }

            fn to_wire(&self) -> i32 {
                self.number()
            }
        }

        #[cfg(feature = "hazmat")]
        impl $crate::fields::Item for $name {
            fn show(&self) -> $crate::fields::Value {
                $crate::fields::Item::show(&self.number())
            }

            fn take(value: $crate::fields::Value) -> Option<Self> {
                <i32 as $crate::fields::Item>::take(value).map(Self::from)
            }
        }
    )* };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatMessage, MessageType};

    #[test]
    fn fields_are_counted_up_to_the_first_fault() {
        assert_eq!(Tags(&[8, 1, 16, 0xff, 1, 0x1a, 2, 0, 0]).count(), 3);
        assert_eq!(Tags(&[8, 1, 0x1a, 9, 0]).count(), 1);
        assert_eq!(Tags(&[0xff; 20]).count(), 0);
        assert_eq!(Tags(&[0x0b, 8, 1, 0x0c]).count(), 3);
    }

    #[test]
    fn too_many_fields_are_not_even_decoded() {
        let most = [0x82, 0x01, 0].repeat(MAX_FIELDS);
        let more = [0x82, 0x01, 0].repeat(MAX_FIELDS + 1);

        assert_eq!(parse::<ChatMessage>(&most).map(|chat| chat.unfurled_links.len()), Ok(MAX_FIELDS));
        assert_eq!(parse::<ChatMessage>(&more), Err(Malformed::TooManyFields));
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let bytes = [8, 7, 0xa2, 0x3e, 1, 0xff];

        let chat = parse::<ChatMessage>(&bytes).unwrap();

        assert_eq!(chat, ChatMessage { clock: Clock::new(7), ..ChatMessage::default() });
    }

    #[test]
    fn unknown_numbers_are_kept() {
        assert_eq!(MessageType::from(2), MessageType::PublicGroup);
        assert_eq!(MessageType::from(-7), MessageType::Other(-7));
        assert_eq!(MessageType::Other(-7).number(), -7);
    }

    #[test]
    fn content_is_never_printed() {
        let chat = ChatMessage { text: "hush".into(), ..ChatMessage::default() };

        assert_eq!(format!("{chat:?}"), "ChatMessage(..)");
    }
}
