use super::*;

/// A message encoded as a deployed Status node does it, with its gossip id and its hash on shard 32 of cluster 16.
const DEPLOYED: &str = "0a0301020312182f77616b752f312f307863643432333736302f7266633236\
                        1801508080d0e2c6bfce972f5a00f80100";
const DEPLOYED_ID: &str = "ae4792075fa6b58cc301161970c377757a4ee13378139c6c00cbd385487b1001";
const DEPLOYED_HASH: &str = "f6f1f8779b87f80bd0afdf1db74c61f2294330556fdd35d1ce8bbff64768f64c";

fn deployed_frame() -> Frame {
    let at = Timestamp::from_secs(1_700_000_000);
    Frame { topic: Topic::new("/waku/1/0xcd423760/rfc26"), at, bytes: vec![1, 2, 3] }
}

fn spec_message(payload: &str, meta: Option<&str>) -> WakuMessage {
    WakuMessage {
        payload: hex::decode(payload).unwrap(),
        content_topic: "/waku/2/default-content/proto".to_owned(),
        timestamp: Some(0x1757_89bf_a23f_8400),
        meta: meta.map(|meta| hex::decode(meta).unwrap()),
        ..WakuMessage::default()
    }
}

#[test]
fn frames_are_encoded_as_deployed_nodes_do_it() {
    let message = WakuMessage::from_frame(deployed_frame());
    let bytes = message.encode();

    assert_eq!(hex::encode(&bytes), DEPLOYED);
    assert_eq!(hex::encode(gossip_id(&bytes)), DEPLOYED_ID);
    assert_eq!(hex::encode(message.hash("/waku/2/rs/16/32").as_bytes()), DEPLOYED_HASH);
}

#[test]
fn what_deployed_nodes_encode_is_the_frame() {
    let message = WakuMessage::decode(&hex::decode(DEPLOYED).unwrap()).unwrap();

    assert_eq!(message.meta, Some(Vec::new()));
    assert_eq!(message.ephemeral, Some(false));
    assert_eq!(message.into_frame(), Some(deployed_frame()));
}

#[test]
fn the_hash_is_that_of_the_specification() {
    let long_meta: String = (0..64).map(|byte| format!("{byte:02x}")).collect();
    for (payload, meta, hash) in [
        (
            "010203045445535405060708",
            Some("73757065722d736563726574"),
            "64cce733fed134e83da02b02c6f689814872b1a0ac97ea56b76095c3c72bfe05",
        ),
        (
            "010203045445535405060708",
            Some(long_meta.as_str()),
            "7158b6498753313368b9af8f6e0a0a05104f68f972981da42a43bc53fb0c1b27",
        ),
        (
            "010203045445535405060708",
            None,
            "a2554498b31f5bcdfcbf7fa58ad1c2d45f0254f3f8110a85588ec3cf10720fd8",
        ),
        (
            "",
            Some("73757065722d736563726574"),
            "483ea950cb63f9b9d6926b262bb36194d3f40a0463ce8446228350bd44e96de4",
        ),
    ] {
        let message = spec_message(payload, meta);

        assert_eq!(hex::encode(message.hash("/waku/2/default-waku/proto").as_bytes()), hash);
    }
}

#[test]
fn the_hash_ignores_how_and_with_what_extras_it_was_encoded() {
    let plain = spec_message("01", None);
    let adorned = WakuMessage {
        version: Some(1),
        ephemeral: Some(true),
        rate_limit_proof: Some(vec![7]),
        meta: Some(Vec::new()),
        ..plain.clone()
    };

    assert_eq!(plain.hash("a"), adorned.hash("a"));
    assert_ne!(plain.hash("a"), plain.hash("b"));
    assert_ne!(gossip_id(&plain.encode()), gossip_id(&adorned.encode()));
}

#[test]
fn a_missing_time_counts_as_zero() {
    let without = WakuMessage { timestamp: None, ..spec_message("01", None) };
    let zero = WakuMessage { timestamp: Some(0), ..without.clone() };

    assert_eq!(without.hash("a"), zero.hash("a"));
    assert_ne!(without.encode(), zero.encode());
}

#[test]
fn what_deployed_nodes_refuse_is_refused() {
    let good = spec_message("01", None);
    let refused = |message: &WakuMessage| WakuMessage::decode(&message.encode()).map(|_| ());

    assert_eq!(refused(&good), Ok(()));
    assert_eq!(
        refused(&WakuMessage { payload: Vec::new(), ..good.clone() }),
        Err(WakuMessageError::NoPayload)
    );
    assert_eq!(
        refused(&WakuMessage { content_topic: String::new(), ..good.clone() }),
        Err(WakuMessageError::NoContentTopic)
    );
    assert_eq!(refused(&WakuMessage { meta: Some(vec![0; 64]), ..good.clone() }), Ok(()));
    assert_eq!(
        refused(&WakuMessage { meta: Some(vec![0; 65]), ..good.clone() }),
        Err(WakuMessageError::LongMeta { len: 65 })
    );
    for bad in [&b"\x0a\x05abc"[..], b"\x08\x01", b"\xff", b"\x12\x01\xff\x0a\x01a"] {
        assert_eq!(WakuMessage::decode(bad), Err(WakuMessageError::Malformed));
    }
}

#[test]
fn every_prefix_of_a_message_is_read_or_refused() {
    let bytes = hex::decode(DEPLOYED).unwrap();

    for end in 0..bytes.len() {
        let _ = WakuMessage::decode(&bytes[..end]);
    }
}

#[test]
fn only_version_one_is_handed_up() {
    let carried = |version, timestamp| {
        WakuMessage { version, timestamp, ..spec_message("01", None) }
            .into_frame()
            .map(|frame| frame.at.millis())
    };

    assert_eq!(carried(Some(1), Some(1_700_000_000_123_456_789)), Some(1_700_000_000_123));
    assert_eq!(carried(Some(1), Some(-5)), Some(0));
    assert_eq!(carried(Some(1), None), Some(0));
    assert_eq!(carried(Some(0), Some(1)), None);
    assert_eq!(carried(Some(2), Some(1)), None);
    assert_eq!(carried(None, Some(1)), None);
}
