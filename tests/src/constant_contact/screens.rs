//! The people's side: they unsubscribe, leave lists, are edited in the screens and deleted.

use super::people::Person;
use super::simulator::Simulator;

impl Simulator {
    /// Every contact, the deleted included, in the order in which they were made.
    pub fn contacts(&self) -> Vec<Person> {
        self.settled().people.all().to_vec()
    }

    /// Looks at every contact without copying them.
    pub fn look<T>(&self, at: impl FnOnce(&[Person]) -> T) -> T {
        at(self.settled().people.all())
    }

    /// The contact of this id.
    pub fn contact(&self, id: &str) -> Option<Person> {
        self.settled().people.get(id).cloned()
    }

    /// The contact that has this address, in whatever case.
    pub fn contact_by_address(&self, address: &str) -> Option<Person> {
        self.settled().people.with_address(address).cloned()
    }

    /// A contact is made in the screens; its id, or nothing when another has its address. Its times are now.
    pub fn add_contact(&self, mut person: Person) -> Option<String> {
        let now = self.clock.now();
        person.created_at = now;
        person.updated_at = now;
        person.address_updated_at = now;
        let mut world = self.settled();
        let is_taken = |address| world.people.with_address(address).is_some();
        if person.address.as_deref().is_some_and(is_taken) {
            return None;
        }
        Some(world.people.add(person))
    }

    /// A contact unsubscribes, or the tenant unsubscribes it. False when there is no such contact.
    pub fn unsubscribe(&self, id: &str, by_person: bool) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        let change = |person: &mut Person| {
            person.unsubscribe(by_person, "", now);
            if switches.opt_out_moves_updated_at {
                person.updated_at = now;
            }
        };
        world.people.change(id, change).is_some()
    }

    /// A person comes back through the tenant's own sign-up form. False when there is no such contact.
    pub fn resubscribe(&self, id: &str) -> bool {
        let now = self.clock.now();
        let change = |person: &mut Person| {
            "explicit".clone_into(&mut person.permission);
            "Contact".clone_into(&mut person.update_source);
            person.opt_out = None;
            person.deleted_at = None;
            person.address_updated_at = now;
            person.updated_at = now;
        };
        self.settled().people.change(id, change).is_some()
    }

    /// A person answers the mail by which Constant Contact asked them whether they want to be back. False when they were not
    /// asked.
    pub fn confirm(&self, id: &str) -> bool {
        let is_asked = |person: &Person| person.permission == "pending_confirmation";
        self.contact(id).as_ref().is_some_and(is_asked) && self.resubscribe(id)
    }

    /// A contact is edited in the screens. False when there is no such contact, or its new address is another's.
    pub fn edit(&self, id: &str, edit: impl FnOnce(&mut Person)) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let Some(mut edited) = world.people.get(id).cloned() else { return false };
        edit(&mut edited);
        let holder =
            edited.address.as_deref().and_then(|address| world.people.with_address(address));
        if holder.is_some_and(|holder| holder.id != id) {
            return false;
        }
        edited.updated_at = now;
        world.people.change(id, |person| *person = edited).is_some()
    }

    /// A contact leaves one list. False when there is no such contact.
    pub fn leave_list(&self, id: &str, list: &str) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        world.people.change(id, |person| person.leave(list, now, &switches)).is_some()
    }

    /// A list is deleted in the screens. Whoever was on it is on it no longer. False when there is no such list.
    pub fn delete_list(&self, list: &str) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        let there = world.lists.len();
        world.lists.retain(|known| known.id != list);
        world.people.change_all(|person| person.leave(list, now, &switches));
        world.lists.len() < there
    }

    /// A contact is deleted in the screens. False when there is no such contact.
    pub fn delete(&self, id: &str) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        world.people.change(id, |person| person.delete(now, &switches)).is_some()
    }

    /// Every trace of a contact vanishes, which no document says happens. False when there is no such contact.
    pub fn vanish(&self, id: &str) -> bool {
        let vanish = |person: &mut Person| {
            person.has_vanished = true;
            person.address = None;
            person.custom.clear();
            person.lists.clear();
        };
        self.settled().people.change(id, vanish).is_some()
    }

    /// Activities that are neither over nor hanging.
    pub fn queued(&self) -> usize {
        self.settled().queued()
    }
}
