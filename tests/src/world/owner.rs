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

    /// The owner makes the connection anew, and stores what it gives in the secret.
    ///
    /// # Panics
    /// When there is no secret.
    pub fn authorise_anew(&self) {
        self.constant_contact.authorise_v2();
        let vault = self.aws.vault();
        let secret = vault.current(SECRET_ID).expect("the world has a secret");
        let mut secret: Value = serde_json::from_str(&secret).expect("it is JSON");
        secret["constant_contact"] = keys_of(&self.constant_contact, self.lists.api);
        vault.put(SECRET_ID, secret.to_string());
    }
}
