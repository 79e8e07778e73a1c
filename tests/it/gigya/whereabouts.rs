//! What became of accounts that are missing: deleted is told from what cannot be read.

use shared::gigya::Whereabouts;

use super::*;

async fn whereabouts(world: &World, uids: &[&Uid]) -> Vec<Whereabouts> {
    let asked: Vec<Uid> = uids.iter().map(|uid| (*uid).clone()).collect();
    let mut known = world.client.whereabouts(&asked).await.unwrap();
    assert_eq!(known.len(), uids.len());
    uids.iter().map(|uid| known.remove(uid).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_was_deleted_is_unclear_while_searches_lag_and_then_gone() {
    let world = world(3);
    let (deleted, there, never) = (Uid::new("u0001"), Uid::new("u0002"), Uid::new("never"));
    assert!(world.simulator.delete(&deleted));
    let asked = [&deleted, &there, &never];
    let is_now = |first| [first, Whereabouts::Full, Whereabouts::Gone];
    assert_eq!(whereabouts(&world, &asked).await, is_now(Whereabouts::Unclear));
    wait(Duration::from_secs(2)).await;
    assert_eq!(whereabouts(&world, &asked).await, is_now(Whereabouts::Gone));
}

#[tokio::test(start_paused = true)]
async fn a_lite_account_is_not_deleted_though_it_cannot_be_read_by_uid() {
    for has_uids in [true, false] {
        let world = world(0);
        world.simulator.switch(|switches| switches.lite_accounts_have_uids = has_uids);
        let ada = world.simulator.insert_lite("ada@example.com", serde_json::Map::new());
        let bea = world.simulator.insert_lite("bea@example.com", serde_json::Map::new());
        wait(Duration::from_secs(2)).await;
        assert_eq!(world.client.account(&ada, &paths(&[])).await.unwrap(), None);
        assert_eq!(whereabouts(&world, &[&ada, &bea]).await, [const { Whereabouts::Lite }; 2]);
        assert!(world.simulator.upgrade(&ada, &"u1".into()));
        assert!(world.simulator.delete(&bea));
        wait(Duration::from_secs(2)).await;
        let upgraded =
            if has_uids { Whereabouts::Gone } else { Whereabouts::Upgraded { to: "u1".into() } };
        assert_eq!(whereabouts(&world, &[&ada, &bea]).await, [upgraded, Whereabouts::Gone]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_searches_show_and_nobody_may_read_is_unclear_for_ever() {
    let world = world(2);
    wait(Duration::from_mins(1)).await;
    let refusals = vec![Fault::Code(403_005); 4];
    world.simulator.switch(|switches| switches.fail("accounts.getAccountInfo", refusals));
    let uids = [&Uid::new("u0000"), &Uid::new("u0001")];
    assert_eq!(whereabouts(&world, &uids).await, [const { Whereabouts::Unclear }; 2]);
    assert_eq!(whereabouts(&world, &uids).await, [const { Whereabouts::Unclear }; 2]);
    assert_eq!(whereabouts(&world, &uids).await, [const { Whereabouts::Full }; 2]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_gone_because_a_call_is_not_permitted() {
    for method in ["accounts.getAccountInfo", "accounts.search"] {
        let world = world(1);
        world.simulator.switch(|switches| switches.refuse(method, 403_007));
        let error = world.client.whereabouts(&["nobody".into()]).await.unwrap_err();
        assert!(error.is_forbidden(), "{error}");
        assert_eq!(error.disposition(), Disposition::Halt);
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_cannot_be_read_are_looked_for_by_the_hundred() {
    let world = world(1);
    let uids: Vec<Uid> = (1..=450).map(|n| Uid::new(format!("gone{n}"))).collect();
    let known = world.client.whereabouts(&uids).await.unwrap();
    assert!(known.len() == 450 && known.values().all(|what| *what == Whereabouts::Gone));
    assert_eq!(world.client.calls(), 450 + 2 * 3);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_asks_for_everybody_by_the_hundred_and_shows_who_is_known_no_longer() {
    let world = world(450);
    world.simulator.switch(|switches| switches.lite_accounts_have_uids = false);
    let ada = world.simulator.insert_lite("ada@example.com", serde_json::Map::new());
    let bea = world.simulator.insert_lite("bea@example.com", serde_json::Map::new());
    assert!(world.simulator.delete_untold(&"u0007".into()));
    wait(Duration::from_secs(2)).await;
    assert!(world.simulator.upgrade(&ada, &"upgraded".into()));
    wait(Duration::from_secs(2)).await;
    let mut uids: Vec<Uid> = (0..450).map(|n| Uid::new(format!("u{n:04}"))).collect();
    uids.extend([ada.clone(), bea]);
    let before = world.client.calls();
    let unseen = world.client.unseen(&uids).await.unwrap();
    assert_eq!(unseen, [ada, "u0007".into()].into());
    // Three hundreds of full accounts, and twice those of them who are none.
    assert_eq!(world.client.calls() - before, 3 + 2);
    assert_eq!(world.client.unseen(&[]).await.unwrap(), BTreeSet::new());
}
