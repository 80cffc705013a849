//! Messages as lists of named fields, for research and for checks against other implementations.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Attachment, ChatMark, Clock, GroupContent, SealedRegistration, SettingValue};

/// Fields by their names in the proto files. A sub-message that is not set is left out.
pub type Fields = BTreeMap<String, Value>;

/// The value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// An integer or an enum.
    Number(i128),
    /// A truth value.
    Flag(bool),
    /// Text. Where bytes are wanted, lower-case hex is read too.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A repeated field.
    List(Vec<Value>),
    /// A sub-message, or a map by text.
    Message(Fields),
}

impl Value {
    /// The fields, if it is a message.
    pub(crate) fn message(self) -> Option<Fields> {
        match self {
            Self::Message(fields) => Some(fields),
            _ => None,
        }
    }

    /// Whether a field with this value is not on the wire.
    fn is_default(&self) -> bool {
        match self {
            Self::Number(number) => *number == 0,
            Self::Flag(flag) => !flag,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(values) => values.is_empty(),
            Self::Message(fields) => fields.is_empty(),
        }
    }

    /// Whether both say the same, given that hex may stand for bytes and that a field may be left out when
    /// it has its default.
    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(bytes), Self::Text(text)) | (Self::Text(text), Self::Bytes(bytes)) => {
                hex::encode(bytes) == *text
            }
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.agrees(b))
            }
            (Self::Message(one), Self::Message(two)) => differences(one, two).is_empty(),
            _ => self == other,
        }
    }
}

/// The names of the fields in which two listings of a message differ. A field that one side leaves out
/// agrees with its default on the other.
#[must_use]
pub fn differences(one: &Fields, two: &Fields) -> Vec<String> {
    let names: BTreeMap<&String, ()> = one.keys().chain(two.keys()).map(|name| (name, ())).collect();
    let differ = |name: &&String| match (one.get(*name), two.get(*name)) {
        (Some(a), Some(b)) => !a.agrees(b),
        (Some(only), None) | (None, Some(only)) => !only.is_default(),
        (None, None) => false,
    };
    names.into_keys().filter(differ).cloned().collect()
}

/// What can stand in a field, or in a list.
pub(crate) trait Item: Sized {
    fn show(&self) -> Value;

    fn take(value: Value) -> Option<Self>;
}

/// How a field of a message is listed.
pub(crate) trait Listed: Sized {
    fn list(&self, name: &str, into: &mut Fields);

    /// Takes the field out of the listing; `None` if it does not fit.
    fn read(name: &str, from: &mut Fields) -> Option<Self>;
}

/// A name as the proto files spell it.
fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

impl<T: Item + Default> Listed for T {
    fn list(&self, name: &str, into: &mut Fields) {
        into.insert(plain(name).into(), self.show());
    }

    fn read(name: &str, from: &mut Fields) -> Option<Self> {
        from.remove(plain(name)).map_or_else(|| Some(T::default()), T::take)
    }
}

impl<T: Item> Listed for Option<T> {
    fn list(&self, name: &str, into: &mut Fields) {
        if let Some(item) = self {
            into.insert(plain(name).into(), item.show());
        }
    }

    fn read(name: &str, from: &mut Fields) -> Option<Self> {
        match from.remove(plain(name)) {
            Some(value) if !value.is_default() => T::take(value).map(Some),
            _ => Some(None),
        }
    }
}

/// The listing names the member of a oneof that is set.
macro_rules! listed_oneof {
    ($type:ident { $( $variant:ident as $name:literal, )* }) => {
        impl Listed for Option<$type> {
            fn list(&self, _: &str, into: &mut Fields) {
                match self {
                    $( Some($type::$variant(item)) => { into.insert($name.into(), item.show()); } )*
                    None => {}
                }
            }

            fn read(_: &str, from: &mut Fields) -> Option<Self> {
                $( if let Some(value) = from.remove($name) {
                    return Item::take(value).map($type::$variant).map(Some);
                } )*
                Some(None)
            }
        }
    };
}

listed_oneof!(Attachment {
    Sticker as "sticker",
    Image as "image",
    Audio as "audio",
    Community as "community",
    Discord as "discord_message",
    Bridge as "bridge_message",
});

listed_oneof!(GroupContent {
    Message as "message",
    Reaction as "emoji_reaction",
});

listed_oneof!(SettingValue {
    Text as "value_string",
    Bytes as "value_bytes",
    Flag as "value_bool",
    Number as "value_int64",
});

macro_rules! number_item {
    ($($type:ty),*) => { $(
        impl Item for $type {
            fn show(&self) -> Value {
                Value::Number((*self).into())
            }

            fn take(value: Value) -> Option<Self> {
                match value {
                    Value::Number(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )* };
}

number_item!(i32, i64, u32, u64);

impl Item for Clock {
    fn show(&self) -> Value {
        self.value().show()
    }

    fn take(value: Value) -> Option<Self> {
        u64::take(value).map(Self::new)
    }
}

impl Item for bool {
    fn show(&self) -> Value {
        Value::Flag(*self)
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }
}

impl Item for String {
    fn show(&self) -> Value {
        Value::Text(self.clone())
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Item for Vec<u8> {
    fn show(&self) -> Value {
        Value::Bytes(self.clone())
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            Value::Text(text) => hex::decode(text).ok(),
            _ => None,
        }
    }
}

impl Item for ChatMark {
    fn show(&self) -> Value {
        match core::str::from_utf8(&self.0) {
            Ok(text) => Value::Text(text.into()),
            Err(_) => Value::Bytes(self.0.clone()),
        }
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self(text.into_bytes())),
            Value::Bytes(bytes) => Some(Self(bytes)),
            _ => None,
        }
    }
}

/// It has no fields, being sealed.
impl Item for SealedRegistration {
    fn show(&self) -> Value {
        Value::Bytes(self.0.clone())
    }

    fn take(value: Value) -> Option<Self> {
        Vec::take(value).map(Self)
    }
}

impl<T: Item> Item for Box<T> {
    fn show(&self) -> Value {
        T::show(self)
    }

    fn take(value: Value) -> Option<Self> {
        T::take(value).map(Self::new)
    }
}

impl<T: Item> Item for Vec<T> {
    fn show(&self) -> Value {
        Value::List(self.iter().map(T::show).collect())
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::List(values) => values.into_iter().map(T::take).collect(),
            _ => None,
        }
    }
}

impl<T: Item> Item for BTreeMap<String, T> {
    fn show(&self) -> Value {
        Value::Message(self.iter().map(|(key, item)| (key.clone(), item.show())).collect())
    }

    fn take(value: Value) -> Option<Self> {
        let fields = value.message()?;
        fields.into_iter().map(|(key, value)| Some((key, T::take(value)?))).collect()
    }
}
