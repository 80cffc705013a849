//! Metrics and health over HTTP, for those who look after a node.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::metrics::Metrics;
use crate::state::State;

/// Connections at the same time; others wait.
const CONNECTIONS: usize = 16;
/// The line and the headers of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How long a request takes to be written and answered.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a connection could not be taken (there are too many files open), so long is waited.
const PAUSE: Duration = Duration::from_millis(100);

/// What is told.
pub(crate) struct Told {
    pub(crate) metrics: Metrics,
    pub(crate) state: Arc<State>,
}

/// Answers requests for ever, one for each connection.
pub(crate) async fn serve(listener: TcpListener, told: Arc<Told>) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Never closed.
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let told = Arc::clone(&told);
        tokio::spawn(async move {
            // Whoever is too slow is not answered.
            let _ = timeout(PATIENCE, answer(stream, &told)).await;
            drop(seat);
        });
    }
}

/// Listens.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

async fn answer(stream: TcpStream, told: &Arc<Told>) {
    let service = service_fn(|request| {
        let told = Arc::clone(told);
        async move { Ok::<_, Infallible>(respond(&request, &told)) }
    });
    let done = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = done {
        tracing::debug!(%error, "a request was not answered");
    }
}

fn respond(request: &Request<Incoming>, told: &Told) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n".to_owned());
        refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match request.uri().path() {
        "/metrics" => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            typed(StatusCode::OK, kind, told.metrics.text())
        }
        "/health" if told.state.alive() => text(StatusCode::OK, "alive\n".to_owned()),
        "/health" => text(StatusCode::SERVICE_UNAVAILABLE, "silent\n".to_owned()),
        "/ready" => {
            let ready = told.state.ready();
            let code = if ready.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            typed(code, "application/json", ready.to_json())
        }
        _ => text(StatusCode::NOT_FOUND, "there are /metrics, /health and /ready\n".to_owned()),
    }
}

fn text(code: StatusCode, body: String) -> Response<Full<Bytes>> {
    typed(code, "text/plain; charset=utf-8", body)
}

fn typed(code: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}
