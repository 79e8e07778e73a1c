//! The mapping.

/// Stand-in until the mapping lands.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping;
