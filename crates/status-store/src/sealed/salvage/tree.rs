//! How redb lays out its pages, as far as rows can be found by it. Everything here may be damaged.
//!
//! Facts of redb 4, file format 3: page 0 has at 16 and 20 the pages of a region's header and its most data pages, at 9 the
//! flags (bit 0: which slot counts), at 64 and 192 the two slots, in each at 1 whether there is a root and at 8 the root. A
//! root is a page number (8), a checksum (16) and a length (8). A page number has the index in its lowest 20 bits, then the
//! region in 20, and the order in the highest 5. Page type 1 is a leaf, 2 a branch; the number of entries stands at 2.

const LEAF: u8 = 1;
const BRANCH: u8 = 2;

/// Where the first page tells that trees begin.
pub(super) struct Roots {
    header_pages: u64,
    region_pages: u64,
    /// That of the slot that counts first.
    pub(super) found: Vec<Place>,
}

/// Where a node is, as other nodes name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place(u64);

/// One node of a tree.
pub(super) enum Node<'a> {
    Leaf(Vec<(&'a [u8], &'a [u8])>),
    Branch(Vec<Place>),
}

impl Roots {
    /// Reads the first page.
    pub(super) fn read(page: &[u8]) -> Option<Self> {
        let flags = *page.get(9)?;
        let slots = if flags & 1 == 0 { [64, 192] } else { [192, 64] };
        let root = |slot: usize| {
            (*page.get(slot.saturating_add(1))? == 1)
                .then(|| Some(Place(u64_at(page, slot.saturating_add(8))?)))
        };
        Some(Self {
            header_pages: u32_at(page, 16)?.into(),
            region_pages: u32_at(page, 20).filter(|pages| *pages > 0)?.into(),
            found: slots.into_iter().filter_map(|slot| root(slot).flatten()).collect(),
        })
    }

    /// The page at which a node begins.
    pub(super) fn page(&self, place: Place) -> Option<u64> {
        let region = (place.0 >> 20) & 0xf_ffff;
        let index = place.0 & (0xf_ffff >> place.order());
        let before = region.checked_mul(self.header_pages.checked_add(self.region_pages)?)?;
        before.checked_add(1)?.checked_add(self.header_pages)?.checked_add(index.checked_mul(place.pages())?)
    }
}

impl Place {
    const fn order(self) -> u64 {
        self.0 >> 59
    }

    /// How many pages the node takes.
    pub(super) const fn pages(self) -> u64 {
        1 << self.order()
    }
}

impl<'a> Node<'a> {
    /// Reads a node; `None` if it is none, or does not hold together.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        match *bytes.first()? {
            LEAF => leaf(bytes).map(Self::Leaf),
            BRANCH => branch(bytes).map(Self::Branch),
            _ => None,
        }
    }

    /// How long the leaf is that begins with this page, if one does.
    pub(super) fn leaf_len(page: &[u8]) -> Option<usize> {
        let count = entries(page)?;
        if *page.first()? != LEAF {
            return None;
        }
        let first = 4_usize.checked_add(count.checked_mul(8)?)?;
        let last = u32_at(page, first.checked_sub(4)?)?;
        usize::try_from(last).ok().filter(|last| *last >= first)
    }
}

/// Keys and values of a leaf, both of any length: the ends of all keys, of all values, then keys, then values.
fn leaf(bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let count = entries(bytes)?;
    let mut key_from = 4_usize.checked_add(count.checked_mul(8)?)?;
    let end = |n: usize| {
        u32_at(bytes, 4_usize.checked_add(n.checked_mul(4)?)?).and_then(|end| usize::try_from(end).ok())
    };
    let mut value_from = end(count.checked_sub(1)?)?;
    let mut pairs: Vec<(&[u8], &[u8])> = Vec::new();
    for n in 0..count {
        let (key_to, value_to) = (end(n)?, end(count.checked_add(n)?)?);
        let key = bytes.get(key_from..key_to)?;
        // Keys ascend; what does not was never a leaf.
        if pairs.last().is_some_and(|(before, _)| *before >= key) {
            return None;
        }
        pairs.push((key, bytes.get(value_from..value_to)?));
        (key_from, value_from) = (key_to, value_to);
    }
    Some(pairs)
}

/// Children of a branch: their checksums, then their places.
fn branch(bytes: &[u8]) -> Option<Vec<Place>> {
    let children = entries(bytes)?.checked_add(1)?;
    let places = 8_usize.checked_add(children.checked_mul(16)?)?;
    (0..children).map(|n| u64_at(bytes, places.checked_add(n.checked_mul(8)?)?).map(Place)).collect()
}

/// The root of a table, in the entry that describes it: kind (1), length (8), whether there is one (1), root.
pub(super) fn table_root(entry: &[u8]) -> Option<Place> {
    (*entry.get(9)? == 1).then(|| u64_at(entry, 10).map(Place)).flatten()
}

/// How many entries a node has; never none.
fn entries(bytes: &[u8]) -> Option<usize> {
    let count = u16::from_le_bytes(*bytes.get(2..)?.first_chunk()?);
    (count > 0).then_some(count.into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
