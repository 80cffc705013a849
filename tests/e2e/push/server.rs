//! A real notification server in the town, whose gateway keeps what it would hand to push services.

use std::future::pending;
use std::sync::Arc;

use status_chat::UserId;
use status_chat::{Clock as _, Timestamp};
use status_e2e::town::{Disk, Sky, TownClock};
use status_e2e::{key, user};
use status_layer::testing::rng;
use status_push::{Config, Parts, Push, PushServer, Recording, Tally, Watcher};
use tokio::task::JoinHandle;

/// A server that can be switched off and on again; its disk outlives it.
pub(super) struct Server {
    sky: Sky,
    line: usize,
    seat: u8,
    disk: Disk,
    gateway: Recording,
    /// How much of what the gateway was given was looked at.
    seen: usize,
    on: Option<(JoinHandle<()>, Watcher)>,
}

struct Clock(TownClock);

impl status_push::Clock for Clock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl Server {
    pub(super) fn new(sky: &Sky, seat: u8) -> Self {
        let (line, disk, gateway) = (sky.new_line(), Disk::default(), Recording::new());
        let mut server = Self { sky: sky.clone(), line, seat, disk, gateway, seen: 0, on: None };
        server.wake();
        server
    }

    pub(super) fn user(&self) -> UserId {
        user(self.seat)
    }

    pub(super) fn wake(&mut self) {
        let parts = Parts {
            keyring: key(self.seat),
            store: Box::new(self.disk.clone()),
            network: Box::new(self.sky.port(self.line)),
            gateway: Arc::new(self.gateway.clone()),
            clock: Box::new(Clock(self.sky.clock())),
            rng: Box::new(rng(u64::from(self.seat))),
            config: Config::default(),
        };
        let mut server = PushServer::start(parts).unwrap();
        let watcher = server.watcher();
        let life = async move {
            server.run(pending()).await;
        };
        self.on = Some((tokio::spawn(life), watcher));
    }

    /// Dies where it stands.
    pub(super) fn sleep(&mut self) {
        if let Some((life, _)) = self.on.take() {
            life.abort();
        }
    }

    /// What went to push services since it was asked last.
    pub(super) fn sent(&mut self) -> Vec<Push> {
        let all = self.gateway.pushes();
        let new = all.get(self.seen..).unwrap_or_default().to_vec();
        self.seen = all.len();
        new
    }

    /// What it has done since it woke.
    pub(super) fn tally(&self) -> Tally {
        self.on.as_ref().map(|(_, watcher)| watcher.tally()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.sleep();
    }
}
