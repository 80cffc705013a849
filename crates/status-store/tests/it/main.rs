//! What stores promise, tried from outside.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod locked;
#[cfg(test)]
mod migrated;
#[cfg(test)]
mod put_back;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod refused_sealed;
#[cfg(test)]
mod upgraded;

/// A key that is not random.
#[cfg(test)]
fn key(number: u8) -> status_store::Lock {
    status_store::Key::parse(&format!("{number:02x}").repeat(32)).unwrap().into()
}

/// A passphrase that is quick to try.
#[cfg(test)]
fn passphrase(words: &str) -> status_store::Lock {
    status_store::Passphrase::new(words).unwrap().costing(status_store::Cost::LEAST).into()
}
