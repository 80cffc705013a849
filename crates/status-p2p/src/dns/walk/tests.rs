use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use status_layer::testing::rng;

use super::*;
use crate::dns::keeper::{Keeper, Thirst};
use crate::dns::{ResolveError, SignedTree};
use crate::sample::record;
use crate::{HostKey, NodeId};

/// A domain name system of our own, which counts what it is asked.
#[derive(Debug, Default)]
struct Names {
    texts: Mutex<BTreeMap<String, String>>,
    asked: Mutex<usize>,
}

#[async_trait]
impl Resolve for Names {
    async fn txt(&self, name: &str) -> Result<Vec<String>, ResolveError> {
        *self.asked.lock().unwrap() += 1;
        let text = self.texts.lock().unwrap().get(name).cloned();
        text.map(|text| vec!["something else".to_owned(), text]).ok_or(ResolveError::NoText)
    }
}

impl Names {
    fn publish(&self, tree: &SignedTree) {
        let texts = tree.texts().map(|(name, text)| (name.to_owned(), text.to_owned()));
        self.texts.lock().unwrap().extend(texts);
    }

    fn asked(&self) -> usize {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn key(seed: u64) -> HostKey {
    HostKey::generate(&mut rng(seed))
}

fn node(seed: u64) -> NodeRecord {
    record(seed, 16, &[32], &["/ip4/192.0.2.1/tcp/1"])
}

fn nodes(seeds: std::ops::Range<u64>) -> Vec<NodeRecord> {
    seeds.map(node).collect()
}

fn tree(seq: u64, nodes: &[NodeRecord], links: &[TreeUrl]) -> SignedTree {
    SignedTree::sign(&key(100), "example.org", seq, nodes, links).unwrap()
}

fn names(nodes: &[NodeRecord]) -> Vec<NodeId> {
    let mut names: Vec<_> = nodes.iter().map(NodeRecord::node).collect();
    names.sort();
    names
}

fn keeper(names: &Arc<Names>, tree: &SignedTree) -> Keeper {
    Keeper::new(Arc::clone(names) as Arc<dyn Resolve>, vec![tree.url().clone()])
}

async fn refresh(keeper: &mut Keeper, thirst: Thirst) -> Vec<NodeId> {
    let mut found = Vec::new();
    keeper.refresh(thirst, &mut |node| found.push(node)).await;
    names(&found)
}

#[tokio::test]
async fn every_node_of_a_tree_is_found_whatever_its_size() {
    for count in [0, 1, 2, 13, 14, 200] {
        let all = nodes(0..count);
        let (names, tree) = (Arc::new(Names::default()), tree(1, &all, &[]));
        names.publish(&tree);

        let found = refresh(&mut keeper(&names, &tree), Thirst::News).await;

        assert_eq!(found, self::names(&all), "{count}");
        assert!(tree.texts().all(|(_, text)| text.len() <= 420), "{count}");
    }
}

#[tokio::test]
async fn a_tree_that_is_as_it_was_costs_one_question_unless_all_is_wanted() {
    let (names, tree) = (Arc::new(Names::default()), tree(1, &nodes(0..20), &[]));
    names.publish(&tree);
    let mut keeper = keeper(&names, &tree);
    refresh(&mut keeper, Thirst::News).await;
    names.asked();

    assert_eq!(refresh(&mut keeper, Thirst::News).await, []);
    assert_eq!(names.asked(), 1);
    assert_eq!(refresh(&mut keeper, Thirst::All).await.len(), 20);
}

#[tokio::test]
async fn a_newer_tree_is_taken_and_an_older_one_is_not() {
    let names = Arc::new(Names::default());
    let (old, new, other) =
        (tree(1, &nodes(0..1), &[]), tree(2, &nodes(1..3), &[]), tree(2, &nodes(3..4), &[]));
    names.publish(&old);
    let mut keeper = keeper(&names, &old);
    refresh(&mut keeper, Thirst::News).await;

    names.publish(&new);
    assert_eq!(refresh(&mut keeper, Thirst::News).await, self::names(&nodes(1..3)));
    for older in [&old, &other] {
        names.publish(older);
        assert_eq!(refresh(&mut keeper, Thirst::All).await, []);
    }
}

#[tokio::test]
async fn texts_that_are_not_what_their_name_says_are_passed_over_and_asked_for_again() {
    let (names, tree) = (Arc::new(Names::default()), tree(1, &nodes(0..20), &[]));
    names.publish(&tree);
    let victim = tree.texts().find(|(_, text)| text.starts_with("enr:")).unwrap();
    names.texts.lock().unwrap().insert(victim.0.to_owned(), node(99).to_string());
    let mut keeper = keeper(&names, &tree);

    assert_eq!(refresh(&mut keeper, Thirst::News).await.len(), 19);
    names.publish(&tree);
    assert_eq!(refresh(&mut keeper, Thirst::News).await.len(), 20);
}

#[tokio::test]
async fn a_tree_that_somebody_else_signed_is_not_walked() {
    let names = Arc::new(Names::default());
    let forged = SignedTree::sign(&key(101), "example.org", 9, &nodes(0..3), &[]).unwrap();
    names.publish(&forged);

    let found = refresh(&mut keeper(&names, &tree(1, &[], &[])), Thirst::News).await;

    assert_eq!((found, names.asked()), (Vec::new(), 1));
}

#[tokio::test]
async fn trees_that_name_each_other_are_walked_once() {
    let names = Arc::new(Names::default());
    let friend = SignedTree::sign(&key(101), "example.net", 1, &nodes(5..6), &[]).unwrap();
    let tree = tree(1, &nodes(0..1), std::slice::from_ref(friend.url()));
    let friend =
        SignedTree::sign(&key(101), "example.net", 1, &nodes(5..6), std::slice::from_ref(tree.url()))
            .unwrap();
    names.publish(&tree);
    names.publish(&friend);

    let found = refresh(&mut keeper(&names, &tree), Thirst::News).await;

    assert_eq!(found, self::names(&[node(0), node(5)]));
}

#[tokio::test]
async fn a_tree_without_end_is_left_after_so_many_texts() {
    let names = Arc::new(Names::default());
    let key = k256::ecdsa::SigningKey::from_slice(key(100).secret().expose()).unwrap();
    let leaves: Vec<_> = (0..3 * MAX_TEXTS).map(|number| Label::of(&number.to_string())).collect();
    let branches: Vec<_> = leaves.chunks(100).map(Entry::branch).collect();
    let top = Entry::branch(&branches.iter().map(|text| Label::of(text)).collect::<Vec<_>>());
    let root = Root { nodes: Label::of(&top), links: Label::of(&top), seq: 1 };
    {
        let mut texts = names.texts.lock().unwrap();
        texts.insert("example.org".to_owned(), root.seal(&key));
        for text in branches.iter().chain([&top]) {
            texts.insert(format!("{}.example.org", Label::of(text).as_str()), text.clone());
        }
    }

    let found = refresh(&mut keeper(&names, &tree(1, &[], &[])), Thirst::News).await;

    assert_eq!(found, []);
    assert!(names.asked() <= MAX_TEXTS + 2);
}

/// The tree that go-ethereum signed for its own tests, and that EIP-1459 shows.
const ZONE: [(&str, &str); 6] = [
    (
        "n",
        "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 \
         sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__XJesCHxLISo94z5Z2a463gA",
    ),
    (
        "C7HRFPF3BLGF3YR4DY5KX3SMBE.n",
        "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org",
    ),
    (
        "JWXYDBPXYWG6FX3GMDIBFA6CJ4.n",
        "enrtree-branch:2XS2367YHAXJFGLZHVAWLQD4ZY,H4FHT4B454P6UXFD7JCYQ5PWDY,MHTDO6TMUBRIA2XWG5LUDACK24",
    ),
    (
        "2XS2367YHAXJFGLZHVAWLQD4ZY.n",
        "enr:-HW4QOFzoVLaFJnNhbgMoDXPnOvcdVuj7pDpqRvh6BRDO68aVi5ZcjB3vzQRZH2IcLBGHzo8uUN3snqmgTiE56CH3AMBgmlkgnY0iXNlY3AyNTZrMaECC2_2\
         4YYkYHEgdzxlSNKQEnHhuNAbNlMlWJxrJxbAFvA",
    ),
    (
        "H4FHT4B454P6UXFD7JCYQ5PWDY.n",
        "enr:-HW4QAggRauloj2SDLtIHN1XBkvhFZ1vtf1raYQp9TBW2RD5EEawDzbtSmlXUfnaHcvwOizhVYLtr7e6vw7NAf6mTuoCgmlkgnY0iXNlY3AyNTZrMaECjrXI\
         8TLNXU0f8cthpAMxEshUyQlK-AM0PW2wfrnacNI",
    ),
    (
        "MHTDO6TMUBRIA2XWG5LUDACK24.n",
        "enr:-HW4QLAYqmrwllBEnzWWs7I5Ev2IAs7x_dZlbYdRdMUx5EyKHDXp7AV5CkuPGUPdvbv1_Ms1CPfhcGCvSElSosZmyoqAgmlkgnY0iXNlY3AyNTZrMaECriaw\
         HKWdDRk2xeZkrOXBQ0dfMFLHY4eENZwdufn1S1o",
    ),
];

#[tokio::test]
async fn a_tree_that_go_ethereum_made_is_walked_whole() {
    let names = Names::default();
    names.texts.lock().unwrap().extend(ZONE.map(|(name, text)| (name.to_owned(), text.to_owned())));
    let url = "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@n".parse().unwrap();
    let root = root(&names, &url, None).await.unwrap();
    let mut found = Vec::new();

    let walked = walk(&names, &url, root, &mut |node| found.push(node.to_string())).await;

    found.sort();
    assert_eq!(
        found,
        ZONE[3..]
            .iter()
            .map(|(_, text)| *text)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(walked.links.iter().map(TreeUrl::domain).collect::<Vec<_>>(), ["morenodes.example.org"]);
    assert!(walked.whole);
}

#[test]
fn texts_that_were_changed_are_read_or_refused_and_a_root_never_believed() {
    let url: TreeUrl = "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@n".parse().unwrap();
    let mut rng = rng(4);
    for round in 0..3000 {
        let (_, text) = ZONE[round % ZONE.len()];
        let mut bytes = text.as_bytes().to_vec();
        let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
        match rng.below(3) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, b' ' + u8::try_from(rng.below(90)).unwrap()),
            _ => bytes[at] = b' ' + u8::try_from(rng.below(90)).unwrap(),
        }
        let changed = String::from_utf8(bytes).unwrap();

        let root = Root::open(&changed, &url);
        let _ = Entry::parse(&changed);

        // The last of its bytes says only which key would fit.
        assert!(root.is_none() || changed == text || at + 3 > text.len(), "{changed}");
    }
}
