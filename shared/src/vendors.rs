//! The two clients, built from the customer's settings and secret. The only place that knows both vendors.

use std::sync::Arc;

use crate::budget::DayBudget;
use crate::connection;
use crate::constant_contact::{ConstantContact, InsecureEndpoint, v2, v3};
use crate::domain::quota::Spender;
use crate::domain::{Dialect, Dispose, Disposition};
use crate::gigya::{Credentials, CredentialsError, Endpoint, EndpointError, Gigya, Paces, Site};
use crate::http::{Now, Wire};
use crate::secrets::{ConstantContactSecret, CustomerSecret, GigyaSecret, Secrets};
use crate::settings::customer::{
    Authentication, ConstantContactSettings, GigyaEndpoint, GigyaSettings,
};
use crate::store::{Bucket, StateStore};

/// Why a client cannot be built. All of it is the customer's to mend.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// Gigya's endpoint.
    #[error("Gigya's endpoint cannot be used")]
    Endpoint(#[source] EndpointError),
    /// Gigya's key.
    #[error("the Gigya key in the secret cannot be used")]
    Credentials(#[source] CredentialsError),
    /// Settings and secret do not fit together.
    #[error("[gigya] authentication = \"{asked}\" needs gigya.{missing} in the secret")]
    Authentication {
        /// What the settings ask for.
        asked: &'static str,
        /// What the secret lacks.
        missing: &'static str,
    },
    /// Constant Contact's endpoints.
    #[error("Constant Contact's endpoint cannot be used")]
    Insecure(#[source] InsecureEndpoint),
    /// Settings and secret are for different dialects.
    #[error("[constant_contact] api is \"{asked}\" and the secret is for the other: put {} into it, or change api", keys(*asked))]
    OtherDialect {
        /// What the settings ask for.
        asked: Dialect,
    },
}

/// What the secret holds for a dialect.
fn keys(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V3 => "client_id, client_secret and refresh_token",
        Dialect::V2 => "api_key and access_token",
    }
}

impl Dispose for VendorError {
    fn disposition(&self) -> Disposition {
        Disposition::Halt
    }
}

/// The client of the customer's Gigya site.
///
/// # Errors
/// When settings or secret cannot be used.
pub fn gigya(
    settings: &GigyaSettings,
    secret: &GigyaSecret,
    wire: Arc<dyn Wire>,
    now: Now,
) -> Result<Gigya, VendorError> {
    let endpoint = match &settings.endpoint {
        GigyaEndpoint::DataCenter(name) => Endpoint::data_center(name),
        GigyaEndpoint::Base(url) => Endpoint::base(url.as_str()),
    }
    .map_err(VendorError::Endpoint)?;
    let site = Site { endpoint, api_key: settings.api_key.clone() };
    let credentials = credentials(settings.authentication, secret)?;
    Ok(Gigya::connect(site, credentials, wire, Paces::default(), now))
}

/// A private key signs bearer tokens; a secret signs requests, unless the settings say that it shall travel.
fn credentials(
    asked: Option<Authentication>,
    secret: &GigyaSecret,
) -> Result<Credentials, VendorError> {
    let form = asked.unwrap_or(if secret.private_key.is_some() {
        Authentication::Bearer
    } else {
        Authentication::Signature
    });
    let missing = |asked, missing| VendorError::Authentication { asked, missing };
    let user_key = secret.user_key.as_str();
    match form {
        Authentication::Secret => {
            let shared = secret.secret.clone().ok_or_else(|| missing("secret", "secret"))?;
            Credentials::secret(user_key, shared)
        }
        Authentication::Signature => {
            let shared = secret.secret.as_ref().ok_or_else(|| missing("signature", "secret"))?;
            Credentials::signed(user_key, shared)
        }
        Authentication::Bearer => {
            let key =
                secret.private_key.as_ref().ok_or_else(|| missing("bearer", "private_key"))?;
            Credentials::bearer(user_key, key)
        }
    }
    .map_err(VendorError::Credentials)
}

/// The client of the customer's Constant Contact tenant, with this spender's share of the key's calls.
///
/// # Errors
/// When settings or secret cannot be used.
pub fn constant_contact(
    settings: &ConstantContactSettings,
    secret: &CustomerSecret,
    kept: (Secrets, Bucket),
    wire: &Arc<dyn Wire>,
    now: &Now,
    spender: Spender,
) -> Result<ConstantContact, VendorError> {
    let (secrets, bucket) = kept;
    let pace = spender.calls_per_second(settings.calls_per_second);
    let state = StateStore::new(bucket.clone());
    let budget = DayBudget::new(state, spender, settings.calls_per_day, Arc::clone(now));
    let uid_field = &settings.uid_field;
    match (settings.api, &secret.constant_contact) {
        (Dialect::V3, ConstantContactSecret::V3 { client_id, client_secret, .. }) => {
            let connection = v3::Connection::new(
                settings.endpoint.clone(),
                settings.token_endpoint.clone(),
                client_id.clone(),
                client_secret.clone(),
            )
            .map_err(VendorError::Insecure)?;
            let (wire, now) = (Arc::clone(wire), Arc::clone(now));
            let renew = connection::renew(
                secrets,
                bucket,
                connection.clone(),
                Arc::clone(&wire),
                Arc::clone(&now),
            );
            let client = v3::Client::connect(connection, renew, wire, now, pace, uid_field);
            Ok(ConstantContact::V3(Box::new(client.within(budget))))
        }
        (Dialect::V2, ConstantContactSecret::V2 { api_key, access_token }) => {
            let endpoint = settings.endpoint.clone();
            let connection = v2::Connection::new(endpoint, api_key.clone(), access_token.clone())
                .map_err(VendorError::Insecure)?;
            let (wire, now) = (Arc::clone(wire), Arc::clone(now));
            let client = v2::Client::connect(connection, wire, now, pace, uid_field);
            Ok(ConstantContact::V2(Box::new(client.within(budget))))
        }
        (asked @ Dialect::V3, ConstantContactSecret::V2 { .. })
        | (asked @ Dialect::V2, ConstantContactSecret::V3 { .. }) => {
            Err(VendorError::OtherDialect { asked })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_for_the_other_dialect_is_told_with_what_is_wanted_instead() {
        let told = |asked| VendorError::OtherDialect { asked }.to_string();
        insta::assert_snapshot!(told(Dialect::V3), @r#"[constant_contact] api is "v3" and the secret is for the other: put client_id, client_secret and refresh_token into it, or change api"#);
        insta::assert_snapshot!(told(Dialect::V2), @r#"[constant_contact] api is "v2" and the secret is for the other: put api_key and access_token into it, or change api"#);
    }
}
