//! Questions: how to have somebody notified.

use std::collections::BTreeSet;

use status_payload::{
    Content, PushNotificationQueryInfo, PushNotificationQueryResponse, PushNotificationRegistration,
};
use status_stack::Fault;

use super::{Letter, Step, fault};
use crate::config::{MAX_ANSWER, MAX_QUESTIONS};
use crate::rate::{self, What};
use crate::table::{self, KeyHash};

/// What an entry of an answer has besides its lists and texts, at most, in bytes.
const AROUND: usize = 64;

impl Step<'_, '_, '_> {
    /// Answers a question with what there is; whom it does not know it does not name.
    pub(super) fn ask(&mut self, letter: Letter, keys: &[Vec<u8>]) -> Result<(), Fault> {
        if keys.len() > MAX_QUESTIONS {
            return self.refuse("it asks about too many");
        }
        let asked: BTreeSet<KeyHash> = keys.iter().filter_map(|key| key.as_slice().try_into().ok()).collect();
        let (mut info, mut room) = (Vec::new(), MAX_ANSWER);
        for who in &asked {
            if table::person(&self.shelf(), who).map_err(fault)?.is_none_or(|registered| registered == 0) {
                continue;
            }
            let (now, max) = (self.unit.now(), self.server.config.questions_about);
            if !rate::take(&mut self.shelf(), (What::QuestionsAbout, who), max, now).map_err(fault)? {
                return self.refuse("too much was asked about somebody in this minute");
            }
            for (which, device) in table::devices(&self.shelf(), who).map_err(fault)? {
                let Some(registration) = table::registration(&self.shelf(), who, &which)
                    .map_err(fault)?
                    .filter(|_| device.registered)
                else {
                    continue;
                };
                let entry = self.info(who, registration);
                let Some(left) = room.checked_sub(size(&entry)) else { continue };
                room = left;
                info.push(entry);
            }
        }
        self.out.tally.questions += 1;
        let message_id = letter.id.as_bytes().to_vec();
        let response = PushNotificationQueryResponse { info, message_id, success: true };
        self.answer(letter.author, &Content::PushNotificationQueryResponse(response));
        Ok(())
    }

    /// What strangers are told of a registration: the access token, or, if contacts alone shall have it, what only they can
    /// open.
    fn info(&self, who: &KeyHash, of: PushNotificationRegistration) -> PushNotificationQueryInfo {
        let (access_token, allowed_key_list) = match of.allow_from_contacts_only {
            true => (String::new(), of.allowed_key_list),
            false => (of.access_token, Vec::new()),
        };
        PushNotificationQueryInfo {
            access_token,
            installation_id: of.installation_id,
            public_key: who.to_vec(),
            allowed_key_list,
            grant: of.grant,
            version: of.version,
            server_public_key: self.server.user().as_bytes().to_vec(),
        }
    }
}

fn size(entry: &PushNotificationQueryInfo) -> usize {
    let lists: usize = entry.allowed_key_list.iter().map(|token| token.len().saturating_add(4)).sum();
    let texts = entry.access_token.len() + entry.installation_id.len() + entry.grant.len();
    lists
        .saturating_add(texts)
        .saturating_add(entry.public_key.len() + entry.server_public_key.len() + AROUND)
}
