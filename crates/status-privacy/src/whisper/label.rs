//! Under which topics of the network envelopes are left: `/whisper/6/0x<8 lower-case hex digits>/rlp`.

use alloc::format;

use status_layer::Topic;

use crate::topic::ShortTopic;

const PREFIX: &str = "/whisper/6/0x";
const SUFFIX: &str = "/rlp";

/// The topic of the network for a topic of Whisper.
pub(crate) fn of(topic: ShortTopic) -> Topic {
    Topic::new(format!("{PREFIX}{}{SUFFIX}", hex::encode(topic.0)))
}

/// Reads what [`of`] writes, and nothing else.
pub(crate) fn read(topic: &Topic) -> Option<ShortTopic> {
    let digits = topic.as_str().strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return None;
    }
    let mut short = [0; 4];
    hex::decode_to_slice(digits, &mut short).ok()?;
    Some(ShortTopic(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_one_form() {
        let topic = ShortTopic([0xcd, 0x42, 0x37, 0x6a]);

        assert_eq!(of(topic).as_str(), "/whisper/6/0xcd42376a/rlp");
        assert_eq!(read(&of(topic)), Some(topic));
        for text in [
            "",
            "/waku/1/0xcd42376a/rfc26",
            "/whisper/6/0xcd42376A/rlp",
            "/whisper/6/0xcd42376/rlp",
            "/whisper/6/0xcd42376a0/rlp",
            "/whisper/6/0xcd42376a/rlp/",
            "/whisper/5/0xcd42376a/rlp",
        ] {
            assert_eq!(read(&Topic::new(text)), None, "{text}");
        }
    }
}
