//! How others are notified: what servers and their contact codes say of it, and what of that is believed.

use std::time::Duration;

use status_crypto::Keyring;
use status_layer::{Recipient, StoreError, UserId};
use status_payload::{PushNotificationQueryInfo, granted, hash_of_key, open_token};
use zeroize::Zeroizing;

use crate::core::arrive::Origin;
use crate::core::profile::contact_code;
use crate::core::{Core, Step};
use crate::event::Chat;
use crate::table;
use crate::table::contacts as people;
use crate::table::push::{self as rows, Info, Known};

/// For how long it is believed how somebody is notified. Spec: stale after 86,400 s.
pub(super) const BELIEVED: Duration = Duration::from_secs(86_400);

/// Entries of an answer that are looked at.
const MAX_ENTRIES: usize = 64;

/// Sealed access tokens of one entry that are tried.
const MAX_SEALED: usize = 4_096;

/// Longest access token and longest name of a device, in bytes. Both are UUIDs.
const MAX_NAME: usize = 64;

impl Core {
    /// Takes what a server, or a user, says of how the user is notified; whatever does not fit is passed over.
    pub(crate) fn learn_infos(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        server: Option<&UserId>,
        said: &[PushNotificationQueryInfo],
    ) -> Result<(), StoreError> {
        let now = step.now();
        let mut shelf = step.shelf();
        if !rows::notifying(&shelf)? {
            return Ok(());
        }
        let mut known = rows::known(&shelf, user)?.unwrap_or_default();
        let fits = said.iter().take(MAX_ENTRIES).filter_map(|info| vet(info, &*self.keyring, user, server));
        let (fits, before) = (fits.collect::<Vec<_>>(), known.clone());
        let answers = server.is_some() && !fits.is_empty();
        fits.into_iter().for_each(|info| known.take(info));
        // What a user says may be old, so it renews nothing that says the same.
        if answers || before.infos != known.infos {
            known.until = now.after(BELIEVED);
        }
        if before != known { rows::save_known(&mut shelf, user, &known) } else { Ok(()) }
    }

    /// Takes what somebody says at their contact code, if they are anybody to us.
    pub(in crate::core) fn advertised(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &[PushNotificationQueryInfo],
    ) -> Result<(), StoreError> {
        let user = origin.author;
        let there =
            matches!(&origin.to, Recipient::Channel(name) if Some(name) == contact_code(&user).as_ref());
        if said.is_empty() || !there || user == self.keyring.user() {
            return Ok(());
        }
        let shelf = step.shelf();
        let is_anybody = table::joined(&shelf, &Chat::User(user))? || people::load(&shelf, &user)?.is_some();
        if is_anybody { self.learn_infos(step, &user, None, said) } else { Ok(()) }
    }

    /// How somebody is notified, if it is known well enough.
    pub(super) fn believed(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
    ) -> Result<Option<Known>, StoreError> {
        let now = step.now();
        Ok(rows::known(&step.shelf(), user)?.filter(|known| known.until > now))
    }
}

/// What an entry says of a device of `user`, if it fits: it is about them, we may know the access token, and they have granted
/// the server that token. Without the grant anybody could have notifications go to a server of their own.
fn vet<K: Keyring + ?Sized>(
    said: &PushNotificationQueryInfo,
    keyring: &K,
    user: &UserId,
    server: Option<&UserId>,
) -> Option<Info> {
    let named = UserId::from_compressed(&said.server_public_key).ok();
    let server = match (server, named) {
        (Some(server), None) if said.server_public_key.is_empty() => *server,
        (Some(server), Some(named)) if named == *server => named,
        (None, Some(named)) => named,
        _ => return None,
    };
    let fits = |text: &str| !text.is_empty() && text.len() <= MAX_NAME;
    if said.public_key != hash_of_key(user) || !fits(&said.installation_id) {
        return None;
    }
    let token = if said.access_token.is_empty() {
        open_token(keyring, user, said.allowed_key_list.get(..MAX_SEALED).unwrap_or(&said.allowed_key_list))?
    } else {
        said.access_token.clone()
    };
    let token = Zeroizing::new(token);
    let fits = fits(&token) && granted(user, &server, &token, &said.grant);
    fits.then(|| Info { server, version: said.version, device: said.installation_id.clone(), token })
}

#[cfg(test)]
mod tests {
    use status_crypto::SecretKey;
    use status_layer::testing::rng;
    use status_payload::{grant, seal_token};

    use super::*;

    const TOKEN: &str = "7a1a7ea0-0000-4000-8000-000000000000";

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_bytes(&[byte; 32]).unwrap()
    }

    /// What the server 3 says of the user 1.
    fn said() -> PushNotificationQueryInfo {
        PushNotificationQueryInfo {
            access_token: TOKEN.into(),
            installation_id: "phone".into(),
            public_key: hash_of_key(&key(1).user()).to_vec(),
            grant: grant(&key(1), &key(3).user(), TOKEN),
            version: 7,
            ..PushNotificationQueryInfo::default()
        }
    }

    fn vetted(change: impl FnOnce(&mut PushNotificationQueryInfo)) -> bool {
        let mut said = said();
        change(&mut said);
        vet(&said, &key(2), &key(1).user(), Some(&key(3).user())).is_some()
    }

    #[test]
    fn what_is_about_the_user_and_granted_to_the_server_is_believed() {
        let server = key(3).user();

        let info = vet(&said(), &key(2), &key(1).user(), Some(&server)).unwrap();

        assert_eq!(
            (info.server, info.version, info.device.as_str(), info.token.as_str()),
            (server, 7, "phone", TOKEN)
        );
        assert!(vetted(|said| said.server_public_key = key(3).user().as_bytes().to_vec()));
    }

    #[test]
    fn what_is_about_others_or_granted_to_others_is_not() {
        assert!(
            !vetted(|said| said.public_key = hash_of_key(&key(2).user()).to_vec()),
            "about somebody else"
        );
        assert!(!vetted(|said| said.grant = grant(&key(1), &key(4).user(), TOKEN)), "for another server");
        assert!(!vetted(|said| said.grant = grant(&key(4), &key(3).user(), TOKEN)), "by another user");
        assert!(!vetted(|said| said.access_token = "another".into()), "another token");
        assert!(!vetted(|said| said.server_public_key = key(4).user().as_bytes().to_vec()), "another server");
        assert!(!vetted(|said| said.server_public_key = vec![1]), "no server");
        assert!(!vetted(|said| said.installation_id = String::new()), "no device");
        assert!(!vetted(|said| said.installation_id = "x".repeat(65)), "a long device");
    }

    #[test]
    fn a_sealed_token_is_for_those_it_was_sealed_for() {
        let sealed = |to: u8| {
            let user = key(to).user();
            vec![vec![1; 64], seal_token(&key(1), &user, TOKEN, &mut rng(1)).unwrap()]
        };
        let sealed_for = |to| {
            vetted(|said| {
                said.access_token.clear();
                said.allowed_key_list = sealed(to);
            })
        };

        assert!(sealed_for(2));
        assert!(!sealed_for(4));
    }

    #[test]
    fn a_contact_code_has_to_name_the_server() {
        let named =
            PushNotificationQueryInfo { server_public_key: key(3).user().as_bytes().to_vec(), ..said() };

        assert!(vet(&said(), &key(2), &key(1).user(), None).is_none());
        assert!(vet(&named, &key(2), &key(1).user(), None).is_some());
    }
}
