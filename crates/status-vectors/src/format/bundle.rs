//! Key bundles (`bundle-v1`).

use status_crypto::{Signature, keccak256};
use status_security::BundleError;
use status_security::hazmat::Bundle;

use crate::Rule;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let bytes = case.bytes("bytes")?;
    let accept = case.flag("accept")?;
    let bundle = match Bundle::decode(&bytes) {
        Ok(bundle) => bundle,
        Err(BundleError::TooManyDevices { .. }) if accept => {
            trial.note(Rule::Bounded);
            return Ok(());
        }
        Err(error) => {
            trial.holds(&format!("`bytes` are refused here: {error}"), !accept);
            return Ok(());
        }
    };
    trial.holds("`bytes` are accepted here, not by the peer", accept);
    fields(&case.get("decoded")?, trial, &bundle)?;
    trial.member(case, "recovered_identity", bundle.identity().as_bytes())?;
    trial.same("our encoding read again", Bundle::decode(&bundle.clone().encode()).as_ref(), Ok(&bundle));
    if case.find("valid").is_some() {
        trial.same("valid", true, case.flag("valid")?);
    }
    if case.find("signature_material").is_some() {
        trial.member(case, "signature_material", bundle.preimage())?;
        trial.member(case, "signature_material_keccak256", keccak256(&[&bundle.preimage()]))?;
    }
    if case.find("identity_private").is_some() {
        made_again(case, trial, &bundle, &bytes)?;
    }
    Ok(())
}

/// Compares the fields of a bundle with those that are listed.
pub(super) fn fields(decoded: &Node<'_>, trial: &mut Trial, bundle: &Bundle) -> Result<(), Stop> {
    trial.member(decoded, "identity", bundle.identity().as_bytes())?;
    trial.same(&decoded.place("timestamp"), bundle.timestamp(), decoded.signed("timestamp")?);
    let digest = keccak256(&[&bundle.preimage()]);
    let signer = Signature::from_bytes(&decoded.bytes("signature")?).and_then(|read| read.recover(&digest));
    let genuine = signer.is_ok_and(|signer| signer.user() == bundle.identity());
    trial.holds(&format!("`{}` is not that of the bundle", decoded.place("signature")), genuine);
    let listed = decoded.list("signed_pre_keys")?;
    trial.same("number of prekeys", bundle.prekeys().len(), listed.len());
    for shown in listed {
        let device = shown.text("installation_id")?;
        let Some(prekey) = bundle.prekeys().get(device) else {
            trial.holds(
                &format!("there is no prekey of `{}` {device}", shown.place("installation_id")),
                false,
            );
            continue;
        };
        trial.member(&shown, "signed_pre_key", &prekey.key)?;
        trial.same(&shown.place("version"), prekey.version, shown.number32("version")?);
        trial.same(&shown.place("protocol_version"), prekey.protocol, shown.number32("protocol_version")?);
    }
    Ok(())
}

/// What the peer made with these keys, we make too.
fn made_again(case: &Node<'_>, trial: &mut Trial, bundle: &Bundle, bytes: &[u8]) -> Result<(), Stop> {
    let identity = case.private_key("identity_private")?;
    trial.bytes(
        "public key of `identity_private`",
        identity.public().compressed(),
        bundle.identity().as_bytes(),
    );
    let signature = identity.sign(&keccak256(&[&bundle.preimage()]));
    trial.member(&case.get("decoded")?, "signature", signature.as_bytes())?;
    written("bytes", trial, &bundle.clone().encode(), bytes, &bundle.prekeys().keys().collect::<Vec<_>>());
    for shown in case.find_list("signed_pre_key_privates")? {
        let public = shown.private_key("private")?.public().compressed();
        trial.member(&shown, "public", public)?;
        let prekey = bundle.prekeys().get(shown.text("installation_id")?);
        trial.holds(
            &format!("{} is not in the bundle", shown.at()),
            prekey.is_some_and(|it| it.key == public),
        );
    }
    Ok(())
}

/// Compares our encoding of a message with a map of `ids` with that of the peer.
///
/// Deployed peers write the entries in any order, so only without choice are the bytes certain; and they write an empty
/// id where others leave it out. No device here has an empty id.
pub(super) fn written(what: &str, trial: &mut Trial, ours: &[u8], theirs: &[u8], ids: &[&String]) {
    if ids.iter().any(|id| id.is_empty()) {
        return;
    }
    if ids.len() <= 1 {
        trial.bytes(what, ours, theirs);
    } else {
        trial.same(&format!("length of `{what}`"), ours.len(), theirs.len());
    }
}
