//! What ends by time alone, while nothing can be sent.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{Cx, Due, MessageId, StoreError, Timestamp, UserId};

use super::ack::given_up;
use super::send::{Sent, load};
use super::{Exchange, ago};
use crate::table::record::{self, Kind, Task};
use crate::table::{lapse, pages, peer};

/// How often all that waits is looked at while nothing can be sent.
const GAP: Duration = Duration::from_secs(3_600);

/// Whoever was not asked for so long, because the program did not run or sending went well, looks only after another
/// [`GAP`]: until then what is too old may get to be sent once more.
const AWAY: Duration = Duration::from_secs(86_400);

impl Exchange {
    /// Notes the time: gives up what is too old, hands up what has waited long enough for others, and takes nothing to be
    /// sent.
    ///
    /// It walks through all that waits, but at most once in each [`GAP`].
    pub(crate) fn lapse(&self, cx: &mut Cx<'_>) -> Result<Due<Sent>, StoreError> {
        let mut sent = Sent::default();
        let overdue = self.overdue(cx, &mut sent.events)?;
        let planned = lapse::planned(&cx.shelf)?;
        let away = planned.is_none_or(|at| at < ago(cx.now, AWAY) || at > cx.now.after(GAP));
        let next = match planned.filter(|at| *at > cx.now && !away) {
            Some(at) => at,
            None => {
                if !away {
                    self.give_up_old(cx, &mut sent.given_up)?;
                }
                let next = cx.now.after(GAP);
                lapse::plan(&mut cx.shelf, next);
                next
            }
        };
        Ok(Due { now: sent, next: overdue.into_iter().chain([next]).min() })
    }

    fn give_up_old(&self, cx: &mut Cx<'_>, lost: &mut Vec<(MessageId, UserId)>) -> Result<(), StoreError> {
        let too_old = ago(cx.now, self.config.give_up_after);
        for user in peer::all_due(&cx.shelf)? {
            let old = self.waiting_since(cx, &user, too_old)?;
            if old.is_empty() {
                continue;
            }
            let mut peer = peer::Peer::load(&cx.shelf, &user)?;
            for task in old {
                let settled = given_up(cx, &mut peer, &task)?;
                lost.extend(settled.names.iter().map(|name| (*name, user)));
            }
            peer.settle(&cx.shelf, cx.now)?;
            peer.save(&mut cx.shelf);
        }
        Ok(())
    }

    /// What waits for `user` since `then` or longer.
    fn waiting_since(&self, cx: &Cx<'_>, user: &UserId, then: Timestamp) -> Result<Vec<Task>, StoreError> {
        let (mut old, mut place) = (Vec::new(), None);
        for limit in pages() {
            let page = record::queue(&cx.shelf, user, place, limit)?;
            let Some((last, _)) = page.last() else { break };
            place = Some(*last);
            for (_, task) in page {
                if task.kind != Kind::Request && self.habits.wakes() && load(cx, &task)?.queued <= then {
                    old.push(task);
                }
            }
        }
        Ok(old)
    }
}
