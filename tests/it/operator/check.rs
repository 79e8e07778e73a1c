//! `gigya-cc check`: everything that would fail in a run is found before it, and nothing is written.

use operator::check::{Checked, Subject, UidField, Verdict, deployment};
use operator::render::words_of_check;
use sandbox::constant_contact::v2;
use sandbox::gigya::Fault;
use serde_json::json;
use shared::store::keys;

use super::{SECRET, SETTINGS, World};

async fn look(world: &World) -> Checked {
    Box::pin(deployment(&world.services(), UidField::LookFor)).await
}

/// What is not good about one subject.
fn complaints(checked: &Checked, subject: Subject) -> String {
    let of = |finding: &&operator::check::Finding| {
        finding.subject == subject && finding.verdict != Verdict::Good
    };
    let checks = checked.checks.iter().filter(of).cloned().collect();
    words_of_check(&Checked { checks, lists: Vec::new() })
}

#[tokio::test(start_paused = true)]
async fn a_customer_in_order_is_told_so_and_shown_the_lists() {
    let world = World::new(3);
    let checked = look(&world).await;
    assert!(checked.is_good());
    insta::assert_snapshot!(words_of_check(&checked), @r#"
    ✓ settings: sync.toml is in order: 3 fields mapped, 1 mailing list, consent in subscriptions.newsletter.email
    ✓ secret: the secret has everything that is needed
    ✓ Gigya: the key works, and may read the site's schema
    ✓ Gigya: the site has all 3 fields that the settings name
    ✓ Gigya: subscriptions.newsletter.email keeps the consent
    ✓ Gigya: the search works and finds 3 accounts
    ✓ Gigya: subscriptions can be searched too
    ✓ Gigya: a changed subscription is found by its own time
    ✓ Constant Contact: the connection works; the tenant has 3 lists
    ✓ Constant Contact: the tenant has every list and custom field that is named
    ✓ Constant Contact: updates go through the list "Never mail this", which nobody may ever mail
    ✓ Constant Contact: the custom field "gigya_uid" is not there yet; the first upload makes it (or --create-uid-field now)

    Lists in Constant Contact, for the ids in sync.toml:
      [[lists]]    00000000-11a7-11ec-8a11-000000000000  Newsletter
      update_list  00000001-11a7-11ec-8a11-000000000001  Never mail this
                   00000002-11a7-11ec-8a11-000000000002  Old customers
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_check_writes_nothing_but_the_token_that_it_renewed() {
    let world = World::new(3);
    let fields = world.tenant.custom_fields();
    assert!(look(&world).await.is_good());
    assert_eq!((world.site.writes(), world.tenant.writes()), (0, 0));
    assert_eq!(world.tenant.custom_fields(), fields);
    // The day's calls are counted, whoever makes them.
    assert_eq!(world.objects(), [keys::SETTINGS, keys::QUOTA]);
    let secret = world.aws.vault().current(SECRET).unwrap();
    assert!(look(&world).await.is_good());
    assert_eq!(world.aws.vault().current(SECRET).unwrap(), secret, "the token is still good");
    assert_eq!(world.tenant.reused_refresh_tokens(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_field_of_the_uid_is_made_when_the_operator_asks_for_it_and_once() {
    let world = World::new(0);
    let fields = world.tenant.custom_fields().len();
    for _ in 0..2 {
        let checked = Box::pin(deployment(&world.services(), UidField::Create)).await;
        assert!(checked.is_good(), "{}", words_of_check(&checked));
    }
    let made: Vec<_> = world.tenant.custom_fields().split_off(fields);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].1, "gigya_uid");
}

#[tokio::test(start_paused = true)]
async fn what_the_settings_name_and_the_vendors_do_not_have_is_all_listed() {
    let world = World::new(3);
    world.site.set_schema(json!({
        "profileSchema": {"fields": {"email": {"type": "string"}, "firstName": {"type": "string"}}},
        "dataSchema": {"fields": {"subscribe": {"type": "string"}}, "dynamicSchema": false},
        "subscriptionsSchema": {"fields": {"offers": {"email": {"type": "subscription"}}}},
        "preferencesSchema": {"fields": {}},
    }));
    world.put_settings(
        &SETTINGS
            .replace("00000000-11a7", "99999999-11a7")
            .replace("00000001-11a7", "88888888-11a7")
            .replace("profile.city", "data.city")
            .replace("cf:town", "cf:village"),
    );
    let checked = look(&world).await;
    assert!(!checked.is_good());
    insta::assert_snapshot!(complaints(&checked, Subject::Gigya), @r#"
    ✗ Gigya: data.city is no field of the site → correct the path, or add the field in Gigya's schema editor
    ✗ Gigya: subscriptions.newsletter.email is no subscription of the site → name one of the site's own: subscriptions.offers.email
    "#);
    insta::assert_snapshot!(complaints(&checked, Subject::ConstantContact), @r#"
    ✗ Constant Contact: [[lists]] id = "99999999-11a7-11ec-8a11-000000000000": no such list; copy the id of one of the lists that `gigya-cc check` shows
    ✗ Constant Contact: update_list = "88888888-11a7-11ec-8a11-000000000001": no such list; copy the id of one of the lists that `gigya-cc check` shows
    ✗ Constant Contact: [[fields]] constant_contact = "cf:village": no custom field is named "village"; name it as Constant Contact does (Contacts, Custom fields), or create it there as text
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_field_that_writing_would_create_is_doubtful_and_a_strict_one_is_wrong() {
    let world = World::new(3);
    world.put_settings(&SETTINGS.replace("profile.firstName", "data.frist_name"));
    insta::assert_snapshot!(complaints(&look(&world).await, Subject::Gigya), @"! Gigya: data.frist_name is not in the site's schema, and carrying a value home would create it → check how it is written, or add it to the schema");
    world.put_settings(&SETTINGS.replace("profile.firstName", "profile.frist_name"));
    insta::assert_snapshot!(complaints(&look(&world).await, Subject::Gigya), @"✗ Gigya: profile.frist_name is no field of the site → correct the path, or add the field in Gigya's schema editor");
}

#[tokio::test(start_paused = true)]
async fn what_lite_accounts_need_is_said_and_what_the_site_cannot_search_too() {
    let world = World::new(3);
    let lite = "populations = [\"full\", \"lite\"]\nwhere_lite = \"\"\n\n[constant_contact]";
    world.put_settings(&SETTINGS.replace("[constant_contact]", lite));
    insta::assert_snapshot!(complaints(&look(&world).await, Subject::Gigya), @r#"! Gigya: the search works and finds no lite account → check [gigya] where_lite, and whether the site has lite registration; else leave "lite" out of populations"#);

    let subscribed = json!({"subscriptions": {"newsletter": {"email": {"isSubscribed": true}}}});
    let sections = subscribed.as_object().unwrap().clone();
    world.site.insert_lite("ada@example.com", sections);
    shared::http::call::wait(std::time::Duration::from_mins(1)).await;
    let checked = look(&world).await;
    assert!(checked.is_good() && complaints(&checked, Subject::Gigya).trim().is_empty());
    let said = words_of_check(&checked);
    assert!(said.contains("finds 1 lite account; opt-outs go to them by accounts.unsubscribe"));

    world.site.switch(|switches| switches.refuse_queries("lastUpdatedSubscriptionState", 400_006));
    world.site.switch(|switches| switches.refuse_queries("hasLiteAccount = true", 403_007));
    let complaints = complaints(&look(&world).await, Subject::Gigya);
    assert!(
        complaints.contains("! Gigya: the site cannot be searched by the time of a subscription")
    );
    assert!(
        complaints
            .contains("accounts.importLiteAccount and accounts.unsubscribe in Gigya's console")
    );
}

#[tokio::test(start_paused = true)]
async fn double_opt_in_at_the_site_must_be_in_the_settings_too() {
    let world = World::new(3);
    world.site.set_schema(json!({
        "profileSchema": {"fields": {"email": {"type": "string"}, "firstName": {"type": "string"},
                                     "city": {"type": "string"}}},
        "subscriptionsSchema": {"fields":
            {"newsletter": {"email": {"type": "subscription", "doubleOptIn": true}}}},
    }));
    insta::assert_snapshot!(complaints(&look(&world).await, Subject::Gigya), @"✗ Gigya: subscriptions.newsletter.email asks for double opt-in, and people would be sent who have not confirmed → write double_opt_in = true under [consent]");
    let asking = "[consent]\ndouble_opt_in = true";
    world.put_settings(&SETTINGS.replace("[consent]", asking));
    assert!(look(&world).await.is_good());
}

#[tokio::test(start_paused = true)]
async fn a_plain_field_of_consent_must_be_a_boolean() {
    let world = World::new(3);
    world.site.set_schema(json!({
        "profileSchema": {"fields": {"email": {"type": "string"}, "firstName": {"type": "string"},
                                     "city": {"type": "string"}}},
        "dataSchema": {"fields": {"subscribe": {"type": "boolean"}, "note": {"type": "string"}}},
    }));
    let consent_in = |path: &str| SETTINGS.replace("subscriptions.newsletter.email", path);
    for (path, is_good) in [("data.subscribe", true), ("data.note", false), ("data.none", false)] {
        world.put_settings(&consent_in(path));
        assert_eq!(look(&world).await.is_good(), is_good, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_do_not_work_are_told_with_the_next_step() {
    let world = World::new(3);
    let mut secret = world.secret();
    secret["gigya"]["user_key"] = "somebody-else".into();
    world.put_secret(&secret);
    world.tenant.revoke();
    let checked = look(&world).await;
    let gigya = complaints(&checked, Subject::Gigya);
    assert!(gigya.contains("403005") && gigya.contains("gigya.user_key"), "{gigya}");
    insta::assert_snapshot!(complaints(&checked, Subject::ConstantContact), @"✗ Constant Contact: no access token to read the lists: no access token could be had: Constant Contact gave no new tokens: Constant Contact did not refresh the access token: 400 invalid_grant; the refresh token is used up, expired or revoked: authorise the application anew and put the new refresh_token into the secret");
    let told = words_of_check(&checked);
    assert!(!told.contains(CLIENT_SECRET_START), "no secret is shown: {told}");
}

/// How the simulated client secret begins.
const CLIENT_SECRET_START: &str = "simulated-";

#[tokio::test(start_paused = true)]
async fn a_key_without_permission_to_search_is_told() {
    let world = World::new(3);
    world.site.switch(|switches| switches.fail("accounts.search", [Fault::Code(403_007)]));
    let gigya = complaints(&look(&world).await, Subject::Gigya);
    assert!(gigya.contains("give the application permission"), "{gigya}");
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_finds_nobody_is_doubtful() {
    let world = World::new(0);
    let checked = look(&world).await;
    assert!(checked.is_good());
    insta::assert_snapshot!(complaints(&checked, Subject::Gigya), @"! Gigya: the search works and finds nobody → check [gigya] where and api_key, unless the site is still empty");
}

#[tokio::test(start_paused = true)]
async fn settings_and_secret_are_judged_both_before_anybody_is_asked() {
    let world = World::new(3);
    world.put_settings(&SETTINGS.replace("eu1.gigya.com", "eu1"));
    world.put_secret(&json!({"gigya": {"user_key": "k"}, "constant_contact": {}}));
    let checked = look(&world).await;
    insta::assert_snapshot!(words_of_check(&checked), @r#"
    ✗ settings: sync.toml line 3: [gigya] data_center "eu1" is no data centre of Gigya's; write it as eu1.gigya.com (us1, eu1, eu2, au1, global) or cn1.sapcdm.cn
    ✗ secret: gigya.secret or gigya.private_key is missing
    ✗ secret: constant_contact.client_id is missing
    ✗ secret: constant_contact.client_secret is missing
    ✗ secret: constant_contact.refresh_token is missing
    ✗ secret: fingerprint_key is missing; make one with `openssl rand -base64 32`
    ! Gigya: not asked yet → mend settings and secret first
    ! Constant Contact: not asked yet → mend settings and secret first
    "#);
    assert!(world.site.calls().is_empty() && world.tenant.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn settings_or_a_secret_that_are_not_there_are_told() {
    let world = World::new(0);
    world.aws.objects().delete(super::BUCKET, keys::SETTINGS);
    let checked = look(&world).await;
    let settings = complaints(&checked, Subject::Settings);
    assert!(settings.contains("put the customer's sync.toml into the bucket"), "{settings}");

    let empty = sandbox::aws::Aws::new(world.clock);
    let checked = look(&World { aws: empty, ..world }).await;
    let words = words_of_check(&checked);
    assert!(words.contains("NoSuchBucket") && words.contains("check BUCKET"), "{words}");
    assert!(words.contains("ResourceNotFound") && words.contains("check SECRET_ID"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_customer_with_an_old_key_is_told_what_v2_cannot_do() {
    let world = World::new(3);
    let number = |place: usize| {
        let lists = world.tenant.lists();
        v2::list_number(&lists[place].0).unwrap().to_string()
    };
    let settings = super::SETTINGS
        .replace("\"v3\"", "\"v2\"")
        .replace("00000001-11a7-11ec-8a11-000000000001", &number(1))
        .replace("00000000-11a7-11ec-8a11-000000000000", &number(0))
        .replace("\"cf:town\"", "\"country\"");
    world.put_settings(&settings);
    let mut secret = world.secret();
    secret["constant_contact"] = json!({"api_key": v2::API_KEY, "access_token": v2::ACCESS_TOKEN});
    world.put_secret(&secret);
    let checked = look(&world).await;
    assert!(checked.is_good());
    insta::assert_snapshot!(words_of_check(&checked), @r#"
    ✓ settings: sync.toml is in order: 3 fields mapped, 1 mailing list, consent in subscriptions.newsletter.email
    ! settings: api = "v2": Constant Contact gives out no new v2 keys, and may retire those that there are → plan the move to v3; list ids and contacts can be carried over (GET /contact_lists/list_id_xrefs)
    ! settings: v2 can change but not empty country: a value that is taken away at Gigya stays there, and is listed in conflicts.ndjson → set [constant_contact] blanks_enabled = true, so that an import may empty values
    ✓ secret: the secret has everything that is needed
    ✓ Gigya: the key works, and may read the site's schema
    ✓ Gigya: the site has all 3 fields that the settings name
    ✓ Gigya: subscriptions.newsletter.email keeps the consent
    ✓ Gigya: the search works and finds 3 accounts
    ✓ Gigya: subscriptions can be searched too
    ✓ Gigya: a changed subscription is found by its own time
    ✓ Constant Contact: the connection works; the tenant has 3 lists
    ✓ Constant Contact: the tenant has every list and custom field that is named
    ✓ Constant Contact: updates go through the list "Never mail this", which nobody may ever mail
    ✓ Constant Contact: the custom field "custom_field_1" carries the UID

    Lists in Constant Contact, for the ids in sync.toml:
      [[lists]]    2050000001  Newsletter
      update_list  2050000002  Never mail this
                   2050000003  Old customers
    "#);

    world.tenant.retire_v2();
    insta::assert_snapshot!(complaints(&look(&world).await, Subject::ConstantContact), @r#"✗ Constant Contact: Constant Contact did not read the lists: 410 http.status.gone; v2 has been retired: move to v3 (api = "v3", and client_id, client_secret and refresh_token in the secret)"#);
}
