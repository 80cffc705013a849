//! Recovery phrases and the keys derived from them (`accounts-v1`).

use status_crypto::account::{Account, CHAT_PATH, Mnemonic, WALLET_PATH, deployed_path};

use super::Choice;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    match kind {
        "mnemonic" => Some(Choice::Run(mnemonic)),
        "seed" => Some(Choice::Run(seed)),
        "validate" => Some(Choice::Run(validate)),
        _ => None,
    }
}

fn mnemonic(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let phrase = Mnemonic::unchecked(case.text("mnemonic")?);
    let passphrase = case.text("passphrase")?;
    trial.member(case, "seed", phrase.seed(passphrase).expose())?;
    trial.same("valid", Mnemonic::parse(phrase.expose()).is_ok(), case.flag("valid")?);
    if case.find("entropy").is_some() {
        match Mnemonic::from_entropy(&case.bytes("entropy")?) {
            Ok(made) => trial.same("phrase of `entropy`", made.expose(), phrase.expose()),
            Err(error) => trial.holds(&format!("`entropy` is refused: {error}"), false),
        }
    }

    let account = Account::new(&phrase, passphrase).map_err(underivable)?;
    trial.member(case, "key_uid", account.key_uid())?;
    trial.member(case, "master_address", account.address())?;
    trial.member(case, "master_public_uncompressed", account.public().uncompressed())?;
    keys(&account, case, trial)?;
    for derived in case.list("derived")? {
        let key = account.key(deployed_path(derived.text("path")?)).map_err(underivable)?.public();
        trial.member(&derived, "public_uncompressed", key.uncompressed())?;
        trial.member(&derived, "address", key.address())?;
    }
    if case.find("alias").is_some() {
        super::identity::words(case.text("alias")?, trial);
    }
    Ok(())
}

fn seed(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let account = Account::from_seed(&case.bytes("seed")?).map_err(underivable)?;
    keys(&account, case, trial)
}

/// The keys that cases of both kinds show.
fn keys(account: &Account, case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let master = account.key("m").map_err(underivable)?;
    trial.member(case, "master_key", master.to_bytes().as_slice())?;
    trial.member(case, "master_chain_code", chain_code(account)?)?;
    trial.same("master_extended", extended(account, "m")?.as_str(), case.text("master_extended")?);
    for (name, path) in [("chat", CHAT_PATH), ("wallet", WALLET_PATH)] {
        let shown = case.get(name)?;
        let key = account.key(path).map_err(underivable)?;
        trial.same(&shown.place("path"), path, shown.text("path")?);
        trial.bytes(&shown.place("key"), key.to_bytes().as_slice(), shown.key("key")?.to_bytes().as_slice());
        trial.member(&shown, "address", key.public().address())?;
        trial.same(&shown.place("extended"), extended(account, path)?.as_str(), shown.text("extended")?);
    }
    Ok(())
}

fn validate(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let judged = Mnemonic::parse(case.text("mnemonic")?);
    trial.same("valid", judged.is_ok(), case.flag("valid")?);
    Ok(())
}

fn extended(account: &Account, path: &str) -> Result<String, Stop> {
    account.extended_key(path).map(|text| text.to_string()).map_err(underivable)
}

/// The chain code of the master key. Spec: BIP 32, "Serialization format": bytes 13 to 44.
fn chain_code(account: &Account) -> Result<Vec<u8>, Stop> {
    let extended = bs58::decode(extended(account, "m")?).into_vec().unwrap_or_default();
    Ok(extended.get(13..45).unwrap_or_default().to_vec())
}

fn underivable(error: impl std::fmt::Display) -> Stop {
    Stop::Differs(format!("cannot be derived here: {error}"))
}
