//! What the customer does to their own tenant that takes the ground from under the product, and that they mend it the next morning.

use shared::store::keys;

use super::faults::Fault;
use super::play::Play;
use crate::world::BUCKET;

/// What is still to be mended.
#[derive(Debug, Default)]
pub(super) struct Broken {
    list: bool,
    key: bool,
}

impl Play {
    /// Perhaps the owner breaks something now.
    pub(super) fn neglect(&mut self) {
        if !self.broken.list && self.seam.happens(Fault::ListDeleted) {
            self.broken.list = true;
            self.life().delete_list();
        }
        if !self.broken.key && self.seam.happens(Fault::KeyRevoked) {
            self.broken.key = true;
            self.world.revoke();
        }
    }

    /// The owner mends what is broken. Answers whether the settings name another list now, so that everybody has to be read.
    pub(super) fn mend(&mut self) -> bool {
        if std::mem::take(&mut self.broken.key) {
            self.world.authorise_anew();
        }
        let names_another = std::mem::take(&mut self.broken.list);
        if names_another {
            let name = format!("Newsletter EMEA {}", self.days);
            let emea = self.world.constant_contact.add_list(&name);
            self.world.lists.emea.clone_from(&emea);
            let settings = self.scenario.settings(&self.world.lists);
            self.world.aws.objects().put(BUCKET, keys::SETTINGS, settings);
            self.life().name_list(emea);
        }
        names_another
    }
}
