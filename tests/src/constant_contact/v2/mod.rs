//! Version 2: an API key and an access token on every call, numbers for ids, files in ISO-8859-1, fifteen numbered custom
//! fields, no consent but being opted out.
//!
//! It speaks of the same tenant as v3 does, and is strict: what its documents forbid is refused. What they leave open
//! stands in [`Switches`]; what follows is assumed, and has no switch:
//!
//! * The gateway looks first (key, then limits), then `Accept`, then the token, then the path.
//! * Each interface lists only the activities that it was asked for itself.
//! * The last fifty activities are cut before they are filtered, and come newest first.
//! * Headings that nobody documents are ignored; one that comes twice is refused, and so is a row of another width.
//! * The last row of an address wins even if it is refused itself; refused rows count among the contacts too.
//! * Half a birthday is an invalid one. Characters of a JSON import that are not ISO-8859-1 become question marks.
//! * A region or country of two letters is a code; another region is a name, another country is not shown.
//! * A contact that a write by hand leaves without a `lists` is refused, unless it has opted out.
//! * Leaving a list that one is not on is a 404.

mod activities;
mod answer;
mod bulk;
mod call;
mod columns;
mod contacts;
pub mod encoding;
mod export;
mod gate;
mod ids;
mod imports;
mod landing;
mod lists;
mod person;
mod router;
mod switches;
mod tenant;
mod write;

pub use gate::{ACCESS_TOKEN, API_KEY};
pub use ids::{contact_number, list_number};
pub use router::BASE_PATH;
pub use switches::{Ids, Never, RowErrors, Switches};

pub(super) use activities::{ACTIVITY_MEMORY, Purpose};
pub(super) use bulk::{Work, carry_out};
pub(super) use gate::Gate;
pub(super) use router::{operation, route};
