//! The tenant's side of v2: its connection dies in three ways, and none of them is mended by itself.

use crate::constant_contact::simulator::Simulator;

impl Simulator {
    /// The key is switched off: 403 from now on.
    pub fn revoke_v2_key(&self) {
        self.world().gate.is_key_dead = true;
    }

    /// The access token is withdrawn: 401 from now on.
    pub fn revoke_v2_token(&self) {
        self.world().gate.is_token_dead = true;
    }

    /// v2 is shut off: 410 from now on.
    pub fn retire_v2(&self) {
        self.world().gate.is_retired = true;
    }
}
