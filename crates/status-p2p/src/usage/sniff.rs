//! Learning the protocol of a stream from its first bytes.

/// Bytes of the negotiation that are kept. A longer one is not understood.
const MAX_KEPT: usize = 512;
/// What every negotiation begins with, and what refuses a proposal. Spec: multistream-select 1.0.
const NO_NAMES: [&[u8]; 2] = [b"/multistream/1.0.0", b"na"];

/// Reads what the side says that did not open the stream: it names the protocol when it agrees to it.
#[derive(Debug, Default)]
pub(super) struct Sniff {
    kept: Vec<u8>,
}

/// What the bytes so far say.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Sniffed {
    /// Nothing yet.
    Nothing,
    /// The protocol.
    Protocol(String),
    /// That this is no negotiation as it is known.
    Unknown,
}

impl Sniff {
    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Sniffed {
        let room = MAX_KEPT.saturating_sub(self.kept.len());
        self.kept.extend(bytes.iter().take(room));
        let mut rest = self.kept.as_slice();
        while let Some((line, behind)) = line(rest) {
            rest = behind;
            match line {
                None => return Sniffed::Unknown,
                Some(line) if NO_NAMES.contains(&line) => {}
                Some(line) => return Sniffed::Protocol(String::from_utf8_lossy(line).into_owned()),
            }
        }
        if self.kept.len() >= MAX_KEPT { Sniffed::Unknown } else { Sniffed::Nothing }
    }
}

/// The first line, `None` in it if it is none, and what is behind it; `None` if it is not whole.
fn line(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (len, rest) = if first & 0x80 == 0 {
        (usize::from(first), rest)
    } else {
        let (&second, rest) = rest.split_first()?;
        if second & 0x80 != 0 {
            return Some((None, rest));
        }
        (usize::from(first & 0x7f) | usize::from(second) << 7, rest)
    };
    let (line, behind) = rest.split_at_checked(len)?;
    Some((line.strip_suffix(b"\n"), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGREED: &[u8] = b"\x13/multistream/1.0.0\n\x03na\n\x06/a/10\nand more";

    #[test]
    fn the_protocol_is_what_is_agreed_to_in_however_many_pieces_it_comes() {
        for size in [1, 3, 1000] {
            let mut sniff = Sniff::default();
            let said: Vec<_> = AGREED.chunks(size).map(|piece| sniff.take(piece)).collect();
            let first = said.into_iter().find(|said| *said != Sniffed::Nothing);

            assert_eq!(first, Some(Sniffed::Protocol("/a/10".to_owned())));
        }
    }

    #[test]
    fn what_is_no_negotiation_is_given_up() {
        assert_eq!(Sniff::default().take(b"\x05hello"), Sniffed::Unknown);
        assert_eq!(Sniff::default().take(b"\xff\xff\xff"), Sniffed::Unknown);
        assert_eq!(Sniff::default().take(&b"\x03na\n".repeat(200)), Sniffed::Unknown);
        assert_eq!(Sniff::default().take(b""), Sniffed::Nothing);
    }
}
