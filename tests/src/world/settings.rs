//! The customer's settings in the sandbox.

use shared::domain::Dialect;

use crate::constant_contact::v2;

/// The lists of the sandbox's tenant, by the tenant's own ids, which are v3's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Everybody who wants to be mailed.
    pub newsletter: String,
    /// Those of them in Europe, the Middle East and Africa.
    pub emea: String,
    /// Nobody mails it: updates are imported by way of it.
    pub update: String,
    /// The dialect that the customer speaks.
    pub api: Dialect,
}

impl Lists {
    /// A list's id as the customer's settings name it: in v2 by its number.
    ///
    /// # Panics
    /// When it is no list of the tenant's.
    pub fn in_settings(&self, list: &str) -> String {
        match self.api {
            Dialect::V3 => list.to_owned(),
            Dialect::V2 => v2::list_number(list).expect("the tenant's list").to_string(),
        }
    }
}

/// Where the simulators listen, if they do.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Gigya's base.
    pub gigya: String,
    /// Constant Contact's API.
    pub constant_contact: String,
    /// Constant Contact's token endpoint; v2 has none.
    pub token: Option<String>,
}

/// Where settings put the loyalty tier.
pub(crate) const TIER_V3: &str = "cf:loyalty_tier";
/// The same in v2, whose custom fields have numbers; the first carries the UID.
pub(crate) const TIER_V2: &str = "custom_field_2";

/// The settings as the customer's consultant would write them; the vendors are called in process unless they listen.
pub fn sync_toml(lists: &Lists, endpoints: Option<&Endpoints>) -> String {
    let site = endpoints.map_or("data_center = \"eu1.gigya.com\"".to_owned(), |endpoints| {
        format!("endpoint = \"{}\"", endpoints.gigya)
    });
    let tenant = endpoints.map_or(String::new(), |endpoints| {
        let token = endpoints.token.iter().map(|token| format!("\ntoken_endpoint = \"{token}\""));
        format!("endpoint = \"{}\"{}", endpoints.constant_contact, token.collect::<String>())
    });
    let [newsletter, emea, update] =
        [&lists.newsletter, &lists.emea, &lists.update].map(|list| lists.in_settings(list));
    // v2 has no telephone of no kind.
    let (api, phone, tier) = match lists.api {
        Dialect::V3 => ("v3", "phone", TIER_V3),
        Dialect::V2 => ("v2", "home_phone", TIER_V2),
    };
    format!(
        r#"# The settings of the sandbox's customer.
[gigya]
{site}
api_key = "3_SANDBOX"
where = "isRegistered = true"
populations = ["full", "lite"]
where_lite = ""

[constant_contact]
api = "{api}"
{tenant}
update_list = "{update}"

[consent]
gigya = "subscriptions.newsletter.email"

[[lists]]
id = "{newsletter}"

[[lists]]
id = "{emea}"
when = {{ path = "data.region", equals = "emea" }}

[[fields]]
gigya = "profile.firstName"
constant_contact = "first_name"
owner = "both"
transform = ["trim"]

[[fields]]
gigya = "profile.lastName"
constant_contact = "last_name"
transform = ["trim"]

[[fields]]
gigya = "profile.city"
constant_contact = "city"

[[fields]]
gigya = "profile.zip"
constant_contact = "zip"

[[fields]]
gigya = "profile.country"
constant_contact = "country"

[[fields]]
gigya = "profile.phones.number"
constant_contact = "{phone}"
transform = ["phone"]

[[fields]]
gigya = "profile.work.company"
constant_contact = "company_name"

[[fields]]
gigya = ["profile.birthDay", "profile.birthMonth"]
constant_contact = "birthday"

[[fields]]
gigya = "data.loyalty.tier"
constant_contact = "{tier}"
"#
    )
}
