//! What the customer does to their own tenant that takes the ground from under the product, and that they mend it the next morning.

use shared::domain::Dialect;

use super::faults::Fault;
use super::play::Play;
use crate::world::custom_field;

/// What is still to be mended.
#[derive(Debug, Default)]
pub(super) struct Broken {
    list: bool,
    key: bool,
    /// The new name of the field for the tier.
    field: Option<String>,
    /// Mended, but for this: everybody has to be read for certain since the settings say something else.
    pub(super) wants_full: bool,
}

impl Play {
    /// Perhaps the owner breaks something now.
    pub(super) fn neglect(&mut self) {
        if !self.broken.list && self.seam.happens(Fault::ListDeleted) {
            self.broken.list = true;
            self.life().delete_list();
        }
        // In v2 fields have numbers.
        if self.scenario.api == Dialect::V3
            && self.broken.field.is_none()
            && self.seam.happens(Fault::FieldRenamed)
        {
            let name = format!("tier_of_day_{}", self.days);
            let tenant = &self.world.constant_contact;
            if let Some(field) = custom_field(tenant, &self.tier) {
                tenant.rename_custom_field(&field, &name);
                self.broken.field = Some(format!("cf:{name}"));
            }
        }
        if !self.broken.key && self.seam.happens(Fault::KeyRevoked) {
            self.broken.key = true;
            self.world.revoke();
        }
    }

    /// The owner mends what is broken. Where the settings say something else then, everybody has to be read.
    pub(super) fn mend(&mut self) {
        if std::mem::take(&mut self.broken.key) || !self.world.is_connected() {
            self.world.authorise_anew();
        }
        let mut is_changed = false;
        if std::mem::take(&mut self.broken.list) {
            is_changed = true;
            let name = format!("Newsletter EMEA {}", self.days);
            let emea = self.world.constant_contact.add_list(&name);
            self.world.lists.emea.clone_from(&emea);
            self.life().name_list(emea);
        }
        let renamed = self.broken.field.take();
        if let Some(tier) = renamed.or_else(|| self.map_anew()) {
            is_changed = true;
            self.tier = tier;
            self.life().oracle.hear_of_settings();
        }
        if is_changed {
            self.broken.wants_full = true;
            let settings = self.scenario.settings(&self.world.lists, &self.tier);
            self.world.configure(settings);
        }
    }

    /// Perhaps the owner wants the tier in another field.
    fn map_anew(&self) -> Option<String> {
        if !self.seam.happens(Fault::MappingChanged) {
            return None;
        }
        match self.scenario.api {
            Dialect::V3 => {
                let name = format!("tier_since_day_{}", self.days);
                self.world.constant_contact.add_custom_field(&name);
                Some(format!("cf:{name}"))
            }
            // The first carries the UID, and the second had it from the beginning.
            Dialect::V2 => Some(format!("custom_field_{}", 3 + self.days % 13)),
        }
    }
}
