//! Protobuf without a schema: messages taken apart, changed and put together again, so that a change reaches a field
//! and leaves all lengths around it right.

use crate::script::Script;

/// One field as it stands on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    pub number: u32,
    pub value: Value,
}

/// What a field holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    Varint(u64),
    Long([u8; 8]),
    Bytes(Vec<u8>),
    Short([u8; 4]),
}

/// How deep a change goes down.
const DEEPEST: usize = 5;

/// Takes a message apart; `None` if the bytes are none.
pub fn parse(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = u32::try_from(varint(&mut bytes)?).ok()?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut bytes)?),
            1 => Value::Long(*chunk(&mut bytes)?),
            2 => {
                let len = usize::try_from(varint(&mut bytes)?).ok()?;
                let (head, rest) = bytes.split_at_checked(len)?;
                bytes = rest;
                Value::Bytes(head.to_vec())
            }
            5 => Value::Short(*chunk(&mut bytes)?),
            _ => return None,
        };
        fields.push(Field { number: tag >> 3, value });
    }
    Some(fields)
}

/// Puts a message together.
pub fn encode(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { number, value } in fields {
        let tag = |wire: u32| u64::from(number << 3 | wire);
        match value {
            Value::Varint(number) => {
                put(&mut out, tag(0));
                put(&mut out, *number);
            }
            Value::Long(bytes) => {
                put(&mut out, tag(1));
                out.extend(bytes);
            }
            Value::Bytes(bytes) => {
                put(&mut out, tag(2));
                put(&mut out, bytes.len() as u64);
                out.extend(bytes);
            }
            Value::Short(bytes) => {
                put(&mut out, tag(5));
                out.extend(bytes);
            }
        }
    }
    out
}

/// A field of bytes.
pub fn bytes(number: u32, bytes: impl Into<Vec<u8>>) -> Field {
    Field { number, value: Value::Bytes(bytes.into()) }
}

/// A field with a number.
pub fn number(number: u32, value: u64) -> Field {
    Field { number, value: Value::Varint(value) }
}

/// `message` with one change somewhere in it; what it takes from elsewhere comes from `donor`.
pub fn changed(message: &[u8], donor: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    changed_at(message, donor, script, 0)
}

fn changed_at(message: &[u8], donor: &[u8], script: &mut Script<'_>, depth: usize) -> Vec<u8> {
    let what = script.byte();
    let fields = parse(message).filter(|fields| !fields.is_empty() && depth < DEEPEST);
    let Some(mut fields) = fields.filter(|_| what % 16 != 15) else { return leaf(message, donor, script) };
    let at = script.below(fields.len());
    match what % 16 {
        8 => drop(fields.remove(at)),
        9 => {
            let again = fields[at].clone();
            let to = script.below(fields.len() + 1);
            fields.insert(to, again);
        }
        10 => fields[at].number = u32::from(script.byte()) + 1,
        11 => {
            let to = script.below(fields.len());
            fields.swap(at, to);
        }
        12 => {
            let to = script.below(fields.len());
            let value = fields[to].value.clone();
            fields[at].value = value;
        }
        13 => fields.extend(given(donor, None, script)),
        14 => {
            if let Some(other) = given(donor, Some(fields[at].number), script) {
                fields[at] = other;
            }
        }
        _ => {
            let other = given(donor, Some(fields[at].number), script);
            match (&mut fields[at].value, other.map(|other| other.value)) {
                (Value::Varint(number), _) => *number = other_number(*number, script),
                (Value::Bytes(inner), Some(Value::Bytes(other))) => {
                    *inner = changed_at(inner, &other, script, depth + 1);
                }
                (Value::Bytes(inner), _) => *inner = changed_at(inner, donor, script, depth + 1),
                (Value::Long(bytes), _) => bytes[0] ^= script.byte(),
                (Value::Short(bytes), _) => bytes[0] ^= script.byte(),
            }
        }
    }
    encode(&fields)
}

/// A field of `donor`, of a certain number if one is asked for.
fn given(donor: &[u8], number: Option<u32>, script: &mut Script<'_>) -> Option<Field> {
    let mut fields = parse(donor)?;
    fields.retain(|field| number.is_none_or(|number| field.number == number));
    if fields.is_empty() { None } else { Some(script.one(&fields).clone()) }
}

fn other_number(number: u64, script: &mut Script<'_>) -> u64 {
    match script.byte() % 8 {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        2 => number.wrapping_mul(10).wrapping_add(u64::from(script.byte() % 10)),
        3 => number ^ 1 << script.below(64),
        4 => u64::MAX >> script.below(64),
        5 => u64::from(script.byte()),
        6 => 1 << script.below(64),
        _ => u64::from(script.long()) << script.below(33),
    }
}

fn leaf(bytes: &[u8], donor: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = usize::from(script.byte()) * usize::from(script.byte()) % (bytes.len() + 1);
    match script.byte() % 10 {
        0 if at < bytes.len() => bytes[at] = script.byte(),
        1..4 if at < bytes.len() => bytes[at] ^= 1 << script.below(8),
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(..at)),
        6 => bytes.clear(),
        7 => bytes = vec![script.byte(); script.below(140)],
        8 => bytes = donor.to_vec(),
        _ => {
            let more = script.short().to_vec();
            bytes.splice(at..at, more);
        }
    }
    bytes
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = *chunk(bytes)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn chunk<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(head)
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
