//! The areas of a home, with what each declares of its rows.

use status_layer::examine::{Examined, Nature, Table};
use status_layer::{Area, Read, StoreError};
use status_stack::Areas;

use crate::core::AREA;
use crate::{nodes, table};

/// One layer's rows.
pub(crate) struct Part {
    pub(crate) area: Area,
    /// The layer, in words for the user.
    pub(crate) name: &'static str,
    pub(crate) tables: &'static [Table],
    pub(crate) examine: fn(&dyn Read, Area) -> Result<Examined, StoreError>,
}

/// Every part of a home with the layers of the deployed network.
pub(crate) fn parts() -> [Part; 6] {
    let Areas { sync, security, privacy, stack } = status_stack::Config::default().areas;
    [
        part(AREA, "chat", table::TABLES, table::examine),
        part(sync, "data sync", &status_data_sync::TABLES, status_data_sync::examine),
        part(security, "security", &status_security::TABLES, status_security::examine),
        part(privacy, "privacy", &status_privacy::TABLES, status_privacy::examine),
        part(nodes::AREA, "network", &nodes::TABLES, nodes::examine),
        part(stack, "conductor", &status_stack::TABLES, status_stack::examine),
    ]
}

const fn part(
    area: Area,
    name: &'static str,
    tables: &'static [Table],
    examine: fn(&dyn Read, Area) -> Result<Examined, StoreError>,
) -> Part {
    Part { area, name, tables, examine }
}

impl Part {
    /// The tables whose rows are the user's, and go into a backup.
    pub(crate) fn of_the_user(&self) -> impl Iterator<Item = &'static Table> {
        self.tables.iter().filter(|table| table.nature == Nature::User)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of what a backup holds. Whoever adds to it makes sure that no key is ever used twice because of it.
    #[test]
    fn a_backup_holds_chats_clocks_messages_receipts_and_who_is_in_closed_chats_and_nothing_else() {
        let carried: Vec<_> = parts()
            .iter()
            .flat_map(|part| part.of_the_user().map(|table| (part.name, table.holds)).collect::<Vec<_>>())
            .collect();

        let chat = [
            "chats",
            "clocks of chats",
            "messages",
            "pictures and recordings",
            "reactions",
            "pinned messages",
            "closed groups",
            "changes of closed groups",
            "how far chats were read",
            "how long messages are kept",
            "receipts of messages",
            "people",
            "the profile and the settings",
            "our picture",
            "who was verified",
            "values of applications",
        ];
        let chat = chat.map(|holds| ("chat", holds));
        let sync = [("data sync", "members of closed chats")];
        assert_eq!(carried, [chat.as_slice(), &sync].concat());
    }
}
