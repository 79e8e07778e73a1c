//! The customer's settings in the sandbox.

/// The lists of the sandbox's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Everybody who wants to be mailed.
    pub newsletter: String,
    /// Those of them in Europe, the Middle East and Africa.
    pub emea: String,
    /// Nobody mails it: updates are imported by way of it.
    pub update: String,
}

/// Where the simulators listen, if they do.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Gigya's base.
    pub gigya: String,
    /// Constant Contact's API.
    pub constant_contact: String,
    /// Constant Contact's token endpoint.
    pub token: String,
}

/// The settings as the customer's consultant would write them; the vendors are called in process unless they listen.
pub fn sync_toml(lists: &Lists, endpoints: Option<&Endpoints>) -> String {
    let site = endpoints.map_or("data_center = \"eu1.gigya.com\"".to_owned(), |endpoints| {
        format!("endpoint = \"{}\"", endpoints.gigya)
    });
    let tenant = endpoints.map_or(String::new(), |endpoints| {
        format!(
            "endpoint = \"{}\"\ntoken_endpoint = \"{}\"",
            endpoints.constant_contact, endpoints.token
        )
    });
    let Lists { newsletter, emea, update } = lists;
    format!(
        r#"# The settings of the sandbox's customer.
[gigya]
{site}
api_key = "3_SANDBOX"
where = "isRegistered = true"

[constant_contact]
api = "v3"
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
constant_contact = "phone"
transform = ["phone"]

[[fields]]
gigya = "profile.work.company"
constant_contact = "company_name"

[[fields]]
gigya = ["profile.birthDay", "profile.birthMonth"]
constant_contact = "birthday"

[[fields]]
gigya = "data.loyalty.tier"
constant_contact = "cf:loyalty_tier"
"#
    )
}
