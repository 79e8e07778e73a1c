//! A world whose customer speaks v2.

use sandbox::world::{Endpoints, FarEnds, SECRET_ID, sync_toml};
use shared::domain::Dialect;
use shared::secrets::{ConstantContactSecret, CustomerSecret};
use shared::settings::CustomerSettings;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_customer_of_v2_has_numbers_for_lists_and_a_key_for_a_connection() {
    let clock = Clock::starting_at(START.parse().unwrap());
    let far = FarEnds::new(clock, Dialect::V2, Switches::default());
    let endpoints = Endpoints {
        gigya: "http://127.0.0.1:1".to_owned(),
        constant_contact: format!("http://127.0.0.1:2{}", v2::BASE_PATH),
        token: None,
    };
    for endpoints in [None, Some(&endpoints)] {
        let text = sync_toml(&far.lists, endpoints);
        let settings = CustomerSettings::parse(&text).unwrap();
        assert_eq!(settings.constant_contact.api, Dialect::V2);
        assert_eq!(settings.constant_contact.uid_field, "custom_field_1");
        let lists: Vec<_> = settings.policy.lists.iter().map(|rule| rule.id.to_string()).collect();
        assert_eq!(lists, ["2050000001", "2050000002"]);
        assert_eq!(settings.constant_contact.update_list, Some("2050000003".into()));
        assert!(!text.contains("token_endpoint"));
    }
    let secret = far.aws.vault().current(SECRET_ID).unwrap();
    let secret = CustomerSecret::parse(&secret).unwrap();
    let ConstantContactSecret::V2 { api_key, access_token } = secret.constant_contact else {
        panic!("no secret of v2");
    };
    assert_eq!((api_key.expose(), access_token.expose()), (API_KEY, ACCESS_TOKEN));
    assert_eq!(far.constant_contact.custom_fields(), [], "v2's are there without being made");
}
