//! Reading a case: every member is asked for by name, and what is wrong is said with its place.

use serde_json::{Map, Value};
use status_crypto::{PublicKey, SecretKey};
use status_layer::UserId;

use crate::trial::Stop;

/// A value of a case and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) json: &'a Value,
    at: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(json: &'a Value) -> Self {
        Self { json, at: String::new() }
    }

    /// The member `name`, which must be there. It may be null.
    pub(crate) fn get(&self, name: &str) -> Result<Self, Stop> {
        let json = self.object()?.get(name);
        let at = self.place(name);
        json.map(|json| Self { json, at: at.clone() }).ok_or_else(|| Stop::Malformed(format!("lacks `{at}`")))
    }

    /// The member `name` unless it is absent or null.
    pub(crate) fn find(&self, name: &str) -> Option<Self> {
        let json = self.json.get(name).filter(|json| !json.is_null())?;
        Some(Self { json, at: self.place(name) })
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>, Stop> {
        self.json.as_object().ok_or_else(|| self.is_not("an object"))
    }

    /// The items of the list `name`; null is an empty list.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Self>, Stop> {
        self.get(name)?.items()
    }

    /// The items of the list `name`, none if it is absent.
    pub(crate) fn find_list(&self, name: &str) -> Result<Vec<Self>, Stop> {
        self.find(name).map_or(Ok(Vec::new()), |list| list.items())
    }

    fn items(&self) -> Result<Vec<Self>, Stop> {
        if self.json.is_null() {
            return Ok(Vec::new());
        }
        let items = self.json.as_array().ok_or_else(|| self.is_not("a list"))?;
        Ok(items.iter().enumerate().map(|(i, json)| Self { json, at: format!("{}[{i}]", self.at) }).collect())
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Stop> {
        self.get(name)?.as_text()
    }

    pub(crate) fn as_text(&self) -> Result<&'a str, Stop> {
        self.json.as_str().ok_or_else(|| self.is_not("a text"))
    }

    /// Bytes in hex, with or without `0x`.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, Stop> {
        self.get(name)?.as_bytes()
    }

    pub(crate) fn as_bytes(&self) -> Result<Vec<u8>, Stop> {
        let text = self.as_text()?;
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| self.is_not("hex"))
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> Result<[u8; N], Stop> {
        let member = self.get(name)?;
        <[u8; N]>::try_from(member.as_bytes()?).map_err(|_| member.is_not(&format!("{N} bytes")))
    }

    /// A whole number that is not negative: a JSON number, or decimal text.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Stop> {
        let member = self.get(name)?;
        let number = match member.json {
            Value::String(text) => text.parse().ok(),
            json => json.as_u64(),
        };
        number.ok_or_else(|| member.is_not("a whole number"))
    }

    pub(crate) fn number32(&self, name: &str) -> Result<u32, Stop> {
        let number = self.number(name)?;
        u32::try_from(number)
            .map_err(|_| Stop::Malformed(format!("`{}` has more than 32 bits", self.place(name))))
    }

    /// A whole number with a sign: a JSON number, or decimal text.
    pub(crate) fn signed(&self, name: &str) -> Result<i64, Stop> {
        let member = self.get(name)?;
        let number = match member.json {
            Value::String(text) => text.parse().ok(),
            json => json.as_i64(),
        };
        number.ok_or_else(|| member.is_not("a whole number"))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Stop> {
        let member = self.get(name)?;
        member.json.as_bool().ok_or_else(|| member.is_not("true or false"))
    }

    /// A key object; its three members must belong together.
    pub(crate) fn key(&self, name: &str) -> Result<SecretKey, Stop> {
        let object = self.get(name)?;
        let secret = object.private_key("private")?;
        for (member, public) in [
            ("public", secret.public().compressed().to_vec()),
            ("public_uncompressed", secret.public().uncompressed().to_vec()),
        ] {
            if object.find(member).is_some() && object.bytes(member)? != public {
                return Err(Stop::Differs(format!(
                    "`{}` does not belong to the private key",
                    object.place(member)
                )));
            }
        }
        Ok(secret)
    }

    pub(crate) fn private_key(&self, name: &str) -> Result<SecretKey, Stop> {
        let member = self.get(name)?;
        SecretKey::from_bytes(&member.as_bytes()?).map_err(|_| member.is_not("a private key"))
    }

    /// A public key, compressed or not.
    pub(crate) fn public_key(&self, name: &str) -> Result<PublicKey, Stop> {
        let member = self.get(name)?;
        let bytes = member.as_bytes()?;
        PublicKey::from_compressed(&bytes)
            .or_else(|_| PublicKey::from_uncompressed(&bytes))
            .map_err(|_| member.is_not("a public key"))
    }

    pub(crate) fn user(&self, name: &str) -> Result<UserId, Stop> {
        self.public_key(name).map(|key| key.user())
    }

    pub(crate) fn place(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    /// Where this value stands in its case; empty for the case itself.
    pub(crate) fn at(&self) -> &str {
        &self.at
    }

    pub(crate) fn is_not(&self, what: &str) -> Stop {
        Stop::Malformed(format!("`{}` is not {what}", self.at))
    }
}
