//! Bots over whole clients and a network double.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use status_chat::bot::{self, Accept, Answer, Bot, Context};
use status_chat::{Chat, Client, ContactChange, ContactState, Error, Event, Events, UserId};
use status_sim::Hub;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

/// A bot that runs, and somebody who writes to it.
struct Stage {
    hub: Hub,
    bot: Client,
    alice: Client,
    at_alice: Events,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
}

impl Stage {
    async fn with(make: impl FnOnce(Bot) -> Bot) -> Self {
        let hub = Hub::new();
        let alice = Client::builder().network(hub.port()).open().await.unwrap();
        let client = Client::builder().stream("bot").network(hub.port()).open().await.unwrap();
        client.join("#room").await.unwrap();
        alice.join("#room").await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let bot = make(Bot::with(client.clone()).name("echo"));
        let running = tokio::spawn(bot.run_until(async move { drop(stopped.await) }));
        Self { hub, bot: client, at_alice: alice.events(), alice, stop, running }
    }

    /// Somebody else.
    async fn another(&self) -> Client {
        Client::builder().network(self.hub.port()).open().await.unwrap()
    }

    async fn ask(&self, text: &str) {
        self.alice.send(self.bot.user(), text).await.unwrap();
    }

    /// The next text from the bot.
    async fn answer(&mut self) -> (String, Chat) {
        let wait = async {
            loop {
                if let Event::Message(message) = self.at_alice.next().await.unwrap() {
                    return (message.text, message.chat);
                }
            }
        };
        timeout(SOON, wait).await.unwrap()
    }

    async fn asked(&mut self, text: &str) -> String {
        self.ask(text).await;
        self.answer().await.0
    }

    async fn end(self) -> Result<(), Error> {
        self.stop.send(()).unwrap();
        timeout(SOON, self.running).await.unwrap().unwrap()
    }
}

fn adder(bot: Bot) -> Bot {
    bot.about("I add.").command("/ping", "says pong", |ctx| async move { ctx.reply("pong").await }).command(
        "/add <a> <b>",
        "adds two numbers",
        |ctx| async move {
            let sum = ctx.arg::<i64>(0)? + ctx.arg::<i64>(1)?;
            ctx.reply(sum.to_string()).await?;
            Ok::<_, Error>(())
        },
    )
}

#[tokio::test]
async fn a_bot_answers_commands_explains_itself_and_says_what_it_cannot_read() {
    let mut stage = Stage::with(adder).await;

    let pong = stage.asked("/ping").await;
    let sum = stage.asked("/add 2  40").await;
    let refused = stage.asked("/add two 40").await;
    let missing = stage.asked("/add 2").await;
    let help = stage.asked("/help").await;

    assert_eq!((pong.as_str(), sum.as_str()), ("pong", "42"));
    assert!(
        refused.starts_with("argument 1: ") && missing.starts_with("argument 2: it is missing"),
        "{refused}"
    );
    assert_eq!(
        help,
        "I add.\n/ping – says pong\n/add <a> <b> – adds two numbers\n/help – lists what can be asked"
    );
    stage.end().await.unwrap();
}

#[tokio::test]
async fn in_a_channel_a_bot_answers_only_what_is_for_it() {
    let fallback = |ctx: Context| async move { ctx.reply(format!("heard: {}", ctx.text())).await };
    let mut stage = Stage::with(|bot| adder(bot).on_message(fallback)).await;

    for text in ["hello all", "/unknown", "/ping@other", "@echo hello you", "/ping"] {
        stage.alice.send("#room", text).await.unwrap();
    }
    let (first, second) = (stage.answer().await, stage.answer().await);
    let alone = stage.asked("hello").await;

    assert_eq!((first.0.as_str(), second.0.as_str()), ("heard: hello you", "pong"));
    assert_eq!(first.1, "#room".parse().unwrap());
    assert_eq!(alone, "heard: hello");
    stage.end().await.unwrap();
}

#[tokio::test]
async fn layers_stand_around_handlers_and_a_handler_that_fails_ends_nothing() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    let note = move |ctx: Context, next: bot::Next| {
        let noted = Arc::clone(&noted);
        async move {
            let command = ctx.command().unwrap_or_default().to_owned();
            let done = next.run(ctx).await;
            noted.lock().unwrap().push((command, done.is_ok()));
            done
        }
    };
    let make = |bot: Bot| {
        adder(bot)
            .layer(bot::log())
            .layer(note)
            .command("/fail", "fails", |_| async { Err::<(), _>(std::io::Error::other("broken")) })
            .command("/panic", "panics", |ctx| async move {
                assert!(ctx.text() == "quietly", "a handler of a test");
            })
    };
    let mut stage = Stage::with(make).await;

    stage.ask("/fail").await;
    stage.ask("/panic").await;
    let pong = stage.asked("/ping").await;

    assert_eq!(pong, "pong");
    stage.end().await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(*log, [("/fail".to_owned(), false), ("/ping".to_owned(), true)]);
}

#[tokio::test]
async fn who_is_not_on_the_list_is_not_answered() {
    let mut stage = Stage::with(|bot| adder(bot).layer(bot::allow([]))).await;

    stage.ask("/ping").await;
    let nothing = timeout(Duration::from_secs(1), stage.answer()).await;

    assert!(nothing.is_err());
}

#[tokio::test]
async fn who_writes_too_much_is_not_answered_for_a_while() {
    let mut stage = Stage::with(|bot| adder(bot).limit(2, Duration::from_secs(3_600))).await;

    let heard = (stage.asked("/ping").await, stage.asked("/ping").await);
    stage.ask("/ping").await;
    let nothing = timeout(Duration::from_secs(1), stage.answer()).await;

    assert_eq!((heard.0.as_str(), heard.1.as_str()), ("pong", "pong"));
    assert!(nothing.is_err());
}

#[tokio::test]
async fn a_bot_keeps_what_it_learns() {
    let count = |ctx: Context| async move {
        let count = ctx.state::<u64>("count").await?.unwrap_or(0) + 1;
        ctx.set_state("count", &count).await?;
        ctx.reply(count.to_string()).await?;
        Ok::<_, Error>(())
    };
    let mut stage = Stage::with(|bot| bot.command("/count", "counts", count)).await;

    let counts = [stage.asked("/count").await, stage.asked("/count").await];

    assert_eq!(counts, ["1", "2"]);
    assert_eq!(stage.bot.value::<u64>("bot/count").await.unwrap(), Some(2));
}

#[tokio::test]
async fn what_was_asked_while_a_bot_was_away_is_answered_when_it_is_back() {
    let mut stage = Stage::with(adder).await;
    assert_eq!(stage.asked("/ping").await, "pong");
    let (stop, running) = (stage.stop, stage.running);
    stop.send(()).unwrap();
    timeout(SOON, running).await.unwrap().unwrap().unwrap();
    let sent = stage.alice.send(stage.bot.user(), "/add 1 1").await.unwrap();
    timeout(SOON, sent.delivered()).await.unwrap().unwrap();

    let (stop, stopped) = oneshot::channel();
    let again = adder(Bot::with(stage.bot.clone()));
    let running = tokio::spawn(again.run_until(async move { drop(stopped.await) }));
    let mut stage = Stage { stop, running, ..stage };

    assert_eq!(stage.answer().await.0, "2");
    stage.end().await.unwrap();
}

#[tokio::test]
async fn two_commands_of_one_name_are_refused_before_anything_is_opened() {
    let nothing = |_: Context| async {};
    let bot = Bot::new(Client::builder()).command("/a", "", nothing).command("/a <b>", "", nothing);

    let refused = bot.run_until(std::future::pending()).await.unwrap_err();

    assert!(refused.to_string().contains("/a"), "{refused}");
    assert!(refused.hint().contains("name of its own"));
}

/// How a bot stands to somebody, once it has dealt with all that they said so far.
async fn state(client: &Client, user: UserId) -> Option<ContactState> {
    client.contacts().get(user).await.unwrap().map(|contact| contact.state)
}

fn asks(event: &Event) -> bool {
    matches!(event, Event::Contact { change: ContactChange::Requested { .. }, .. })
}

/// Waits until somebody is told that they are a contact.
async fn accepted(events: &mut Events) {
    let wait = async {
        loop {
            if let Event::Contact { change: ContactChange::Accepted, .. } = events.next().await.unwrap() {
                return;
            }
        }
    };
    timeout(SOON, wait).await.unwrap();
}

#[tokio::test]
async fn whoever_asks_a_bot_to_be_a_contact_is_one_also_if_they_asked_before_it_ran() {
    let hub = Hub::new();
    let client = Client::builder().network(hub.port()).open().await.unwrap();
    let early = Client::builder().network(hub.port()).open().await.unwrap();
    let (mut at_early, mut at_bot) = (early.events(), client.events());
    early.contacts().request(client.user(), "before the bot ran").await.unwrap();
    let asked = async { while !asks(&at_bot.next().await.unwrap()) {} };
    timeout(SOON, asked).await.unwrap();

    let running = tokio::spawn(adder(Bot::with(client.clone())).run_until(std::future::pending()));
    accepted(&mut at_early).await;
    let late = Client::builder().network(hub.port()).open().await.unwrap();
    let mut at_late = late.events();
    late.contacts().request(client.user(), "while it runs").await.unwrap();
    accepted(&mut at_late).await;

    for user in [early.user(), late.user()] {
        assert_eq!(state(&client, user).await, Some(ContactState::Mutual));
    }
    running.abort();
}

#[tokio::test]
async fn a_bot_accepts_whom_its_function_does_and_outlives_its_panics() {
    let judge = |bot: Bot| {
        adder(bot).accept_contacts(Accept::by(|asking| match asking.note.as_str() {
            "sesame" => Answer::Accept,
            "panic" => panic!("on purpose"),
            "later" => Answer::Wait,
            _ => Answer::Deny,
        }))
    };
    let mut stage = Stage::with(judge).await;
    let (bot, alice) = (stage.bot.clone(), stage.alice.user());
    let mut events = bot.events();

    let mut seen = Vec::new();
    for note in ["panic", "later", "open"] {
        let somebody = stage.another().await;
        somebody.contacts().request(bot.user(), note).await.unwrap();
        // The bot's turn comes after ours.
        let asked = async { while !asks(&events.next().await.unwrap()) {} };
        timeout(SOON, asked).await.unwrap();
        assert_eq!(stage.asked("/ping").await, "pong");
        seen.push(state(&bot, somebody.user()).await.unwrap());
        somebody.close().await;
    }
    stage.alice.contacts().request(bot.user(), "sesame").await.unwrap();
    accepted(&mut stage.at_alice).await;

    assert_eq!(seen, [ContactState::Received, ContactState::Received, ContactState::Dismissed]);
    assert_eq!(state(&bot, alice).await, Some(ContactState::Mutual));
    stage.end().await.unwrap();
}

#[tokio::test]
async fn a_bot_that_accepts_nobody_leaves_requests_to_a_person() {
    let stage = Stage::with(|bot| adder(bot).accept_contacts(Accept::Nobody)).await;
    stage.alice.contacts().request(stage.bot.user(), "may I?").await.unwrap();

    let mut stage = stage;
    assert_eq!(stage.asked("/ping").await, "pong");

    assert_eq!(state(&stage.bot, stage.alice.user()).await, Some(ContactState::Received));
    stage.bot.contacts().accept(stage.alice.user()).await.unwrap();
    accepted(&mut stage.at_alice).await;
    stage.end().await.unwrap();
}
