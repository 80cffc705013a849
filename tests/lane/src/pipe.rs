//! One connection as wires carry it: what is written at one end can be read at the other after a while, in order.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::internet::Internet;

/// Bytes that are under way in one direction before the writer has to wait.
const WINDOW: usize = 256 * 1024;
/// Bytes that travel together.
const SEGMENT: usize = 16 * 1024;
/// How often it is looked whether a broken wire is whole again.
const BROKEN: Duration = Duration::from_millis(500);

/// One end of a connection.
pub struct Pipe {
    inward: Arc<Way>,
    outward: Arc<Way>,
    wait: Option<Pin<Box<Sleep>>>,
}

/// One direction of it.
struct Way {
    internet: Internet,
    ends: (IpAddr, IpAddr),
    latency: Duration,
    /// Time that a byte takes on the wire, in nanoseconds.
    per_byte: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    segments: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    free_at: Option<Instant>,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    /// Both ends of a new connection: that of the dialler, and that of whom it dialled.
    pub fn pair(
        internet: &Internet,
        ends: (IpAddr, IpAddr),
        latency: Duration,
        per_byte: u32,
    ) -> (Self, Self) {
        let way = |ends| {
            Arc::new(Way { internet: internet.clone(), ends, latency, per_byte, state: Mutex::default() })
        };
        let (there, back) = (way(ends), way((ends.1, ends.0)));
        let dialler = Self { inward: Arc::clone(&back), outward: Arc::clone(&there), wait: None };
        (dialler, Self { inward: there, outward: back, wait: None })
    }
}

impl Way {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.wake();
    }
}

impl State {
    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(wait) = &mut self.wait {
                if wait.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.wait = None;
            }
            let way = Arc::clone(&self.inward);
            let mut state = way.lock();
            let (now, due) = (Instant::now(), state.segments.front().map(|(at, _)| *at));
            match due {
                None if state.closed => return Poll::Ready(Ok(0)),
                None => {
                    state.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Some(at) if at > now => self.wait = Some(Box::pin(sleep_until(at))),
                Some(_) if !way.internet.joins(way.ends) => {
                    self.wait = Some(Box::pin(sleep_until(now + BROKEN)));
                }
                Some(_) => {
                    let Some((_, segment)) = state.segments.front_mut() else { continue };
                    let len = segment.len().min(buffer.len());
                    buffer[..len].copy_from_slice(&segment[..len]);
                    segment.drain(..len);
                    if segment.is_empty() {
                        state.segments.pop_front();
                    }
                    state.bytes -= len;
                    if let Some(writer) = state.writer.take() {
                        writer.wake();
                    }
                    return Poll::Ready(Ok(len));
                }
            }
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.outward.lock();
        if state.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.bytes >= WINDOW {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let segment = &bytes[..bytes.len().min(SEGMENT)];
        let on_wire = Duration::from_nanos(u64::from(self.outward.per_byte) * segment.len() as u64);
        let now = Instant::now();
        let sent = state.free_at.map_or(now, |at| at.max(now)) + on_wire;
        state.free_at = Some(sent);
        state.segments.push_back((sent + self.outward.latency, segment.to_vec()));
        state.bytes += segment.len();
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
        self.outward.internet.carried(segment.len());
        Poll::Ready(Ok(segment.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outward.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.inward.close();
        self.outward.close();
    }
}
