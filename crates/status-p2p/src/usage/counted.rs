//! Connections and streams that count.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::StreamMuxer;
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerEvent, SubstreamBox};

use super::sniff::{Sniff, Sniffed};
use super::{OTHER, Seen, Usage, Usages};

/// A connection whose streams are counted.
pub(super) struct Muxer {
    inner: StreamMuxerBox,
    usages: Arc<Usages>,
}

impl Muxer {
    pub(super) const fn new(inner: StreamMuxerBox, usages: Arc<Usages>) -> Self {
        Self { inner, usages }
    }

    fn counted(&self, inner: SubstreamBox, opener: Opener) -> Counted {
        let count = Count::Unknown { sniff: Sniff::default(), seen: Seen::default() };
        Counted { inner, opener, count, usages: Arc::clone(&self.usages) }
    }
}

impl StreamMuxer for Muxer {
    type Substream = Counted;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Counted>> {
        let stream = ready!(Pin::new(&mut self.inner).poll_inbound(cx))?;
        Poll::Ready(Ok(self.counted(stream, Opener::They)))
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Counted>> {
        let stream = ready!(Pin::new(&mut self.inner).poll_outbound(cx))?;
        Poll::Ready(Ok(self.counted(stream, Opener::We)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

/// Who opened a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Opener {
    We,
    They,
}

/// A stream that counts for its protocol, as soon as it is known.
pub(super) struct Counted {
    inner: SubstreamBox,
    opener: Opener,
    count: Count,
    usages: Arc<Usages>,
}

enum Count {
    Unknown { sniff: Sniff, seen: Seen },
    Known(Arc<Usage>),
}

impl Counted {
    /// Counts bytes; those of the side that did not open the stream name its protocol.
    fn note(&mut self, bytes: &[u8], more: &Seen, from: Opener) {
        let (sniff, seen) = match &mut self.count {
            Count::Known(usage) => return usage.add(more),
            Count::Unknown { sniff, seen } => (sniff, seen),
        };
        seen.wakes = seen.wakes.saturating_add(more.wakes);
        seen.bytes_in = seen.bytes_in.saturating_add(more.bytes_in);
        seen.bytes_out = seen.bytes_out.saturating_add(more.bytes_out);
        if from == self.opener {
            return;
        }
        let protocol = match sniff.take(bytes) {
            Sniffed::Nothing => return,
            Sniffed::Protocol(protocol) => protocol,
            Sniffed::Unknown => OTHER.to_owned(),
        };
        self.settle(&protocol);
    }

    fn settle(&mut self, protocol: &str) {
        if let Count::Unknown { seen, .. } = &self.count {
            let usage = self.usages.of(protocol);
            usage.streams.fetch_add(1, Ordering::Relaxed);
            usage.add(seen);
            self.count = Count::Known(usage);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.settle(OTHER);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        if len > 0 {
            let more = Seen { wakes: 1, bytes_in: len as u64, bytes_out: 0 };
            self.note(buffer.get(..len).unwrap_or_default(), &more, Opener::They);
        }
        Poll::Ready(Ok(len))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let len = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        let more = Seen { bytes_out: len as u64, ..Seen::default() };
        self.note(bytes.get(..len).unwrap_or_default(), &more, Opener::We);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}
