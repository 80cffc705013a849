//! What Whisper nodes ask of envelopes: form, work, time, topics (`whisper-v1`, `whisper-packets-v1`, and the filters of
//! `topics-v1`).

use status_crypto::{Search, keccak256};
use status_privacy::whisper::{Bloom, Envelope, Refusal, Rules, Verdict, hash, pow};

use super::{Choice, later};
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

/// The codes of packets that carry envelopes: from any peer, and from one that is trusted.
const MESSAGES: u64 = 1;
const P2P_MESSAGES: u64 = 127;

/// The most numbers that are tried for one case.
const MAX_TRIES: u64 = 1 << 24;

/// The kinds of `whisper-v1` that are about nodes.
pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "rlp" => rlp,
        "pow" => value,
        "needed_bits" => needed_bits,
        "seal" => seal,
        "accept" => accept,
        _ => return None,
    };
    Some(Choice::Run(check))
}

/// The kinds of `topics-v1` that are about filters.
pub(super) fn check_filters(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "topic_bloom" => topic_bloom,
        "bloom_union" => bloom_union,
        "bloom_match" => bloom_match,
        _ => return None,
    };
    Some(Choice::Run(check))
}

/// The kinds of `whisper-packets-v1`. Packets belong to whoever speaks the wire of Whisper; the envelopes in them are ours.
pub(super) fn check_packets(kind: &str) -> Option<Choice> {
    match kind {
        "messages" | "p2p_messages" => Some(Choice::Run(messages)),
        _ => Some(later("packets between whisper nodes")),
    }
}

fn rlp(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let rlp = case.bytes("rlp")?;
    let read = Envelope::decode(&rlp);
    trial.same("accept", read.is_ok(), case.flag("accept")?);
    let Ok(read) = read else { return Ok(()) };
    trial.same("expiry", read.expiry, case.number32("expiry")?);
    trial.same("ttl", read.ttl, case.number32("ttl")?);
    trial.same("nonce", read.nonce, case.number("nonce")?);
    trial.member(case, "topic", read.topic)?;
    trial.member(case, "data", read.data)?;
    trial.member(case, "hash", hash(&rlp))?;
    trial.bytes("our envelope", read.encode(), &rlp);
    Ok(())
}

fn value(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let data = case.bytes("data")?;
    let nonce: u64 =
        case.text("nonce")?.parse().map_err(|_| case.is_not("a case with a number as `nonce`"))?;
    let envelope = Envelope { nonce, ..without_work(case, &data)? };
    let prefix = envelope.prefix();
    trial.member(case, "rlp_without_nonce", &prefix)?;
    trial.member(case, "pow_hash", keccak256(&[&prefix, &nonce.to_be_bytes()]))?;
    trial.same("leading_zero_bits", Search::new(&prefix).zeros(nonce), case.number32("leading_zero_bits")?);
    let value = pow::value(&envelope, case.number32("ttl_addition")?);
    trial.same("pow", value.to_bits(), float(case, "pow")?.to_bits());
    Ok(())
}

fn needed_bits(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let size = case.number("data_length")?.checked_add(20).and_then(|size| usize::try_from(size).ok());
    let size = size.ok_or_else(|| case.is_not("a case with a length"))?;
    let bits = pow::needed_bits(float(case, "target")?, size, case.number32("ttl")?);
    trial.same("bits", bits, case.number32("bits")?);
    Ok(())
}

fn seal(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let data = case.bytes("data")?;
    let mut envelope = without_work(case, &data)?;
    let bits = pow::needed_bits(float(case, "target")?, envelope.size(), envelope.ttl);
    let found = Search::new(&envelope.prefix()).run(0..MAX_TRIES, bits).filter(|found| found.zeros >= bits);
    let Some(found) = found else {
        return Err(Stop::Skipped(format!("{bits} bits of work are too many to be searched for here")));
    };
    envelope.nonce = found.number;
    trial.same("nonce", found.number, case.number("nonce")?);
    trial.same("size", envelope.size() as u64, case.number("size")?);
    let prefix = envelope.prefix().len() as u64;
    trial.same("rlp_without_nonce_length", prefix, case.number("rlp_without_nonce_length")?);
    trial.member(case, "rlp", envelope.encode())?;
    trial.member(case, "hash", hash(&envelope.encode()))?;
    trial.member(case, "bloom", Bloom::of(envelope.topic).as_bytes())?;
    trial.same("pow", pow::value(&envelope, 0).to_bits(), float(case, "pow")?.to_bits());
    Ok(())
}

fn accept(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let rlp = case.bytes("rlp")?;
    let envelope = Envelope::decode(&rlp).map_err(|error| Stop::Differs(format!("`rlp`: {error}")))?;
    let max_size = usize::try_from(case.number("max_message_size")?).unwrap_or(usize::MAX);
    let bloom = Bloom::from_bytes(case.array("node_bloom")?);
    let rules = Rules { max_size, min_pow: float(case, "min_pow")?, bloom };
    let now = case.number32("now")?;
    let judged = rules.judge(&envelope, now);
    let value = match judged {
        Ok(Verdict::Take) | Err(Refusal::LittleWork | Refusal::OutsideBloom) => {
            pow::value(&envelope, if envelope.sent() > now { envelope.sent() - now + 1 } else { 0 })
        }
        // Its work was not looked at.
        _ => 0.0,
    };
    trial.same("pow_as_judged", value.to_bits(), float(case, "pow_as_judged")?.to_bits());
    // Peers mean to, but take every error for a clock that is wrong.
    trial.same("drop_connection", false, case.flag("drop_connection")?);
    trial.same("cached", judged == Ok(Verdict::Take), case.flag("cached")?);
    let error = case.find("error").is_some_and(|error| error.json.is_string());
    trial.same("error", judged.is_err(), error);
    Ok(())
}

fn topic_bloom(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let bloom = Bloom::of(case.array("topic")?);
    let bits: u32 = bloom.as_bytes().iter().map(|byte| byte.count_ones()).sum();
    trial.same("bits_set", bits, case.number32("bits_set")?);
    trial.member(case, "bloom", bloom.as_bytes())
}

fn bloom_union(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let topics = case.list("topics")?;
    let topics: Result<Vec<[u8; 4]>, Stop> = topics.iter().map(short).collect();
    trial.member(case, "bloom", topics?.into_iter().collect::<Bloom>().as_bytes())
}

fn bloom_match(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let filter = Bloom::from_bytes(case.array("filter")?);
    let sample = Bloom::from_bytes(case.array("sample")?);
    trial.same("match", filter.covers(&sample), case.flag("match")?);
    Ok(())
}

/// Envelopes one after the other; each is found by its hash.
fn messages(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let payload = case.bytes("payload")?;
    trial.member_if_any(case, "batch_hash", keccak256(&[&payload]))?;
    let code = if case.text("kind")? == "messages" { MESSAGES } else { P2P_MESSAGES };
    trial.same("code", code, case.number("code")?);
    let mut rest = match payload.as_slice() {
        [0xc0..=0xf7, rest @ ..] => rest,
        [long @ 0xf8..=0xff, rest @ ..] => rest.get(usize::from(long - 0xf7)..).unwrap_or_default(),
        _ => return Err(Stop::Differs("`payload` is no list".into())),
    };
    for shown in case.list("envelope_hashes")? {
        let theirs = shown.as_bytes()?;
        // A proper prefix of an envelope is none, so the first length at which it can be read is its own.
        let read =
            (1..=rest.len()).find(|end| rest.get(..*end).is_some_and(|rlp| Envelope::decode(rlp).is_ok()));
        let Some((envelope, others)) = read.and_then(|end| rest.split_at_checked(end)) else {
            return Err(Stop::Differs("`payload` holds fewer envelopes than there are hashes".into()));
        };
        trial.bytes(shown.at(), hash(envelope), theirs);
        rest = others;
    }
    trial.holds("`payload` holds more envelopes than there are hashes", rest.is_empty());
    Ok(())
}

fn without_work<'a>(case: &Node<'_>, data: &'a [u8]) -> Result<Envelope<'a>, Stop> {
    let (expiry, ttl) = (case.number32("expiry")?, case.number32("ttl")?);
    Ok(Envelope { expiry, ttl, topic: case.array("topic")?, data, nonce: 0 })
}

fn short(topic: &Node<'_>) -> Result<[u8; 4], Stop> {
    topic.as_bytes()?.try_into().map_err(|_| topic.is_not("a topic of 4 bytes"))
}

/// A number with a fraction, which is given by its bits.
pub(super) fn float(case: &Node<'_>, name: &str) -> Result<f64, Stop> {
    let float = case.get(name)?;
    let value = f64::from_bits(u64::from_be_bytes(float.array("ieee754")?));
    match float.text("decimal")?.parse::<f64>() {
        Ok(decimal) if decimal.to_bits() == value.to_bits() => Ok(value),
        _ => Err(float.is_not("one number in two forms")),
    }
}
