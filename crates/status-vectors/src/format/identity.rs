//! Three-word names and identicons (`identity-v1`).

use data_encoding::BASE64;
use status_crypto::{PublicKey, sha256};
use status_identity::{AliasIndexes, Identicon, Rgb};

use super::Choice;
use crate::Rule;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    match kind {
        "alias" => Some(Choice::Run(alias)),
        "alias_error" => Some(Choice::Run(alias_error)),
        "identicon" => Some(Choice::Run(identicon)),
        _ => None,
    }
}

/// The words need their lists, which are supplied apart; that a name has a place for each of them is compared.
pub(super) fn words(alias: &str, trial: &mut Trial) {
    trial.same("words of the alias", 3, alias.split(' ').filter(|word| !word.is_empty()).count());
    trial.note(Rule::ThreeWordNames);
}

fn alias(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let key = case.public_key("public_uncompressed")?;
    trial.member(case, "public", key.compressed())?;
    let user = key.user();
    let seed = user.as_bytes().last_chunk().map_or(0, |low| u64::from_be_bytes(*low));
    trial.same("seed", seed, case.number("seed")?);
    trial.same("places of the words", AliasIndexes::of(&user), AliasIndexes::of_seed(seed));
    words(case.text("alias")?, trial);
    match case.find("identicon") {
        Some(shown) => picture(&Identicon::of(&key), &shown, trial),
        None => Ok(()),
    }
}

fn alias_error(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let bytes = case.bytes("input")?;
    trial.same("ok", PublicKey::from_uncompressed(&bytes).is_ok(), case.flag("ok")?);
    Ok(())
}

fn identicon(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    picture(&Identicon::of_text(case.text("input")?), &case.get("identicon")?, trial)
}

/// Compares pixels; the bytes of the PNG depend on who packed them.
fn picture(ours: &Identicon, shown: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (pixels, Rgb(red, green, blue)) = (ours.pixels(), ours.colour());
    trial.member(shown, "color_rgba", [red, green, blue, 0xff])?;
    trial.same("width", u64::from(pixels.width()), shown.number("width")?);
    trial.same("height", u64::from(pixels.height()), shown.number("height")?);
    trial.member(shown, "rgba_sha256", sha256(&[pixels.rgba()]))?;
    let row = |row| (0..5).map(|column| if ours.cell(row, column) { '#' } else { '.' }).collect::<String>();
    let rows = shown.list("cells")?.iter().map(Node::as_text).collect::<Result<Vec<_>, _>>()?;
    trial.same("cells", (0..5).map(row).collect::<Vec<_>>(), rows.into_iter().map(str::to_owned).collect());
    let png = shown.text("data_uri")?.strip_prefix("data:image/png;base64,");
    let png = png.and_then(|digits| BASE64.decode(digits.as_bytes()).ok());
    let png = png.ok_or_else(|| shown.is_not("a picture: its `data_uri` is no PNG in base64"))?;
    trial.member(shown, "png_sha256", sha256(&[&png]))
}
