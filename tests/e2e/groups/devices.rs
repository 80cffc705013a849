//! Groups of somebody with two devices.

use status_chat::{Chat, Event, GroupChange, Identity, Membership, Notice};
use status_e2e::town::House;

use super::people::{FAIR, Person, town};

#[tokio::test(start_paused = true)]
async fn both_devices_of_a_member_are_in_read_all_and_leave_together() {
    let (sky, [mut alice, mut phone]) = town::<2>(41, FAIR).await;
    let words = phone.client.recovery_phrase().expose().to_owned();
    let mut house = House::new(&sky, 99);
    let client = house.wake(|builder| builder.identity(Identity::restore(&words).unwrap())).await;
    let mut desk = Person { events: client.events(), house, client };
    let ids = [phone.client.device().clone(), desk.client.device().clone()];
    for (one, other) in [(&mut phone, 1), (&mut desk, 0)] {
        let id = ids[other].clone();
        one.wait(|event| {
            matches!(event, Event::Notice(Notice::NewDevice { device, .. }) if device == id).then_some(())
        })
        .await;
        one.client.devices().confirm(&id).await.unwrap();
    }
    let bob = phone.user();

    let group = alice.client.groups().create("climbing", &[bob]).await.unwrap();
    phone.accept().await;
    while desk.until(GroupChange::Entered).await != alice.user() {}
    alice.until(GroupChange::Joined).await;
    alice.say(&group, "hello bob").await;
    let heard = [phone.message().await, desk.message().await];
    phone.say(&group, "from my phone").await;
    let copies = [alice.message().await, desk.message().await];
    desk.client.leave(&Chat::from(group.clone())).await.unwrap();
    phone.until(GroupChange::Left).await;
    alice.until(GroupChange::Left).await;

    assert_eq!(heard[0].id, heard[1].id);
    assert_eq!((copies[0].id, copies[0].from), (copies[1].id, bob));
    for device in [&phone, &desk] {
        assert_eq!(device.membership(&group).await, Membership::Left);
        assert_eq!(device.texts(&group).await, ["hello bob", "from my phone"]);
    }
}
