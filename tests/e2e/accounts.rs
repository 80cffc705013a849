//! Several accounts in one home.

use std::path::Path;

use status_chat::home::{self, AccountLabel};
use status_chat::{
    Chat, Client, ClientBuilder, LockError, LockKind, OpenError, Passphrase, UserId, backup, doctor,
};
use status_sim::Hub;
use status_store::Cost;

fn label(text: &str) -> AccountLabel {
    AccountLabel::new(text).unwrap()
}

fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(words).unwrap().costing(Cost::LEAST)
}

/// A client of an account; of the one in the home itself, if no label is given.
fn of(home: &Path, text: &str, hub: &Hub) -> ClientBuilder {
    let builder = Client::builder().home(home).network(hub.port());
    if text.is_empty() { builder } else { builder.account(label(text)) }
}

/// Opens an account and closes it again.
async fn user(builder: ClientBuilder) -> Result<UserId, OpenError> {
    let client = builder.open().await?;
    let user = client.user();
    client.close().await;
    Ok(user)
}

#[tokio::test]
async fn a_home_with_one_account_takes_more_and_all_are_listed_without_unlocking_any() {
    let folder = tempfile::tempdir().unwrap();
    let (home, hub) = (folder.path(), Hub::new());
    let first = user(of(home, "", &hub)).await.unwrap();

    let work = user(of(home, "work", &hub).lock(passphrase("open sesame"))).await.unwrap();
    let club = user(of(home, "club", &hub)).await.unwrap();
    let listed = home::accounts(home).unwrap();

    let shown: Vec<_> =
        listed.iter().map(|it| (it.label.as_ref().map(AccountLabel::as_str), it.lock)).collect();
    assert_eq!(shown, [(None, None), (Some("club"), None), (Some("work"), Some(LockKind::Passphrase))]);
    assert!(first != work && work != club && first != club);
    assert_eq!(user(of(home, "", &hub)).await.unwrap(), first);
    assert_eq!(user(of(home, "club", &hub)).await.unwrap(), club);
    let locked = user(of(home, "work", &hub)).await;
    assert!(matches!(locked, Err(OpenError::Lock(LockError::OtherLock { .. }))), "{locked:?}");
    assert_eq!(user(of(home, "work", &hub).lock(passphrase("open sesame"))).await.unwrap(), work);
}

#[tokio::test]
async fn two_accounts_of_a_home_are_open_at_once_and_talk_and_neither_opens_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (home, hub) = (folder.path(), Hub::new());
    let alice = of(home, "alice", &hub).open().await.unwrap();
    let bob = of(home, "bob", &hub).open().await.unwrap();
    let mut events = bob.events();

    let again = of(home, "alice", &hub).open().await.map(drop);
    alice.send(Chat::User(bob.user()), "who shares my home?").await.unwrap();
    let heard = loop {
        if let Some(status_chat::Event::Message(message)) = events.next().await {
            break message;
        }
    };

    assert_eq!((heard.from, heard.text.as_str()), (alice.user(), "who shares my home?"));
    assert!(again.is_err(), "one process, and one client, has an account at a time");
    let there = alice.chats().await.unwrap();
    assert_eq!(there, [Chat::User(bob.user())], "what one account knows the other does not");
    alice.close().await;
    bob.close().await;
}

#[tokio::test]
async fn an_account_whose_making_was_interrupted_is_not_listed_and_is_made_by_the_next_try() {
    let folder = tempfile::tempdir().unwrap();
    let (home, hub) = (folder.path(), Hub::new());
    let first = user(of(home, "", &hub)).await.unwrap();
    // All that was written before the store was whole: the key for it.
    std::fs::create_dir_all(home.join("accounts/half")).unwrap();
    std::fs::copy(home.join("status.key"), home.join("accounts/half/status.key")).unwrap();

    let before = home::accounts(home).unwrap().len();
    let made = user(of(home, "half", &hub)).await.unwrap();
    let after = home::accounts(home).unwrap().len();

    assert_eq!((before, after), (1, 2));
    assert_eq!(user(of(home, "half", &hub)).await.unwrap(), made);
    assert_ne!(made, first);
}

#[tokio::test]
async fn backup_restore_lock_and_doctor_are_about_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let (home, hub) = (folder.path(), Hub::new());
    let work = user(of(home, "work", &hub)).await.unwrap();
    let (one, other) =
        (home::account_folder(home, &label("work")), home::account_folder(home, &label("again")));
    let (file, with) = (home.join("work.backup"), passphrase("of the backup").into());

    backup::make(&one, None, &file, &with, &mut |_| {}).unwrap();
    backup::restore(&file, &with, &other, None, &mut |_| {}).unwrap();
    home::relock(&one, None, Some(&passphrase("new").into())).unwrap();
    let report = doctor::examine(&other, None, &mut |_, _| {}).unwrap();

    assert_eq!(user(of(home, "again", &hub)).await.unwrap(), work);
    assert_eq!(home::lock_of(&one).unwrap(), Some(LockKind::Passphrase));
    assert_eq!(home::lock_of(&other).unwrap(), None);
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn an_account_without_a_home_is_refused() {
    let opened = Client::builder().account(label("work")).network(Hub::new().port()).open().await.map(drop);

    assert!(matches!(opened, Err(OpenError::NoHome)), "{opened:?}");
}
