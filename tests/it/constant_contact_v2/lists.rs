//! Lists, and the ids of everything.

use super::*;

#[tokio::test(start_paused = true)]
async fn lists_are_a_bare_array_and_are_made_once() {
    let rig = Rig::new();
    rig.person("zoe@example.com");
    let hidden = json!({"name": "Updates", "status": "HIDDEN"});
    let made = rig.post("lists", &hidden);
    assert_eq!((made.status, &made.body["status"]), (StatusCode::CREATED, &json!("HIDDEN")));
    assert_eq!(rig.post("lists", &hidden).status, StatusCode::CONFLICT);
    assert_eq!(rig.post("lists", &json!({"name": "x"})).status, StatusCode::BAD_REQUEST);
    let lists = rig.get("lists").body;
    let names: Vec<_> = lists.as_array().unwrap().iter().map(|list| &list["name"]).collect();
    assert_eq!(names, ["Newsletter", "Updates"]);
    assert_eq!((&lists[0]["id"], &lists[0]["contact_count"]), (&json!(rig.list), &json!(1)));
    let one = rig.get(&format!("lists/{}", made.id()));
    assert_eq!((one.status, &one.body), (StatusCode::OK, &made.body));
    assert_eq!(rig.get("lists/7").status, StatusCode::NOT_FOUND);
    assert_eq!(rig.simulator.lists()[1].1, "Updates", "v3 has it too");
}

#[tokio::test(start_paused = true)]
async fn ids_are_texts_or_numbers_or_now_this_now_that() {
    for (ids, expected) in [
        (v2::Ids::Texts, [false, false]),
        (v2::Ids::Numbers, [true, true]),
        (v2::Ids::Mixed, [false, true]),
    ] {
        let rig = Rig::with(v2::Switches { ids, ..v2::Switches::default() });
        rig.person("zoe@example.com");
        rig.person("ada@example.com");
        rig.simulator.add_list("Updates");
        let people = rig.get("contacts").body;
        let shown = [0, 1].map(|place| people["results"][place]["id"].is_number());
        assert_eq!(shown, expected);
        let lists = rig.get("lists").body;
        assert_eq!([0, 1].map(|place| lists[place]["id"].is_number()), expected);
    }
}
