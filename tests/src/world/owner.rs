//! What the customer does about the connection to Constant Contact.

use serde_json::Value;
use shared::domain::Dialect;

use super::{SECRET_ID, World, keys};

impl World {
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
        secret["constant_contact"] = keys(&self.constant_contact, self.lists.api);
        vault.put(SECRET_ID, secret.to_string());
    }
}
