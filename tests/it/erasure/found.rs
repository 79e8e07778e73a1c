//! How deletions are found: by the audit log, and by the doubt after a sweep.

use sandbox::constant_contact::Fate;
use shared::constant_contact::Operation;
use shared::store::keys;

use super::*;
use crate::trip::run_of;

/// The code by which Gigya says that the site's package has no audit log (SAP help, "Response Codes and Errors").
const NO_FEATURE: i64 = 403_036;

#[tokio::test(start_paused = true)]
async fn who_is_deleted_in_the_console_leaves_constant_contact_and_only_a_tombstone_remains() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = synced(api).await;
        assert_ne!(objects_with(&trip, &everything_of("ada")).len(), 0);
        assert!(trip.world.gigya.delete(&uid("ada")));
        log_is_read(&trip).await;
        assert!(has_left(&trip, "ada", api), "{api:?}");
        assert_nothing_is_kept_of(&trip, "ada");
        assert_ne!(objects_with(&trip, &everything_of("ben")).len(), 0, "of others all is kept");
        assert_quiet(&trip).await;
        assert!(trip.is_mailed("ben") && trip.is_mailed("cleo") && !trip.is_mailed("ada"));
        assert!(has_left(&trip, "ada", api));
        assert_nothing_is_kept_of(&trip, "ada");
    }
}

#[tokio::test(start_paused = true)]
async fn whom_a_program_deletes_the_log_hides_and_the_next_sweep_finds() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = synced(api).await;
        assert!(trip.world.gigya.delete_untold(&uid("ada")));
        log_is_read(&trip).await;
        assert!(trip.is_mailed("ada"), "nobody told of it yet");
        sweep(&trip).await;
        assert!(has_left(&trip, "ada", api), "{api:?}");
        assert_nothing_is_kept_of(&trip, "ada");
        assert_quiet(&trip).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_site_without_an_audit_log_relies_on_the_sweep_and_is_asked_again() {
    let trip = synced(Dialect::V3).await;
    trip.world.gigya.switch(|switches| switches.refuse("audit.search", NO_FEATURE));
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    assert!(trip.object(keys::ERASURE).unwrap().contains("\"log_is_closed\":true"));
    assert!(trip.is_mailed("ada"));
    sweep(&trip).await;
    assert!(has_left(&trip, "ada", Dialect::V3));

    trip.world.gigya.switch(|switches| switches.refuses.clear());
    assert!(trip.world.gigya.delete(&uid("ben")));
    log_is_read(&trip).await;
    assert!(has_left(&trip, "ben", Dialect::V3), "the log is read from where it was closed");
    assert!(trip.object(keys::ERASURE).unwrap().contains("\"log_is_closed\":false"));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_no_longer_reaches_back_leaves_the_rest_to_the_sweep() {
    let trip = synced(Dialect::V3).await;
    trip.world.gigya.switch(|switches| switches.refuse("audit.search", NO_FEATURE));
    assert!(trip.world.gigya.delete(&uid("ada")));
    for _ in 0..13 {
        trip.pass(Duration::from_hours(30 * 24)).await;
        trip.world.tick().await.unwrap();
    }
    trip.world.gigya.switch(|switches| switches.refuses.clear());
    sweep(&trip).await;
    assert!(has_left(&trip, "ada", Dialect::V3));
    assert!(trip.world.gigya.delete(&uid("ben")));
    log_is_read(&trip).await;
    assert!(has_left(&trip, "ben", Dialect::V3), "the mark goes on");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_there_again_is_not_erased_however_sure_the_log_is() {
    let trip = synced(Dialect::V3).await;
    // The log tells of a deletion; then an account with the same UID is there again.
    let ada = trip.account("ada");
    assert!(trip.world.gigya.delete(&uid("ada")));
    trip.world.gigya.insert(serde_json::Value::Object(ada.into()));
    log_is_read(&trip).await;
    sweep(&trip).await;
    assert!(trip.is_mailed("ada"));
    assert!(!has_left(&trip, "ada", Dialect::V3));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_comes_to_nothing_is_asked_for_again() {
    let trip = synced(Dialect::V3).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    trip.world.constant_contact.script_activities([Fate::Fails, Fate::IsCancelled]);
    for _ in 0..3 {
        log_is_read(&trip).await;
    }
    assert!(has_left(&trip, "ada", Dialect::V3));
    assert_eq!(trip.world.constant_contact.calls()[&Operation::DeleteContacts], 3);
    assert!(trip.object(keys::ERASURE).unwrap().contains("\"removals\":[]"));
}

#[tokio::test(start_paused = true)]
async fn a_contact_of_somebody_erased_that_turns_up_again_is_deleted_again() {
    let trip = synced(Dialect::V3).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    let contact = trip.world.constant_contact.contact_by_address(&address("ada")).unwrap();
    let newsletter = trip.world.lists.newsletter.clone();
    trip.world.constant_contact.edit(&contact.id, |ada| {
        ada.deleted_at = None;
        ada.lists.insert(newsletter);
    });
    trip.inbound().await;
    trip.inbound().await;
    assert!(has_left(&trip, "ada", Dialect::V3));
    assert_nothing_is_kept_of(&trip, "ada");
}

#[tokio::test(start_paused = true)]
async fn somebody_deleted_while_they_are_sent_is_not_brought_back_by_their_staged_account() {
    let trip = synced(Dialect::V3).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.pass(Duration::from_mins(1)).await;
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    assert!(trip.world.gigya.delete(&uid("ada")));
    trip.pass(NEXT_LOG).await;
    trip.world.poll(json!({})).await.unwrap();
    let run = trip.world.open_run().unwrap();
    trip.persist_with(&run).await;
    trip.inbound().await;
    assert!(has_left(&trip, "ada", Dialect::V3));
    let mut asked = everything_of("ada");
    asked.push("Newname".to_owned());
    assert_eq!(objects_with(&trip, &asked), Vec::<String>::new(), "once the run is over");
    assert_quiet(&trip).await;
}

/// Seed 9199: a run that began while poll took somebody out of past runs had read before that they were due, and wrote it into
/// its own objects afterwards.
#[tokio::test(start_paused = true)]
async fn a_run_that_begins_while_somebody_is_taken_out_of_past_runs_keeps_nothing_of_them() {
    for tenths in 0..20 {
        let trip = synced(Dialect::V3).await;
        trip.edit_contact("ada", |it| drop(it.texts.insert("last_name".into(), "Mistyped".into())));
        trip.pass(Duration::from_mins(5)).await;
        trip.world.poll(json!({})).await.unwrap();
        assert!(trip.object(keys::DUE).unwrap().contains(uid("ada").as_str()));
        assert!(trip.world.gigya.delete(&uid("ada")));
        trip.pass(NEXT_LOG).await;
        let export = async {
            trip.pass(Duration::from_millis(100 * tenths)).await;
            trip.world.export(json!({"scope": "delta"})).await.unwrap()
        };
        let (polled, exported) = tokio::join!(trip.world.poll(json!({})), export);
        polled.unwrap();
        trip.persist_with(&run_of(&exported)).await;
        trip.inbound().await;
        assert_nothing_is_kept_of(&trip, "ada");
    }
}
