//! A bot whose process is killed again and again while somebody talks to it: a real process, a real home on the disk, `SIGKILL`.

use std::collections::BTreeSet;
use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use status_chat::bot::{Bot, Context};
use status_chat::{Client, Error, UserId};
use status_e2e::bridge::{self, Bridge};
use status_layer::testing::rng;
use status_sim::Hub;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// What tells a process that it is the bot: its home, with where the network is behind a comma.
const LIFE: &str = "STATUS_E2E_LIFE";
/// How often it dies.
const DEATHS: usize = 200;
/// Messages that are said in each life.
const MESSAGES: usize = 2;
/// A life ends so many milliseconds after it began to listen, at the latest; every fourth life so long after it began at all.
const LONGEST: u64 = 80;
/// By then the last life has dealt with everything.
const SOON: Duration = Duration::from_secs(60);

/// The file in which the bot notes what it has dealt with.
const JOURNAL: &str = "dealt-with";

/// One life of the bot: run by the test below in processes of their own.
#[test]
fn a_life_of_the_bot() {
    let Some(life) = env::var(LIFE).ok() else { return };
    let (home, address) = life.split_once(',').unwrap();
    let journal = Path::new(home).join(JOURNAL);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let lived = runtime.block_on(async {
        let network = Bridge::dial(address.parse().unwrap()).await?;
        let note = move |ctx: Context| {
            let journal = journal.clone();
            async move {
                // What the bot does for a message, before it is acknowledged. A killed process loses nothing that was written.
                let mut file = OpenOptions::new().create(true).append(true).open(journal)?;
                file.write_all(format!("{}\n", ctx.text()).as_bytes())?;
                ctx.reply(format!("read {}", ctx.text())).await?;
                Ok::<_, Error>(())
            }
        };
        let client = Client::builder().home(home).network(network);
        Bot::new(client).on_message(note).limit(u32::MAX, Duration::from_secs(1)).run().await
    });
    lived.unwrap();
}

fn begin(home: &Path, address: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["killed::a_life_of_the_bot", "--exact", "--nocapture", "--test-threads=1"])
        .env(LIFE, format!("{},{address}", home.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The messages in the journal, each as often as it was dealt with.
fn journal(home: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(home.join(JOURNAL)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Each of them once.
fn texts(home: &Path) -> BTreeSet<String> {
    journal(home).into_iter().collect()
}

/// A home with a user in it, whom somebody may write to.
async fn home(folder: &Path) -> UserId {
    let client =
        Client::builder().home(folder).stream("bot").network(Hub::new().port()).open().await.unwrap();
    let user = client.user();
    client.close().await;
    user
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_200_times_deals_with_every_message_at_least_once() {
    let (hub, folder) = (Hub::new(), tempfile::tempdir().unwrap());
    let bot = home(folder.path()).await;
    let (address, mut listening) = bridge::serve(hub.clone()).await.unwrap();
    let address = address.to_string();
    let alice = Client::builder().network(hub.port()).open().await.unwrap();
    let mut rng = rng(200);

    let mut said = Vec::new();
    for death in 0..DEATHS {
        let mut life = begin(folder.path(), &address);
        if death % 4 > 0 {
            timeout(SOON, listening.recv()).await.unwrap();
        }
        let end = Instant::now() + Duration::from_millis(rng.below(LONGEST));
        // What was lost on its way to the dead comes again at once, not after half a minute.
        alice.resend(None).await.unwrap();
        for _ in 0..MESSAGES {
            let text = format!("{death} {}", said.len());
            said.push((alice.send(bot, text.as_str()).await.unwrap(), text));
        }
        sleep_until(end).await;
        life.kill().unwrap();
        life.wait().unwrap();
        while listening.try_recv().is_ok() {}
    }
    let early = texts(folder.path());
    let mut last = begin(folder.path(), &address);
    timeout(SOON, listening.recv()).await.unwrap();
    let all: BTreeSet<String> = said.iter().map(|(_, text)| text.clone()).collect();
    let dealing = async {
        while texts(folder.path()) != all {
            alice.resend(None).await.unwrap();
            sleep(Duration::from_millis(500)).await;
        }
    };
    let dealt = timeout(SOON, dealing).await;
    last.kill().unwrap();
    last.wait().unwrap();

    let times = journal(folder.path()).len();
    let dealt_with = texts(folder.path());
    let lost: Vec<&String> = all.difference(&dealt_with).collect();
    assert!(dealt.is_ok() && lost.is_empty(), "lost: {lost:?}");
    assert_eq!(dealt_with.len(), all.len(), "and no other");
    assert!(times - all.len() <= DEATHS, "a death repeats one message at most: {times}");
    assert!(early.len() > DEATHS / 2, "it hardly lived: {}", early.len());
}
