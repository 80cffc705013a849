//! The layers of a device.

use std::sync::Arc;

use status_crypto::Keyring;
use status_data_sync::{Mode, Mvds, Order};
use status_layer::{DeviceId, UserId};
use status_privacy::Waku;
use status_security::Sessions;
use status_stack::{Config, Engine, Stack};

use crate::app::App;
use crate::place;
use crate::plan::Manner;
use crate::tap::{Tap, Tapped};

/// Whose stack is to be made.
#[derive(Clone, Debug)]
pub struct Us {
    /// The key of the user.
    pub keyring: Arc<dyn Keyring>,
    /// The device.
    pub device: DeviceId,
    /// Its number in the run.
    pub number: u32,
    /// What is in all private messages of the run.
    pub mark: [u8; 16],
    /// Frames that wait before no more are sealed.
    pub outbox: usize,
    /// How the user syncs.
    pub manner: Manner,
    /// Looks into the seams.
    pub tap: Tap,
}

/// The layers that clients run, looked at.
pub type RealStack = Stack<Tapped<Mvds>, Sessions, Tapped<Waku<Arc<dyn Keyring>>>>;

/// Makes the stack of a device.
pub type Make = dyn Fn(&Us) -> Box<dyn Engine>;

/// The stack that clients run.
#[must_use]
pub fn real(us: &Us) -> Box<dyn Engine> {
    Box::new(us.app(us.real()))
}

impl Us {
    /// The user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.keyring.user()
    }

    /// Real data sync.
    #[must_use]
    pub fn sync(&self) -> Mvds {
        let (mode, order) = match self.manner {
            Manner::Deployed => (Mode::Batch, Order::Off),
            Manner::Offering => (Mode::Interactive, Order::Off),
            Manner::Eventual => (Mode::Batch, Order::Eventual),
            Manner::Consistent => (Mode::Batch, Order::Consistent),
        };
        Mvds::new(self.user(), status_data_sync::Config { mode, order, ..Default::default() })
    }

    /// Real security.
    #[must_use]
    pub fn security(&self) -> Sessions {
        Sessions::new(status_security::Config::default(), Arc::clone(&self.keyring), self.device.clone())
    }

    /// Real privacy.
    #[must_use]
    pub fn privacy(&self) -> Waku<Arc<dyn Keyring>> {
        Waku::new(Arc::clone(&self.keyring)).with_keys_from(place::key)
    }

    /// A stack of these layers, looked at.
    pub fn stack<Y, X, P>(&self, sync: Y, security: X, privacy: P) -> Stack<Tapped<Y>, X, Tapped<P>> {
        let config = Config { max_outbox: self.outbox, ..Config::default() };
        let (sync, privacy) = (Tapped::new(sync, self.tap.clone()), Tapped::new(privacy, self.tap.clone()));
        Stack::new(sync, security, privacy).with_config(config)
    }

    /// The stack that clients run.
    #[must_use]
    pub fn real(&self) -> RealStack {
        self.stack(self.sync(), self.security(), self.privacy())
    }

    /// The application on top of a stack.
    pub fn app<E: Engine>(&self, stack: E) -> App<E> {
        App::new(stack, self.user(), self.number, self.mark)
    }
}
