//! The suite that every implementation of the seam passes.

use status_layer::testing::conform;

use crate::support::waku;

#[test]
fn waku_keeps_the_rules_of_the_privacy_seam() {
    conform::privacy(|seat| {
        let waku = waku(seat + 1);
        let user = waku.user();
        (waku, user)
    });
}
