//! What the customer does to their own tenant that takes the ground from under the product, and that they mend it the next morning.

use super::faults::Fault;
use super::play::Play;

/// What is still to be mended.
#[derive(Debug, Default)]
pub(super) struct Broken {
    list: bool,
    key: bool,
    /// Mended, but for this: the settings name another list since everybody was last read for certain.
    pub(super) names_another: bool,
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

    /// The owner mends what is broken. Where the settings name another list then, everybody has to be read.
    pub(super) fn mend(&mut self) {
        if std::mem::take(&mut self.broken.key) || !self.world.is_connected() {
            self.world.authorise_anew();
        }
        if std::mem::take(&mut self.broken.list) {
            self.broken.names_another = true;
            let name = format!("Newsletter EMEA {}", self.days);
            let emea = self.world.constant_contact.add_list(&name);
            self.world.lists.emea.clone_from(&emea);
            let settings = self.scenario.settings(&self.world.lists);
            self.world.configure(settings);
            self.life().name_list(emea);
        }
    }
}
