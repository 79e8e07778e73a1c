//! What the customer does: settings, and the connection to Constant Contact.

use serde_json::Value;
use shared::domain::Dialect;
use shared::store::keys;

use super::{BUCKET, SECRET_ID, World, keys_of};

impl World {
    /// The owner puts settings into the bucket, in place of those that are there.
    pub fn configure(&self, sync_toml: String) {
        self.aws.objects().put(BUCKET, keys::SETTINGS, sync_toml);
    }

    /// The owner revokes the connection: no call gets through until it is [made anew](Self::authorise_anew).
    pub fn revoke(&self) {
        match self.lists.api {
            Dialect::V3 => self.constant_contact.revoke(),
            Dialect::V2 => self.constant_contact.revoke_v2_key(),
        }
    }

    /// Whether the secret holds what gets the next token.
    ///
    /// # Panics
    /// When there is no secret.
    pub fn is_connected(&self) -> bool {
        let secret = self.secret();
        match self.lists.api {
            Dialect::V3 => {
                let token = secret["constant_contact"]["refresh_token"].as_str();
                token.is_some_and(|token| self.constant_contact.would_refresh(token))
            }
            Dialect::V2 => true,
        }
    }

    /// The owner makes the connection anew, and stores what it gives in the secret.
    ///
    /// # Panics
    /// When there is no secret.
    pub fn authorise_anew(&self) {
        self.constant_contact.authorise_v2();
        let mut secret = self.secret();
        secret["constant_contact"] = keys_of(&self.constant_contact, self.lists.api);
        self.aws.vault().put(SECRET_ID, secret.to_string());
    }

    fn secret(&self) -> Value {
        let secret = self.aws.vault().current(SECRET_ID).expect("the world has a secret");
        serde_json::from_str(&secret).expect("it is JSON")
    }
}
