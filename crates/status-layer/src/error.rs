//! What may go wrong at a seam.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

/// How a layer fails: either the input is refused, or our own side is broken.
#[derive(Debug)]
pub enum LayerError {
    /// The input is at fault. What the layer wrote during this call is dropped; the step goes on.
    Reject(Reason),
    /// Our own side is at fault (storage, a broken invariant). Nothing of the step is kept.
    Fault(Reason),
}

/// A layer's own error with its type erased; [`Reason::is`] and [`Reason::get`] bring it back.
pub struct Reason(Box<dyn Error + Send + Sync + 'static>);

impl Reason {
    /// Erases the type of `error`.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }

    /// The error, if it is of type `E`.
    #[must_use]
    pub fn get<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// Whether the error is of type `E`.
    #[must_use]
    pub fn is<E: Error + 'static>(&self) -> bool {
        self.0.is::<E>()
    }
}

impl LayerError {
    /// Refuses the input because of `error`.
    pub fn reject(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Reject(Reason::new(error))
    }

    /// Gives up the step because of `error`.
    pub fn fault(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Fault(Reason::new(error))
    }

    /// The reason, whoever is at fault.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        match self {
            Self::Reject(reason) | Self::Fault(reason) => reason,
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reject(reason) => write!(f, "refused: {reason}"),
            Self::Fault(reason) => write!(f, "failed: {reason}"),
        }
    }
}

impl Error for Reason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl Error for LayerError {}
