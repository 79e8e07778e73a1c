//! The names of things: one type per kind of id, so that none is passed for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is; whoever parses outside text checks it first.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

text_id! {
    /// Who a person is in Gigya. Opaque, case-sensitive, may hold `+`, `/` and `=`.
    /// Source: SAP help, accounts.getAccountInfo, `UID`.
    Uid
}
text_id! {
    /// Who a person is in Constant Contact (v3: a UUID; v2: a number, kept as text).
    ContactId
}
text_id! {
    /// A Constant Contact contact list (v3: a UUID; v2: a number, kept as text).
    ListId
}
text_id! {
    /// A Constant Contact custom field of the tenant (v3: a UUID).
    CustomFieldId
}
text_id! {
    /// Constant Contact's job for one submitted part of a batch.
    ActivityId
}
text_id! {
    /// The company that this deployment serves, as named in the environment (`CUSTOMER`).
    CustomerName
}
text_id! {
    /// One export from its first page to its last batch, for example `20261123T045000Z-delta`.
    RunId
}
text_id! {
    /// The rows that travel together: `<customer>.<run>.<ordinal>`. Derived, so that the same run stages the same batches.
    BatchId
}

impl BatchId {
    /// The id of the `ordinal`th batch (from 0) of a run.
    pub fn derive(customer: &CustomerName, run: &RunId, ordinal: u32) -> Self {
        Self::new(format!("{customer}.{run}.{ordinal:05}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_id_is_derived_from_its_run_and_ordinal() {
        let id = BatchId::derive(&"acme".into(), &"20261123T045000Z-delta".into(), 7);
        assert_eq!(id.as_str(), "acme.20261123T045000Z-delta.00007");
    }
}
