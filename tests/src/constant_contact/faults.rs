//! What goes wrong on purpose.

use std::collections::{BTreeMap, VecDeque};

use shared::constant_contact::Operation;

/// What befalls one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the call goes through.
    None,
    /// This answer, and nothing was done.
    Status(u16, String),
    /// A gateway's HTML page, and nothing was done.
    Html(u16),
    /// A gateway's HTML page, although it was done.
    HtmlAfterActing(u16),
    /// Half of the right answer; it was done.
    CutAfterActing,
    /// No answer; it was done.
    SilenceAfterActing,
    /// No answer; nothing was done.
    SilenceBeforeActing,
    /// No connection.
    NoConnection,
}

/// What becomes of one activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out.
    Completes,
    /// It fails, with nothing done.
    Fails,
    /// It is cancelled in the screens, with nothing done.
    IsCancelled,
    /// It runs out of time, with half of it done.
    TimesOut,
    /// It is carried out, but only after so many hours.
    IsLate(u8),
    /// It stays in `processing` for ever.
    Hangs,
    /// It says that it is complete, and has looked at half of it only.
    DropsRows,
    /// It is carried out, but nobody remembers that it ever was.
    IsForgotten,
}

/// The faults and fates that are still to come.
#[derive(Debug, Default)]
pub(super) struct Script {
    faults: BTreeMap<Operation, VecDeque<Fault>>,
    fates: VecDeque<Fate>,
    /// What befalls the next call, whatever it asks for.
    next: Option<Fault>,
    /// A word on which an import chokes: it fails as a whole, with nothing done.
    choker: Option<String>,
}

impl Script {
    pub(super) fn add(&mut self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.faults.entry(operation).or_default().extend(faults);
    }

    pub(super) fn add_fates(&mut self, fates: impl IntoIterator<Item = Fate>) {
        self.fates.extend(fates);
    }

    pub(super) fn befall_next(&mut self, fault: Fault) {
        self.next = Some(fault);
    }

    pub(super) fn next_fault(&mut self, operation: Operation) -> Fault {
        if let Some(fault) = self.next.take() {
            return fault;
        }
        self.faults.get_mut(&operation).and_then(VecDeque::pop_front).unwrap_or(Fault::None)
    }

    pub(super) fn next_fate(&mut self) -> Fate {
        self.fates.pop_front().unwrap_or(Fate::Completes)
    }

    pub(super) fn choke_on(&mut self, word: &str) {
        self.choker = Some(word.to_owned());
    }

    pub(super) fn choker(&self) -> Option<&str> {
        self.choker.as_deref()
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
        self.fates.clear();
    }
}
