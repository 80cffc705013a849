//! What was given for a setting, wherever it comes from.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use toml::{Table, Value};

use super::SettingsError;

/// Largest file of settings, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A value as it was written.
pub(super) enum Given {
    /// Outside of a file, and one value in it.
    Text(String),
    /// A list in a file.
    List(Vec<String>),
}

impl Given {
    /// One value.
    pub(super) fn one<T: FromStr>(&self) -> Option<T> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::List(_) => None,
        }
    }

    /// Some values.
    pub(super) fn many<T: FromStr>(&self) -> Option<Vec<T>> {
        match self {
            Self::Text(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| part.parse().ok()).collect()
            }
            Self::List(list) => list.iter().map(|part| part.trim().parse().ok()).collect(),
        }
    }

    /// One value, or none if the text is empty.
    pub(super) fn maybe<T: FromStr>(&self) -> Option<Option<T>> {
        match self {
            Self::Text(text) if text.trim().is_empty() => Some(None),
            given => given.one().map(Some),
        }
    }
}

/// All that a file gives, with full names.
pub(super) fn of_file(path: &Path) -> Result<Vec<(String, Given)>, SettingsError> {
    let unreadable = |error| SettingsError::Unreadable { path: path.to_owned(), error };
    let syntax = |why: String| SettingsError::Syntax { path: path.to_owned(), why };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
        return Err(syntax("it is too large for a file of settings".to_owned()));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| syntax(error.to_string()))?;
    let mut given = Vec::new();
    flatten("", table, &mut given)
        .map_err(|name| syntax(format!("`{name}` is neither a value nor a list")))?;
    Ok(given)
}

fn flatten(prefix: &str, table: Table, given: &mut Vec<(String, Given)>) -> Result<(), String> {
    for (name, value) in table {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            // Deeper than a section nothing is known.
            Value::Table(table) if prefix.is_empty() => flatten(&name, table, given)?,
            Value::Array(list) => {
                let list: Option<_> = list.iter().map(text).collect();
                given.push((name.clone(), Given::List(list.ok_or(name)?)));
            }
            value => {
                let text = text(&value).ok_or_else(|| name.clone())?;
                given.push((name, Given::Text(text)));
            }
        }
    }
    Ok(())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(which) => Some(which.to_string()),
        _ => None,
    }
}
