//! Conditions on an account: path, operator, value. Data, not code.

/// Stand-in until the conditions land.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition;
