//! What stands around handlers.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use status_layer::UserId;
use tracing::{info, warn};

use super::{Context, Handler, Layer};
use crate::error::Error;

/// What comes after a layer: the next one, and in the end the handler.
pub struct Next(Handler);

impl Next {
    /// Has it deal with the message.
    ///
    /// # Errors
    /// Whatever the handler returns.
    pub async fn run(self, ctx: Context) -> Result<(), Error> {
        (self.0)(ctx).await
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Next(..)")
    }
}

/// For [`Bot::layer`](super::Bot::layer): writes to the log which command was asked for and whether it was answered; not who asked,
/// and not what was said.
pub fn log() -> impl Fn(Context, Next) -> BoxFuture<'static, Result<(), Error>> + Send + Sync + 'static {
    |ctx, next| {
        Box::pin(async move {
            let command = ctx.command().unwrap_or("a message").to_owned();
            let done = next.run(ctx).await;
            match &done {
                Ok(()) => info!(%command, "answered"),
                Err(why) => warn!(%command, %why, "not answered"),
            }
            done
        })
    }
}

/// For [`Bot::layer`](super::Bot::layer): answers nobody but these people.
pub fn allow(
    people: impl IntoIterator<Item = UserId>,
) -> impl Fn(Context, Next) -> BoxFuture<'static, Result<(), Error>> + Send + Sync + 'static {
    let people: Arc<BTreeSet<UserId>> = Arc::new(people.into_iter().collect());
    move |ctx, next| {
        let people = Arc::clone(&people);
        Box::pin(async move { if people.contains(&ctx.from()) { next.run(ctx).await } else { Ok(()) } })
    }
}

/// A handler with all layers around it, the first one outermost.
pub(super) fn wrap(handler: Handler, layers: &[Layer]) -> Handler {
    layers.iter().rev().fold(handler, |inner, layer| {
        let layer = Arc::clone(layer);
        Arc::new(move |ctx| layer(ctx, Next(Arc::clone(&inner))))
    })
}
