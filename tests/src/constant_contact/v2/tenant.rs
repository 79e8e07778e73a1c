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

    /// The key is switched on and the token is good again.
    pub fn authorise_v2(&self) {
        let mut world = self.world();
        world.gate.is_key_dead = false;
        world.gate.is_token_dead = false;
    }

    /// v2 is shut off: 410 from now on.
    pub fn retire_v2(&self) {
        self.world().gate.is_retired = true;
    }
}
