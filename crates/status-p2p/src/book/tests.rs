use super::*;
use crate::sample::{record, record_numbered};

const REDIAL: Redial = Redial { first: Duration::from_secs(60), most: Duration::from_secs(3600) };

fn book() -> Book {
    Book::new(Vec::new(), REDIAL, Scope::Internet)
}

/// A node in a network of its own.
fn node(seed: u64) -> NodeRecord {
    record(seed, 16, &[32, 64], &[&format!("/ip4/192.{}.{}.1/tcp/1", seed / 250, seed % 250)])
}

fn lacking(shards: &[u16]) -> ClusterShards {
    ClusterShards { cluster: 16, shards: shards.iter().copied().collect() }
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + secs)
}

fn due(book: &Book, now: u64) -> Vec<PeerId> {
    book.take_due(at(now), &lacking(&[32]), 100, |_| false).into_iter().map(|one| one.peer).collect()
}

#[test]
fn a_node_is_given_once_until_it_is_known_how_it_went() {
    let (book, node) = (book(), node(1));
    assert!(book.heard(node.clone(), Source::Tree, at(0)));
    assert!(!book.heard(node.clone(), Source::Discv5, at(0)), "nothing new");

    assert_eq!(due(&book, 0), [*node.peer()]);
    assert_eq!(due(&book, 1), []);
    book.failed(node.peer(), Fault::TimedOut, at(1), Line::Up, 1.0);
    assert_eq!(due(&book, 60), []);
    assert_eq!(due(&book, 61), [*node.peer()]);
    assert_eq!(book.all()[0].source, Source::Tree);
}

#[test]
fn only_nodes_that_carry_what_is_lacking_are_given_and_the_known_ones_first() {
    let book = book();
    let silent = record(1, 16, &[], &["/ip4/192.1.0.1/tcp/1"]);
    let [both, one, other, foreign] = [
        record(2, 16, &[32, 64], &["/ip4/192.1.1.1/tcp/1"]),
        record(3, 16, &[32], &["/ip4/192.1.2.1/tcp/1"]),
        record(4, 16, &[5], &["/ip4/192.1.3.1/tcp/1"]),
        record(5, 1, &[32], &["/ip4/192.1.4.1/tcp/1"]),
    ];
    let old = record(6, 16, &[64], &["/ip4/192.1.5.1/tcp/1"]);
    for node in [&silent, &both, &one, &other, &foreign, &old] {
        book.heard(node.clone(), Source::Discv5, at(0));
    }
    book.connected(old.peer(), at(0));
    book.lost(old.peer(), at(100));

    let given = book.take_due(at(1000), &lacking(&[32, 64]), 10, |peer| peer == one.peer());

    let given: Vec<_> = given.iter().map(|one| one.peer).collect();
    assert_eq!(given, [*old.peer(), *both.peer()]);
}

#[test]
fn hopeless_nodes_are_forgotten_but_not_because_our_own_line_is_down() {
    let (book, a, b) = (book(), node(1), node(2));
    book.heard(a.clone(), Source::Tree, at(0));
    book.heard(b.clone(), Source::Tree, at(0));

    for _ in 0..HOPELESS {
        book.failed(a.peer(), Fault::TimedOut, at(0), Line::Up, 1.0);
        book.failed(b.peer(), Fault::TimedOut, at(0), Line::Down, 1.0);
    }

    assert_eq!(
        book.all().iter().map(|known| (known.node(), known.failures)).collect::<Vec<_>>(),
        [(b.node(), 1)]
    );
}

#[test]
fn who_was_connected_this_week_is_not_given_up() {
    let (book, node) = (book(), node(1));
    book.heard(node.clone(), Source::Tree, at(0));
    book.connected(node.peer(), at(0));
    book.lost(node.peer(), at(3600));

    for _ in 0..HOPELESS * 2 {
        book.failed(node.peer(), Fault::TimedOut, at(3600), Line::Up, 1.0);
    }
    assert_eq!(book.all().len(), 1);
    book.failed(node.peer(), Fault::TimedOut, at(3600).after(PATIENCE), Line::Up, 1.0);
    assert_eq!(book.all().len(), 0);
}

#[test]
fn a_connection_of_a_moment_counts_as_a_failure() {
    let (book, node) = (book(), node(1));
    book.heard(node.clone(), Source::Tree, at(0));

    for (failures, wait) in [(1, 60), (2, 120), (3, 240)] {
        book.connected(node.peer(), at(0));
        book.lost(node.peer(), at(1));
        assert_eq!(book.all()[0].failures, failures);
        assert_eq!(book.next_due(&lacking(&[32])), Some(at(1 + wait)));
    }
    book.connected(node.peer(), at(0));
    book.lost(node.peer(), at(60));
    assert_eq!(book.all()[0].failures, 0);
}

#[test]
fn a_stranger_is_left_alone_for_a_day() {
    let (book, node) = (book(), node(1));
    book.heard(node.clone(), Source::Tree, at(0));
    book.connected(node.peer(), at(0));

    book.shunned(node.peer(), at(0));

    assert_eq!(due(&book, 24 * 3600 - 1), []);
    assert_eq!(book.sample(at(0), 10), []);
}

#[test]
fn newer_records_take_the_place_of_older_ones() {
    let book = book();
    let numbered =
        |seq, port: &str| record_numbered(seq, 1, 16, &[32], &[&format!("/ip4/192.0.2.1/tcp/{port}")]);
    book.heard(numbered(5, "5"), Source::Tree, at(0));

    assert!(!book.heard(numbered(4, "4"), Source::Tree, at(0)));
    assert!(book.heard(numbered(6, "6"), Source::Discv5, at(0)));

    assert_eq!(book.all()[0].record.seq(), 6);
}

#[test]
fn addresses_of_private_networks_are_neither_kept_nor_dialled() {
    let book = book();
    let mixed = record(1, 16, &[32], &["/ip4/192.0.2.1/tcp/1", "/ip4/10.0.0.1/tcp/1"]);
    assert!(!book.heard(record(2, 16, &[32], &["/ip4/127.0.0.1/tcp/1"]), Source::Discv5, at(0)));
    assert!(book.heard(mixed, Source::Discv5, at(0)));

    let given = book.take_due(at(0), &lacking(&[32]), 10, |_| false);

    assert_eq!(given.len(), 1);
    assert!(matches!(&given[0].addresses[..], [one] if one.to_string().starts_with("/ip4/192.0.2.1/tcp/1")));
}

#[test]
fn one_network_fills_only_so_much() {
    let book = book();
    for seed in 0..40 {
        book.heard(record(seed, 16, &[32], &[&format!("/ip4/192.0.2.{seed}/tcp/1")]), Source::Discv5, at(0));
    }

    assert_eq!(book.all().len(), MAX_NEIGHBOURS);
}

#[test]
fn a_full_book_gives_up_those_that_failed_and_nobody_else() {
    let book = book();
    let count = u64::try_from(MAX_KNOWN).unwrap();
    for seed in 0..count {
        book.heard(node(seed), Source::Discv5, at(0));
    }
    assert!(!book.heard(node(count), Source::Discv5, at(0)), "nobody is worth less");
    book.failed(node(7).peer(), Fault::TimedOut, at(0), Line::Up, 1.0);

    assert!(book.heard(node(count), Source::Discv5, at(0)));

    assert_eq!(book.all().len(), MAX_KNOWN);
    assert!(book.all().iter().all(|known| known.node() != node(7).node()));
}

#[test]
fn what_was_kept_is_known_again_with_its_waits() {
    let (first, node) = (book(), node(1));
    first.heard(node.clone(), Source::Tree, at(0));
    due(&first, 0);
    first.failed(node.peer(), Fault::TimedOut, at(0), Line::Up, 1.0);

    let book = Book::new(first.all(), REDIAL, Scope::Internet);

    assert_eq!(book.all(), first.all());
    assert_eq!(due(&book, 59), []);
    assert_eq!(due(&book, 60), [*node.peer()]);
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_nodes_waiting() {
    let (book, node) = (book(), node(1));
    book.heard(node.clone(), Source::Tree, at(1_000_000));
    due(&book, 1_000_000);
    book.failed(node.peer(), Fault::TimedOut, at(1_000_000), Line::Up, 1.0);

    assert_eq!(due(&book, 0), [*node.peer()]);
}

#[test]
fn what_says_nothing_of_a_node_is_not_held_against_it() {
    let (book, node) = (book(), node(1));
    book.heard(node.clone(), Source::Tree, at(0));
    due(&book, 0);

    book.failed(node.peer(), Fault::NotWanted, at(0), Line::Up, 1.0);

    assert_eq!(book.with_faults(), [(book.all().remove(0), Some(Fault::NotWanted))]);
    assert_eq!(book.all()[0].failures, 0);
    assert_eq!(due(&book, 60), [*node.peer()]);
}

#[test]
fn a_node_that_is_back_at_another_address_is_tried_soon() {
    let book = book();
    let numbered =
        |seq, port: &str| record_numbered(seq, 1, 16, &[32], &[&format!("/ip4/192.0.2.1/tcp/{port}")]);
    let peer = *numbered(1, "1").peer();
    book.heard(numbered(1, "1"), Source::Tree, at(0));
    for _ in 0..7 {
        book.failed(&peer, Fault::TimedOut, at(0), Line::Up, 1.0);
    }

    book.heard(numbered(2, "1"), Source::Discv5, at(0));
    assert_eq!(book.next_due(&lacking(&[32])), Some(at(3600)), "nothing that matters has changed");
    book.heard(numbered(3, "2"), Source::Discv5, at(0));
    assert_eq!(book.next_due(&lacking(&[32])), Some(at(60)));
}
