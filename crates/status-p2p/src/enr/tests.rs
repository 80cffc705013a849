use rand::Rng as _;
use status_layer::testing::rng;

use super::*;
use crate::HostKey;

/// The example of EIP-778.
const EXAMPLE: &str = "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0\
    gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
/// A node of a public fleet of The Waku Network: all eight shards of cluster 1, three addresses.
const FLEET: &str = "enr:-QESuEC1p_s3xJzAC_XlOuuNrhVUETmfhbm1wxRGis0f7DlqGSw2FM-p2Ugl_r25UHQJ3f1rIRrpzxJXSMaJe4yk1XFSAYJpZIJ2NIJpcISy\
    gI2rim11bHRpYWRkcnO4XAArNiZub2RlLTAxLmRvLWFtczMud2FrdS50ZXN0LnN0YXR1c2ltLm5ldAZ2XwAtNiZub2RlLTAxLmRvLWFtczMud2FrdS50ZXN0LnN0YXR1c2lt\
    Lm5ldAYfQN4DgnJzkwABCAAAAAEAAgADAAQABQAGAAeJc2VjcDI1NmsxoQJATXRSRSUyTw_QLB6H_U3oziVQgNRgrXpK7wp2AMyNxYN0Y3CCdl-DdWRwgiMohXdha3UyDw";
const FLEET_NAME: &str = "16Uiu2HAkykgaECHswi3YKJ5dMLbq2kPVCo89fcyTd38UcQD6ej5W";

fn announcement(addresses: &[&str]) -> Announcement {
    Announcement {
        capabilities: Capabilities::RELAY | Capabilities::STORE,
        shards: ClusterShards { cluster: 16, shards: [32, 64].into() },
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        udp: Some("192.0.2.1:9000".parse().unwrap()),
    }
}

fn signed(said: &Announcement) -> NodeRecord {
    let key = HostKey::generate(&mut rng(1));
    let own = key.keypair().public().to_peer_id();
    said.sign(&signing_key(&key).unwrap(), 7, &own).unwrap()
}

fn texts(addresses: &[PeerAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_of_the_specification_is_read_and_written_again() {
    let record: NodeRecord = EXAMPLE.parse().unwrap();

    assert_eq!(record.to_string(), EXAMPLE);
    assert_eq!((record.seq(), record.udp()), (1, Some("127.0.0.1:30303".parse().unwrap())));
    assert_eq!((record.capabilities(), record.shards(), record.addresses()), (None, None, Vec::new()));
    assert!(!is_useful(record.inner()));
}

#[test]
fn the_record_of_a_deployed_node_is_read_whole() {
    let record: NodeRecord = FLEET.parse().unwrap();

    let shards = ClusterShards { cluster: 1, shards: (0..8).collect() };
    assert_eq!(record.node().as_str(), FLEET_NAME);
    assert_eq!(record.capabilities().map(Capabilities::bits), Some(0x0f));
    assert_eq!(record.shards(), Some(shards));
    assert_eq!(record.udp(), Some("178.128.141.171:9000".parse().unwrap()));
    let plain = format!("/ip4/178.128.141.171/tcp/30303/p2p/{FLEET_NAME}");
    assert_eq!(texts(&record.addresses()).first(), Some(&plain));
    let more: Vec<_> =
        decode_addresses(record.bytes(ADDRESSES).unwrap()).iter().map(ToString::to_string).collect();
    let name = "node-01.do-ams3.waku.test.statusim.net";
    assert_eq!(more, [format!("/dns4/{name}/tcp/30303"), format!("/dns4/{name}/tcp/8000/wss")]);
    assert_eq!(record.to_string(), FLEET);
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let bytes = FLEET.parse::<NodeRecord>().unwrap().encode();

    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(NodeRecord::decode(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn what_is_too_long_cut_off_or_followed_by_more_is_refused() {
    let bytes = EXAMPLE.parse::<NodeRecord>().unwrap().encode();
    let more = [&bytes[..], &[0]].concat();

    assert_eq!(NodeRecord::decode(&more), Err(RecordError::Malformed));
    assert_eq!(NodeRecord::decode(&bytes[..bytes.len() - 1]), Err(RecordError::Malformed));
    assert_eq!(NodeRecord::decode(&[0; 301]), Err(RecordError::TooLarge));
    assert_eq!(NodeRecord::decode(&[]), Err(RecordError::Malformed));
    for (text, why) in [
        ("", RecordError::NotText),
        ("enr:", RecordError::Malformed),
        ("enr:?", RecordError::NotText),
        (&EXAMPLE[4..], RecordError::NotText),
        (&format!("enr:{}", "A".repeat(401)), RecordError::TooLarge),
    ] {
        assert_eq!(text.parse::<NodeRecord>(), Err(why), "{text}");
    }
}

#[test]
fn a_record_of_another_kind_of_key_is_refused() {
    let record = Enr::builder().build(&CombinedKey::generate_ed25519()).unwrap();

    assert_eq!(NodeRecord::decode(&alloy_rlp::encode(&record)), Err(RecordError::OtherKey));
}

#[test]
fn our_record_says_what_we_are() {
    let said =
        announcement(&["/ip4/192.0.2.1/tcp/30303", "/ip6/2001:db8::1/tcp/30304", "/ip4/192.0.2.1/tcp/30305"]);

    let record = NodeRecord::decode(&signed(&said).encode()).unwrap();

    let key = HostKey::generate(&mut rng(1));
    assert_eq!((record.node(), record.seq()), (key.node(), 7));
    assert_eq!(record.capabilities(), Some(said.capabilities));
    assert_eq!(record.shards(), Some(said.shards));
    assert_eq!(record.udp(), Some("192.0.2.1:9000".parse().unwrap()));
    let named = |address| format!("{address}/p2p/{}", key.node());
    let all = ["/ip4/192.0.2.1/tcp/30303", "/ip6/2001:db8::1/tcp/30304", "/ip4/192.0.2.1/tcp/30305"];
    assert_eq!(texts(&record.addresses()), all.map(named));
    assert!(is_useful(record.inner()));
}

#[test]
fn addresses_give_way_when_a_record_gets_too_long() {
    let many: Vec<_> = (1..100).map(|port| format!("/ip4/192.0.2.1/tcp/{port}")).collect();
    let said = announcement(&many.iter().map(String::as_str).collect::<Vec<_>>());

    let record = signed(&said);

    let left = record.addresses();
    assert!(record.encode().len() <= MAX_RECORD && record.encode().len() > MAX_RECORD - 12);
    assert!(left.len() > 5 && left.len() < 20, "{}", left.len());
    assert_eq!(record.shards(), Some(said.shards));
}

#[test]
fn sixty_four_shards_leave_room_for_an_address() {
    let mut said = announcement(&["/ip4/192.0.2.1/tcp/30303"]);
    said.shards.shards = (0..64).collect();

    let record = signed(&said);

    assert_eq!(record.shards(), Some(said.shards));
    assert_eq!(record.addresses().len(), 1);
}

#[test]
fn shards_that_cannot_be_read_are_not_guessed() {
    let key = CombinedKey::generate_secp256k1();
    let with = |field: &str, value: &[u8]| {
        let record = Enr::builder().add_value(field, &value).build(&key).unwrap();
        NodeRecord::new(record).unwrap()
    };

    assert_eq!(with(SHARD_LIST, &[0, 16, 2, 0, 32]).shards(), None);
    assert_eq!(with(SHARD_BITS, &[0, 16]).shards(), None);
    assert_eq!(with(WAKU2, &[1, 1]).capabilities(), None);
    assert_eq!(with(WAKU2, &[]).capabilities(), Some(Capabilities::default()));
}

#[test]
fn an_address_that_differs_from_that_of_discovery_is_announced_all_the_same() {
    let record = signed(&announcement(&["/ip4/192.0.2.9/tcp/30303"]));

    assert_eq!(record.udp(), Some("192.0.2.1:9000".parse().unwrap()));
    let name = record.node();
    assert_eq!(texts(&record.addresses()), [format!("/ip4/192.0.2.9/tcp/30303/p2p/{name}")]);
}

#[test]
fn an_address_by_way_of_a_relay_stays_one() {
    let relay = format!("/ip4/192.0.2.9/tcp/30303/p2p/{FLEET_NAME}/p2p-circuit");
    let own = HostKey::generate(&mut rng(1)).node();

    let record = signed(&announcement(&[&format!("{relay}/p2p/{own}"), "/dns4/example.org/tcp/443/wss"]));

    let written: Vec<_> =
        decode_addresses(record.bytes(ADDRESSES).unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(written, [relay.trim_end_matches("/p2p-circuit"), "/dns4/example.org/tcp/443/wss"]);
    let read = texts(&record.addresses());
    assert_eq!(read, [format!("{relay}/p2p/{own}"), format!("/dns4/example.org/tcp/443/wss/p2p/{own}")]);
}

#[test]
fn whatever_stands_in_the_fields_is_read_or_left_out() {
    let key = CombinedKey::generate_secp256k1();
    let mut rng = rng(3);
    for _ in 0..1000 {
        let mut value = vec![0; usize::try_from(rng.below(140)).unwrap()];
        rng.fill_bytes(&mut value);
        // Often a length that fits what follows, so that there is something to read.
        if let Some(first) = value.first_mut().filter(|_| rng.chance(50)) {
            *first = 0;
        }
        let field = [SHARD_LIST, SHARD_BITS, ADDRESSES, WAKU2][usize::try_from(rng.below(4)).unwrap()];
        let record = Enr::builder().add_value(field, &value.as_slice()).build(&key).unwrap();

        let record = NodeRecord::new(record).unwrap();

        assert!(record.addresses().len() <= value.len() / 2);
        assert!(record.shards().is_none_or(|of| of.shards.iter().all(|shard| *shard < 1024)));
        assert!(record.capabilities().is_none() || value.len() < 2);
    }
}
