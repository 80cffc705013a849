//! A new device joins: nothing is written before everything is known.

use std::str::FromStr;
use std::time::Duration;

use status_layer::{DeviceId, Unit};

use super::PairingError;
use super::code::Code;
use super::flight::{Account, Newcomer, Why};
use super::newcomer::Joiner;
use super::party::{Party, randomness};
use crate::builder::{ClientBuilder, Ground, Line, launch, new_device, new_host_key};
use crate::client::Client;
use crate::clock::Clock;
use crate::core::AREA;
use crate::devices::DeviceName;
use crate::driver::Driver;
use crate::guest::Place;
use crate::home::is_home;
use crate::table::devices::{self as rows, Expected};
use crate::table::{self, Owner};

/// How often we say again what was not answered.
const REPEATS: Duration = Duration::from_secs(2);
/// How long we wait for an answer, and again for each step after it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long we wait after somebody has said no; anybody can say so, the old device itself may be about to say yes.
const AFTER_REFUSAL: Duration = Duration::from_secs(2);
/// How long we wait for both devices to have heard of each other, before the client is handed over.
const SETTLES: Duration = Duration::from_secs(20);
const LOOKS: Duration = Duration::from_millis(100);

/// Joins an account as a new device, by the code or the QR text of an invitation
/// ([`Devices::invite`](crate::Devices::invite)). The home of `builder` is empty, or has none; it is used once the account is here.
///
/// When it returns the client, this device has the account durably, and so it is with every kill from then on. Each device
/// takes the other in when it has heard of it, at this start or the next; this waits up to 20 seconds for that, so that
/// copies and messages flow at once.
///
/// # Errors
/// [`PairingError`]; then the home is as it was.
pub async fn join(builder: ClientBuilder, code: &str) -> Result<Client, PairingError> {
    let code = Code::from_str(code)?;
    let client = launch(move || start(builder, code)).await?;
    settle(&client).await?;
    Ok(client)
}

async fn start(mut builder: ClientBuilder, code: Code) -> Result<(Client, Driver), PairingError> {
    let opened = look_at_home(&mut builder)?;
    let mut rng = randomness()?;
    let device = DeviceId::new(new_device(&mut rng)).map_err(|_| PairingError::Randomness)?;
    let host_key = new_host_key(&mut rng).map_err(PairingError::failed)?;
    let name = builder.named();
    let mut line = builder.reach(&host_key, || Ok(Vec::new())).await?;
    let newcomer = Newcomer { device: device.clone(), name: name.clone() };
    let account = exchange(&mut builder, &mut line, &code, newcomer).await?;

    let mut ground = opened.map_or_else(|| builder.ground(None), Ok)?;
    let owner = Owner {
        chat_key: account.chat_key.clone(),
        host_key,
        device: device.as_str().to_owned(),
        phrase: account.phrase.clone(),
    };
    keep(&mut ground, &owner, &name, &account)?;
    Ok(builder.assemble(ground, owner, line)?)
}

/// Makes sure that nobody is at home. What has a file already is opened, so that it fails before anything else does.
fn look_at_home(builder: &mut ClientBuilder) -> Result<Option<Ground>, PairingError> {
    let (names_somebody, has_store) = builder.brings();
    if names_somebody {
        return Err(PairingError::Occupied);
    }
    if !has_store && !builder.folder()?.is_some_and(|folder| is_home(&folder)) {
        return Ok(None);
    }
    let mut ground = builder.ground(None)?;
    let mut unit = Unit::new(ground.clock.now(), &mut ground.rng, &*ground.store);
    let owner = table::load_owner(&unit.cx(AREA).shelf).map_err(crate::OpenError::from)?;
    drop(unit);
    if owner.is_some() { Err(PairingError::Occupied) } else { Ok(Some(ground)) }
}

/// Talks with the old device until the account is here.
async fn exchange(
    builder: &mut ClientBuilder,
    line: &mut Line,
    code: &Code,
    newcomer: Newcomer,
) -> Result<Account, PairingError> {
    let (make, clock) = (builder.layers(), builder.shared_clock());
    let door = line.door.clone();
    let talk = async {
        let guest = door.enter(Place::Pairing).await.ok_or(PairingError::Closed)?;
        let mut party = Party::new(guest, &make, clock, &[code.channel()?]).await?;
        let joiner = Joiner::new(party.user(), code, newcomer, &mut party.rng)?;
        ask(&mut party, joiner).await
    };
    tokio::select! {
        account = talk => account,
        () = line.shared.serve_guest() => Err(PairingError::Closed),
    }
}

async fn ask(party: &mut Party, mut joiner: Joiner) -> Result<Account, PairingError> {
    let channel = joiner.channel().clone();
    let mut until = tokio::time::Instant::now() + PATIENCE;
    loop {
        party.say(&channel, joiner.says()).await?;
        let again = tokio::time::Instant::now() + REPEATS;
        loop {
            let heard = tokio::select! {
                heard = party.hear() => heard?,
                () = tokio::time::sleep_until(again.min(until)) => break,
            };
            let (answered, refused) = (joiner.was_answered(), joiner.refused().is_some());
            if heard.channel != channel {
                continue;
            }
            if let Some(account) = joiner.hear(heard.from, heard.flight, &mut party.rng)? {
                return Ok(account);
            }
            if joiner.was_answered() && !answered {
                until = tokio::time::Instant::now() + PATIENCE;
                break;
            }
            if joiner.refused().is_some() && !refused {
                until = until.min(tokio::time::Instant::now() + AFTER_REFUSAL);
            }
        }
        if tokio::time::Instant::now() >= until {
            return Err(match joiner.refused() {
                Some(Why::WrongCode) => PairingError::WrongCode,
                Some(Why::Taken) => PairingError::Taken,
                Some(Why::Expired) => PairingError::Expired,
                None => PairingError::NoAnswer,
            });
        }
    }
}

/// The decision: one commit, after which this device has the account and knows whom it shares it with.
fn keep(
    ground: &mut Ground,
    owner: &Owner,
    name: &DeviceName,
    account: &Account,
) -> Result<(), PairingError> {
    let now = ground.clock.now();
    let mut unit = Unit::new(now, &mut ground.rng, &*ground.store);
    let mut shelf = unit.cx(AREA).shelf;
    table::save_owner(&mut shelf, owner);
    let ours = DeviceId::new(owner.device.as_str()).map_err(PairingError::failed)?;
    rows::save_name(&mut shelf, &ours, name, 0);
    for (id, name) in account.devices.iter().filter(|(id, _)| *id != ours) {
        rows::save_name(&mut shelf, id, name, 0);
        rows::expect(&mut shelf, id, Expected::Vouched, now).map_err(crate::OpenError::from)?;
    }
    let batch = unit.into_batch();
    Ok(ground.store.commit(batch).map_err(crate::OpenError::from)?)
}

/// Waits a while for the device that invited us: it has been taken in here, and has told us its name, which it does once we are
/// taken in there.
async fn settle(client: &Client) -> Result<(), PairingError> {
    let until = tokio::time::Instant::now() + SETTLES;
    while tokio::time::Instant::now() < until {
        let settled = client.look(|shelf| {
            for device in rows::all(shelf)?.into_iter().filter(|device| device.joined) {
                if rows::name(shelf, &device.id)?.is_some_and(|(clock, _)| clock > 0) {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        if settled.await? {
            break;
        }
        tokio::time::sleep(LOOKS).await;
    }
    Ok(())
}
