//! What the driver promises about groups: one commit, in order, and nobody pays for another's failure.
//!
//! How long a group is held is tested where it is decided. Here the window is so long, or so short, that time does not
//! matter.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::join_all;
use status_crypto::SecretKey;
use status_layer::testing::{Courier, Glass, OpenBook, rng};
use status_layer::{
    Area, Batch, DeviceId, Frame, History, Memory, Name, Read, Reason, Row, StoreError, Topic, Unit, Value,
};
use status_stack::{Engine, Fault, Layer, Output, Stack};

use super::group::MAX_GROUP;
use super::*;
use crate::core::AREA;
use crate::table;

/// A text at which a layer fails, in the middle of its work.
const FAULTY: &str = "the text that no layer survives";
/// A text that comes to a row which no store takes.
const TOO_LARGE: &str = "the text that is too large for a row";

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(86_400);
/// Over before anybody notices.
const A_MOMENT: Duration = Duration::from_millis(1);

/// What was done, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Did {
    Commit,
    /// A commit of something that a failed step has written.
    CommitHalf,
    Refuse,
    Publish(FrameId),
    /// The store had time for itself.
    Settle,
}

type Log = Arc<Mutex<Vec<Did>>>;

/// A client without threads.
struct Desk {
    log: Log,
    commands: mpsc::Sender<Command>,
    network: mpsc::UnboundedSender<NetworkEvent>,
    events: broadcast::Receiver<Event>,
    /// What the next commits fail with.
    refusals: Arc<Mutex<VecDeque<StoreError>>>,
    /// Whether steps fail that time sets off.
    ticks_fail: Arc<AtomicBool>,
    /// In seconds.
    clock: Arc<AtomicU64>,
}

struct Line {
    log: Log,
    events: mpsc::UnboundedReceiver<NetworkEvent>,
}

struct Disk {
    log: Log,
    kept: Memory,
    refusals: Arc<Mutex<VecDeque<StoreError>>>,
}

/// Stands still until it is set on, by so many seconds.
struct At(Arc<AtomicU64>);

/// Fails at one text, or whenever time is up, after it has written.
struct Fragile<E> {
    engine: E,
    at_ticks: Arc<AtomicBool>,
}

/// What the failing steps write.
const HALF: Area = Area(99);

impl Desk {
    fn new() -> Self {
        Self::with(Window::default())
    }

    fn with(window: Window) -> Self {
        let (log, refusals) = (Log::default(), Arc::<Mutex<VecDeque<StoreError>>>::default());
        let ticks_fail = Arc::<AtomicBool>::default();
        let clock = Arc::new(AtomicU64::new(1_800_000_000));
        let (commands, inbox) = mpsc::channel(1_000);
        let (network, line) = mpsc::unbounded_channel();
        let (teller, events) = broadcast::channel(1_000);
        let key = Arc::new(SecretKey::from_bytes(&[7; 32]).unwrap());
        let me = status_crypto::Keyring::user(&*key);
        let stack = Stack::new(Courier, OpenBook::new(me), Glass);
        let engine = Fragile { engine: stack, at_ticks: Arc::clone(&ticks_fail) };
        let driver = Driver::new(Parts {
            core: Core { engine: Box::new(engine), keyring: key, device: DeviceId::new("desk").unwrap() },
            store: Box::new(Disk { log: log.clone(), kept: Memory::new(), refusals: refusals.clone() }),
            network: Box::new(Line { log: log.clone(), events: line }),
            clock: Box::new(At(Arc::clone(&clock))),
            rng: Box::new(rng(1)),
            commands: inbox,
            events: teller,
        });
        let driver = Driver { window, ..driver };
        tokio::spawn(driver.run());
        Self { log, commands, network, events, refusals, ticks_fail, clock }
    }

    async fn wish(&self, task: Task) -> Result<(), SendError> {
        let (reply, answer) = oneshot::channel();
        assert!(self.commands.send(Command::Do(task, reply)).await.is_ok());
        answer.await.unwrap()
    }

    /// Says something in a channel.
    async fn say(&self, text: &str) -> Result<(), SendError> {
        let (chat, text) = (Chat::Channel(Name::new("room").unwrap()), text.to_owned());
        self.wish(Task::wish(move |core, step| core.say(step, &chat, &text.as_str().into()).map(drop))).await
    }

    /// Says several things at once.
    async fn say_all(&self, texts: &[&str]) -> Vec<Result<(), SendError>> {
        join_all(texts.iter().map(|text| self.say(text))).await
    }

    /// The texts in the history, in order.
    async fn history(&self) -> Vec<String> {
        let (reply, answer) = oneshot::channel();
        let chat = Chat::Channel(Name::new("room").unwrap());
        let question: Question = Box::new(move |home| {
            let said = table::history(&Draft::new(home.store).shelf(AREA), &chat, 0, 1_000);
            assert!(reply.send(said.unwrap()).is_ok());
        });
        assert!(self.commands.send(Command::Ask(question)).await.is_ok());
        answer.await.unwrap().into_iter().map(|message| message.text).collect()
    }

    fn refuse(&self, errors: impl IntoIterator<Item = StoreError>) {
        self.refusals.lock().unwrap().extend(errors);
    }

    fn take_log(&self) -> Vec<Did> {
        self.log.lock().unwrap().drain(..).collect()
    }

    fn commits(&self) -> usize {
        self.log.lock().unwrap().iter().filter(|did| **did == Did::Commit).count()
    }

    fn failures(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let Event::Failed { why } = event {
                failures.push(why);
            }
        }
        failures
    }
}

/// Lets the driver do all that it can.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

fn note(log: &Log, did: Did) {
    log.lock().unwrap().push(did);
}

fn published(count: usize) -> impl Iterator<Item = Did> {
    (0..count as u64).map(|id| Did::Publish(FrameId(id)))
}

#[async_trait]
impl Network for Line {
    fn watch(&mut self, _: &[Topic]) {}

    fn publish(&mut self, id: FrameId, _: Frame) {
        note(&self.log, Did::Publish(id));
    }

    fn fetch(&mut self, _: History) {}

    async fn next(&mut self) -> NetworkEvent {
        self.events.recv().await.unwrap_or(NetworkEvent::Closed)
    }
}

impl Read for Disk {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.kept.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.kept.scan(area, prefix, after, limit)
    }
}

impl Store for Disk {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let too_large = batch.iter().any(|(_, _, value)| value.is_some_and(|value| holds(value, TOO_LARGE)));
        let refusal = if too_large {
            Some(StoreError::TooLarge { len: 2, max: 1 })
        } else {
            self.refusals.lock().unwrap().pop_front()
        };
        let half = batch.iter().any(|(area, ..)| area == HALF);
        let done = if half { Did::CommitHalf } else { Did::Commit };
        note(&self.log, if refusal.is_some() { Did::Refuse } else { done });
        match refusal {
            Some(why) => Err(why),
            None => self.kept.commit(batch),
        }
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.log.lock().unwrap().push(Did::Settle);
        Ok(())
    }
}

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl<E: Engine> Engine for Fragile<E> {
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        let fails = match &input {
            Input::Send { body, .. } => holds(body.as_bytes(), FAULTY),
            Input::Tick => self.at_ticks.load(Ordering::SeqCst),
            _ => false,
        };
        let out = self.engine.step(unit, input)?;
        if fails {
            unit.cx(HALF).shelf.put(*b"half", b"done".to_vec());
            return Err(Fault { layer: Layer::Sync, reason: Reason::new(unplugged()) });
        }
        Ok(out)
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn unplugged() -> StoreError {
    StoreError::Unavailable("unplugged".into())
}

#[tokio::test]
async fn a_lone_input_does_not_wait() {
    let desk = Desk::with(Window::new(FOR_EVER, FOR_EVER));

    for text in ["one", "two", "three"] {
        desk.say(text).await.unwrap();
    }

    assert_eq!(desk.commits(), 3);
}

#[tokio::test]
async fn inputs_that_come_together_share_one_commit_and_leave_after_it_in_order() {
    let desk = Desk::new();
    let texts: Vec<String> = (0..MAX_GROUP).map(|n| format!("text {n:02}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    let answers = desk.say_all(&texts).await;

    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let whole: Vec<Did> = [Did::Commit].into_iter().chain(published(MAX_GROUP)).collect();
    assert_eq!(desk.take_log(), whole);
    assert_eq!(desk.history().await, texts);
}

#[tokio::test]
async fn a_group_has_at_most_64_inputs() {
    let desk = Desk::new();

    desk.say_all(&["again and again"; 2 * MAX_GROUP + 1]).await;

    assert_eq!(desk.commits(), 3);
}

#[tokio::test]
async fn who_was_answered_together_waits_for_each_other_the_next_time() {
    let desk = Desk::with(Window::new(FOR_EVER, FOR_EVER));
    desk.say_all(&["one", "two"]).await;

    let late = async {
        settle().await;
        assert_eq!(desk.commits(), 1, "the third waits for the fourth");
        desk.say("four").await
    };
    let (first, second) = tokio::join!(desk.say("three"), late);

    assert!(first.is_ok() && second.is_ok());
    assert_eq!(desk.commits(), 2, "one for each two");
}

#[tokio::test]
async fn who_waits_in_vain_waits_no_second_time() {
    let desk = Desk::with(Window::new(FOR_EVER, A_MOMENT));
    desk.say_all(&["one", "two"]).await;

    desk.say("three").await.unwrap();
    desk.say("four").await.unwrap();

    assert_eq!(desk.commits(), 3);
}

#[tokio::test]
async fn a_note_of_the_network_waits_for_the_first_who_comes_and_shares_its_commit() {
    let desk = Desk::with(Window::new(FOR_EVER, FOR_EVER));
    desk.say("one").await.unwrap();

    desk.network.send(NetworkEvent::Published(FrameId(0))).unwrap();
    settle().await;
    let alone = desk.commits();
    desk.say("two").await.unwrap();

    assert_eq!((alone, desk.commits()), (1, 2));
}

#[tokio::test]
async fn a_note_of_the_network_is_kept_after_the_window_if_nobody_comes() {
    let desk = Desk::with(Window::new(A_MOMENT, A_MOMENT));
    desk.say("one").await.unwrap();

    desk.network.send(NetworkEvent::Published(FrameId(0))).unwrap();
    while desk.commits() < 2 {
        tokio::task::yield_now().await;
    }

    assert_eq!(desk.take_log(), [Did::Commit, Did::Publish(FrameId(0)), Did::Commit]);
}

#[tokio::test]
async fn what_is_held_when_the_client_is_closed_is_kept() {
    let desk = Desk::with(Window::new(FOR_EVER, FOR_EVER));
    desk.say("one").await.unwrap();
    desk.network.send(NetworkEvent::Published(FrameId(0))).unwrap();
    settle().await;

    let (reply, _closed) = oneshot::channel();
    assert!(desk.commands.send(Command::Close(reply)).await.is_ok());
    desk.commands.closed().await;

    assert_eq!(desk.commits(), 2);
}

#[tokio::test]
async fn whoever_asks_is_answered_while_a_group_is_held() {
    let desk = Desk::with(Window::new(FOR_EVER, FOR_EVER));
    desk.say("one").await.unwrap();
    desk.network.send(NetworkEvent::Published(FrameId(0))).unwrap();
    settle().await;

    let history = desk.history().await;

    assert_eq!(history, ["one"]);
    assert_eq!(desk.commits(), 1, "and nothing is committed for it");
}

#[tokio::test]
async fn an_input_that_fails_leaves_no_trace_and_the_others_share_their_commit() {
    let mut desk = Desk::new();

    let answers = desk.say_all(&["before", FAULTY, "after"]).await;

    assert!(matches!(answers.as_slice(), [Ok(()), Err(SendError::Failed(_)), Ok(())]), "{answers:?}");
    assert_eq!(desk.take_log(), [Did::Commit, Did::Publish(FrameId(0)), Did::Publish(FrameId(1))]);
    assert_eq!(desk.history().await, ["before", "after"]);
    assert_eq!(desk.failures().len(), 1);
}

#[tokio::test]
async fn an_input_that_is_refused_does_not_spoil_the_others() {
    let mut desk = Desk::new();

    let answers = desk.say_all(&["before", " \n ", "after"]).await;

    assert!(matches!(answers.as_slice(), [Ok(()), Err(SendError::Invalid(_)), Ok(())]), "{answers:?}");
    assert_eq!(desk.commits(), 1);
    assert_eq!(desk.history().await, ["before", "after"]);
    assert_eq!(desk.failures(), [] as [String; 0]);
}

#[tokio::test]
async fn what_is_due_and_fails_beside_a_refused_input_leaves_no_trace_either() {
    let desk = Desk::new();
    desk.ticks_fail.store(true, Ordering::SeqCst);

    let answers = desk.say_all(&["before", " ", "after"]).await;

    assert!(matches!(answers.as_slice(), [Ok(()), Err(SendError::Failed(_)), Ok(())]), "{answers:?}");
    assert_eq!(desk.take_log(), [Did::Commit, Did::Publish(FrameId(0)), Did::Publish(FrameId(1))]);
}

#[tokio::test]
async fn a_commit_that_fails_once_is_made_good_input_by_input() {
    let mut desk = Desk::new();
    desk.refuse([unplugged()]);

    let answers = desk.say_all(&["one", "two", "three"]).await;

    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let each = published(3).flat_map(|publish| [Did::Commit, publish]);
    assert_eq!(desk.take_log(), [Did::Refuse].into_iter().chain(each).collect::<Vec<_>>());
    assert_eq!(desk.history().await, ["one", "two", "three"]);
    assert_eq!(desk.failures(), [] as [String; 0]);
}

#[tokio::test]
async fn an_input_that_the_store_does_not_take_is_refused_alone() {
    let mut desk = Desk::new();
    let texts = [TOO_LARGE, TOO_LARGE, TOO_LARGE, "small", TOO_LARGE, "small too"];

    let answers = desk.say_all(&texts).await;

    let taken: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [false, false, false, true, false, true], "{answers:?}");
    assert_eq!(desk.history().await, ["small", "small too"]);
    assert_eq!(desk.failures().len(), 4);
}

#[tokio::test]
async fn inputs_for_which_the_store_has_no_room_take_no_other_down() {
    let desk = Desk::new();
    desk.refuse((0..4).map(|_| StoreError::TooMany { max: 1 }));

    let answers = desk.say_all(&["one", "two", "three", "four"]).await;

    let taken: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [false, false, false, true], "{answers:?}");
    assert_eq!(desk.history().await, ["four"]);
}

#[tokio::test]
async fn a_disk_that_stays_full_answers_every_input_and_is_not_tried_for_each() {
    let mut desk = Desk::new();
    desk.refuse((0..100).map(|_| StoreError::Full));

    let answers = desk.say_all(&["never"; 20]).await;
    let tried = desk.take_log();
    desk.refusals.lock().unwrap().clear();
    desk.say("there is space again").await.unwrap();

    assert!(answers.iter().all(|answer| matches!(answer, Err(SendError::Full))), "{answers:?}");
    assert_eq!(tried, [Did::Refuse, Did::Refuse, Did::Refuse]);
    assert_eq!(desk.history().await, ["there is space again"]);
    assert_eq!(
        desk.take_log(),
        [Did::Commit, Did::Publish(FrameId(0))],
        "nothing of the refused ones leaves"
    );
    assert_eq!(desk.failures().len(), 20);
}

#[tokio::test]
async fn each_input_gets_the_reason_of_its_own() {
    let desk = Desk::new();
    desk.refuse([unplugged(), StoreError::Full]);

    let answers = desk.say_all(&[FAULTY, "second", "third", " "]).await;

    let [Err(SendError::Failed(fault)), Err(SendError::Full), Ok(()), Err(SendError::Invalid(_))] =
        answers.as_slice()
    else {
        panic!("{answers:?}")
    };
    assert!(fault.contains("data sync failed"), "{fault}");
}

#[tokio::test]
async fn after_a_commit_that_no_other_follows_the_store_gets_time_once() {
    let desk = Desk::new();
    let mut log = Vec::new();

    desk.say("one").await.unwrap();
    desk.say("two").await.unwrap();
    let settled = async {
        while !log.contains(&Did::Settle) {
            tokio::time::sleep(SETTLE_AFTER / 20).await;
            log.extend(desk.take_log());
        }
    };
    tokio::time::timeout(30 * SETTLE_AFTER, settled).await.unwrap();
    tokio::time::sleep(SETTLE_AFTER * 3 / 2).await;
    log.extend(desk.take_log());

    let at = log.iter().position(|did| *did == Did::Settle).unwrap();
    assert_eq!(log[at..], [Did::Settle], "after the last commit, and once: {log:?}");
    assert!(log[..at].contains(&Did::Commit));
}

#[tokio::test]
async fn a_wish_that_asks_nothing_of_the_layers_does_not_make_the_driver_forget_what_is_due() {
    let mut desk = Desk::new();
    let room = Chat::Channel(Name::new("room").unwrap());
    desk.wish(Task::join(room.clone())).await.unwrap();
    desk.say("one").await.unwrap();

    desk.wish(Task::join(room)).await.unwrap();
    desk.ticks_fail.store(true, Ordering::SeqCst);
    desk.clock.fetch_add(3_600, Ordering::SeqCst);
    // Has the driver look at the clock.
    desk.network.send(NetworkEvent::Fetching(Fetching { messages: 0, bytes: 0 })).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    assert_eq!(desk.failures().len(), 1, "what was due was not tried");
}

#[tokio::test]
async fn that_somebody_joined_is_not_forgotten_if_its_step_fails() {
    let desk = Desk::new();
    desk.say("one").await.unwrap();
    desk.network.send(NetworkEvent::Online(false)).unwrap();
    settle().await;
    desk.refuse([unplugged()]);
    desk.network.send(NetworkEvent::Online(true)).unwrap();
    settle().await;
    let failed = desk.take_log();

    desk.clock.fetch_add(15, Ordering::SeqCst);
    // By then the driver looks at the clock, for the store's sake.
    tokio::time::sleep(SETTLE_AFTER + Duration::from_millis(200)).await;

    let one = Did::Publish(FrameId(0));
    assert_eq!(failed, [Did::Commit, one.clone(), Did::Commit, Did::Refuse]);
    assert!(desk.take_log().contains(&one));
}
