//! P2P: any text of a tree in the domain name system is a root that its owner signed, a branch, a node or a link, or refused.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_fuzz::{Plan, changed, plan};
use status_p2p::hazmat::{TreeText, read_tree_root, read_tree_text, sign_tree_root};
use status_p2p::{Fleet, HostKey, SignedTree, TreeUrl};

struct World {
    key: HostKey,
    tree: SignedTree,
    roots: Vec<String>,
    texts: Vec<String>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = HostKey::from_bytes(&[0x11; 32]).expect("a key");
    let links: Vec<TreeUrl> = Fleet::ALL.iter().filter_map(|fleet| fleet.tree()).collect();
    let tree = SignedTree::sign(&key, "example.org", 7, &Fleet::StatusProd.boot(), &links).expect("a tree");
    let texts: Vec<String> = tree.texts().map(|(_, text)| text.to_owned()).collect();
    let roots = texts.iter().filter(|text| text.starts_with("enrtree-root")).cloned().collect();
    World { key, tree, roots, texts }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    match plan(input) {
        Some(Plan::Raw(bytes)) => read(world, &String::from_utf8_lossy(bytes), false),
        // Signed by the owner, whatever it says.
        Some(Plan::Inside(bytes)) => {
            let text = String::from_utf8_lossy(bytes);
            let root = sign_tree_root(&format!("enrtree-root:v1{text}"), &world.key).expect("a key");
            read(world, &root, true);
        }
        Some(Plan::Changed { which, how }) => {
            let text = changed(world.texts[which % world.texts.len()].as_bytes(), how);
            read(world, &String::from_utf8_lossy(&text), false);
        }
        None => {}
    }
});

fn read(world: &World, text: &str, signed: bool) {
    if let Some((nodes, links, seq)) = read_tree_root(text, world.tree.url()) {
        // Its last byte may be any: it names the key, which is known.
        let genuine = || world.roots.iter().any(|root| root[..root.len() - 2] == text[..text.len() - 2]);
        assert!(signed || genuine(), "nobody else can sign");
        assert!(label(&nodes) && label(&links));
        assert!(text.contains(&format!("seq={seq} ")) || text.contains(&format!("{seq} sig=")));
    }
    match read_tree_text(text) {
        Some(TreeText::Branch(children)) => {
            assert!(children.len() <= 4096 / 27 && children.iter().all(|child| label(child)));
        }
        Some(TreeText::Node(node)) => assert_eq!(node.to_string().parse(), Ok(node)),
        Some(TreeText::Link(link)) => assert_eq!(link.to_string().parse(), Ok(link)),
        None => {}
    }
}

/// Base32 of 12 to 32 bytes.
fn label(name: &str) -> bool {
    (20..=52).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}
