//! How activities go on, are listed and are forgotten.

use super::*;

const CSV: &str = "EMAIL\nzoe@example.com\nada@example.com\n";

#[tokio::test(start_paused = true)]
async fn an_activity_is_pending_queued_running_and_complete() {
    let rig = Rig::new();
    let answer = rig.submit(CSV);
    let mut states = Vec::new();
    for _ in 0..4 {
        let activity = rig.get(&format!("activities/{}", answer.id())).body;
        let is_over = activity["status"] == "COMPLETE";
        assert_eq!(activity["contact_count"], if is_over { 2 } else { 0 });
        assert_eq!(activity.get("finish_date").is_some(), is_over);
        assert_eq!(activity["file_name"], "run.0.0.csv");
        assert_eq!(activity["created_date"], "2026-11-23T04:50:00.000Z");
        states.push(activity["status"].as_str().unwrap().to_owned());
        pass(Duration::from_millis(700)).await;
    }
    assert_eq!(states, ["PENDING", "QUEUED", "RUNNING", "COMPLETE"]);
}

#[tokio::test(start_paused = true)]
async fn activities_fail_hang_time_out_lose_rows_and_are_denied() {
    let rig = Rig::new();
    rig.simulator.script_activities([
        Fate::Fails,
        Fate::Hangs,
        Fate::TimesOut,
        Fate::DropsRows,
        Fate::IsForgotten,
        Fate::IsCancelled,
    ]);
    let mut answers = Vec::new();
    for number in 0..6 {
        let csv = format!("EMAIL\na{number}@example.com\nb{number}@example.com\n");
        answers.push(rig.submit(csv));
    }
    pass(Duration::from_mins(1)).await;
    let seen = |place: usize| {
        let activity = rig.get(&format!("activities/{}", answers[place].id()));
        let (status, count) = (&activity.body["status"], &activity.body["contact_count"]);
        (status.as_str().unwrap_or_default().to_owned(), count.as_u64().unwrap_or_default())
    };
    let expected = [("ERROR", 0), ("RUNNING", 0), ("ERROR", 1), ("COMPLETE", 1)];
    for (place, (status, count)) in expected.into_iter().enumerate() {
        assert_eq!(seen(place), (status.to_owned(), count), "{place}");
    }
    let denied = rig.get(&format!("activities/{}", answers[4].id()));
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
    assert_eq!(seen(5), ("CANCELLED".to_owned(), 0));
    let landed: Vec<_> =
        rig.simulator.contacts().into_iter().filter_map(|person| person.address).collect();
    assert_eq!(landed, ["a2@example.com", "a3@example.com", "a4@example.com", "b4@example.com"]);
    assert_eq!(rig.get("activities").body.as_array().unwrap().len(), 5);
    assert_eq!(rig.simulator.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_later_activity_may_end_first() {
    let rig = Rig::switched(Switches { limited: false, out_of_order: true, ..Switches::default() });
    let (first, second) = (rig.submit(CSV), rig.submit(CSV));
    pass(Duration::from_secs(3)).await;
    let status = |answer: &Answer| rig.get(&format!("activities/{}", answer.id())).body;
    assert_eq!(status(&first)["status"], "QUEUED");
    assert_eq!(status(&second)["status"], "COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn the_last_fifty_are_listed_by_status_and_type() {
    let rig = Rig::new();
    let first = rig.submit(CSV);
    pass(Duration::from_mins(1)).await;
    for _ in 0..49 {
        rig.submit(CSV);
    }
    let ids = |path: &str| -> Vec<String> {
        let listed = rig.get(path).body;
        let id = |activity: &Value| activity["id"].as_str().unwrap().to_owned();
        listed.as_array().unwrap().iter().map(id).collect()
    };
    assert_eq!(ids("activities").len(), 50);
    assert_eq!(ids("activities?status=COMPLETE&type=ADD_CONTACTS"), [first.id()]);
    assert_eq!(ids("activities?status=PENDING").len(), 49);
    assert_eq!(ids("activities?type=EXPORT_CONTACTS").len(), 0);
    let last = rig.post("activities/clearlists", &json!({"lists": [rig.list]}));
    assert_eq!(ids("activities?status=COMPLETE"), Vec::<String>::new(), "the first fell out");
    assert_eq!(ids("activities?status=ALL")[0], last.id());
    assert_eq!(rig.get(&format!("activities/{}", first.id())).status, StatusCode::OK);
    assert_eq!(rig.get("activities?status=completed").status, StatusCode::BAD_REQUEST);
    assert_eq!(rig.get("activities?type=IMPORT").status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn an_activity_is_forgotten_after_fourteen_days() {
    let rig = Rig::new();
    let path = format!("activities/{}", rig.submit(CSV).id());
    pass(Duration::from_hours(24 * 14 - 1)).await;
    assert_eq!(rig.get(&path).status, StatusCode::OK);
    pass(Duration::from_hours(1)).await;
    assert_eq!(rig.get(&path).status, StatusCode::NOT_FOUND);
    assert_eq!(rig.get("activities").body, json!([]));
}
