//! Every door through which text from outside comes in, each as a function that anybody may throw bytes at.
//!
//! What holds for all of them: whatever comes in, nothing panics; what is refused is refused in words that do not repeat
//! it; and what is taken means the same when it is written and read again. The property tests (`it/doors.rs`) knock with
//! mutated samples at every `cargo test`; the fuzz targets in `tests/fuzz` knock for as long as one likes.

mod answers;
mod rows;
mod texts;

/// One door.
pub struct Door {
    /// Its name: that of its fuzz target and of its folder of samples.
    pub name: &'static str,
    /// Throws bytes at it.
    ///
    /// Panics when something does not hold that should.
    pub knock: fn(&[u8]),
}

/// All of them.
pub const DOORS: [Door; 11] = [
    Door { name: "settings", knock: texts::settings },
    Door { name: "secret", knock: texts::secret },
    Door { name: "message", knock: texts::message },
    Door { name: "event", knock: texts::event },
    Door { name: "account", knock: texts::account },
    Door { name: "lines", knock: texts::lines },
    Door { name: "gigya", knock: answers::gigya },
    Door { name: "constant_contact_v3", knock: answers::constant_contact_v3 },
    Door { name: "constant_contact_v2", knock: answers::constant_contact_v2 },
    Door { name: "csv_in", knock: rows::csv_in },
    Door { name: "csv_out", knock: rows::csv_out },
];

/// Throws bytes at the door of this name.
///
/// # Panics
/// When there is no such door, or something does not hold that should.
pub fn knock(name: &str, bytes: &[u8]) {
    let door = DOORS.iter().find(|door| door.name == name);
    (door.expect("a door of this name").knock)(bytes);
}
