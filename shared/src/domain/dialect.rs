//! The two dialects of Constant Contact's interface.

use std::fmt;

use serde::Deserialize;

/// A dialect of Constant Contact. What one can and the other cannot is decided by the mapping
/// ([`Mapping::judge`](super::Mapping::judge)) and by the columns that each import has
/// ([`ContactField`](super::ContactField)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OAuth 2, UTF-8, lists are UUIDs.
    #[default]
    V3,
    /// API key and access token, ISO-8859-1, lists are numbers, fifteen numbered custom fields.
    V2,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V3 => "v3",
            Self::V2 => "v2",
        })
    }
}
