//! The curve secp256k1 as its implementations give it: what this crate asks of one, and which one it uses.
//!
//! [`k256`](mod@k256) is pure Rust and what everybody gets. With the feature `libsecp256k1` it is the C library of that
//! name, which needs a C compiler. Both give the same bytes: the same tests and vectors run over each, and the tests
//! with the feature compare them.

use zeroize::Zeroizing;

#[cfg(any(test, not(feature = "libsecp256k1")))]
mod k256;
#[cfg(feature = "libsecp256k1")]
mod libsecp;

#[cfg(not(feature = "libsecp256k1"))]
pub(crate) use self::k256::K256 as Secp256k1;
#[cfg(feature = "libsecp256k1")]
pub(crate) use self::libsecp::LibSecp as Secp256k1;

/// A point of the implementation in use.
pub(crate) type Point = <Secp256k1 as Backend>::Point;

/// A private key of the implementation in use.
pub(crate) type Private = <Secp256k1 as Backend>::Private;

/// An implementation of the curve. Numbers are 32 bytes big-endian.
pub(crate) trait Backend {
    /// A point other than infinity.
    type Point: Copy + Send + Sync;
    /// A scalar in range with its public side, wiped when dropped.
    type Private: Clone + Send + Sync;

    /// Reads `02` or `03` and X (33 bytes), or `04`, X and Y (65 bytes). The caller has looked at length and first byte.
    fn point(sec1: &[u8]) -> Option<Self::Point>;

    /// `02` or `03`, and X.
    fn compressed(point: &Self::Point) -> [u8; 33];

    /// `04`, X and Y.
    fn uncompressed(point: &Self::Point) -> [u8; 65];

    /// Reads a scalar and finds its public side; `None` if it is out of range.
    fn private(scalar: &[u8; 32]) -> Option<Self::Private>;

    /// The scalar.
    fn scalar(private: &Self::Private) -> Zeroizing<[u8; 32]>;

    /// The public side.
    fn public(private: &Self::Private) -> Self::Point;

    /// The X coordinate of the common point.
    fn agree(private: &Self::Private, other: &Self::Point) -> Zeroizing<[u8; 32]>;

    /// Like [`agree`](Backend::agree) without finding a public side; `None` if the scalar is out of range.
    fn agree_once(scalar: &[u8; 32], other: &Self::Point) -> Option<Zeroizing<[u8; 32]>>;

    /// Signs a digest: `r`, the smaller `s`, and `v` from 0 to 3. The same bytes every time (RFC 6979).
    fn sign(private: &Self::Private, digest: &[u8; 32]) -> [u8; 65];

    /// The key that made a signature, whichever `s` it has; `None` if nobody can have made it. `v` is 0 to 3.
    fn recover(signature: &[u8; 65], digest: &[u8; 32]) -> Option<Self::Point>;
}

#[cfg(test)]
mod tests;
