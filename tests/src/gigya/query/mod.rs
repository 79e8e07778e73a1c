//! Gigya's query language, as far as searches of accounts use it (SAP help, accounts.search, "Query syntax").

mod evaluate;
mod parse;
mod row;

pub(super) use evaluate::{Key, Shown, iso, key, meets, project};
pub(super) use row::Row;

/// Where a search looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Accounts,
    EmailAccounts,
    AuditLog,
}

/// A search, understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) select: Select,
    pub(super) source: Source,
    pub(super) condition: Option<Condition>,
    pub(super) order: Option<Order>,
    pub(super) start: Option<usize>,
    pub(super) limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Select {
    All,
    Count,
    Fields(Vec<Selected>),
}

/// A field, or the root of a subtree, and the name that its leaf is given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selected {
    pub(super) field: Field,
    pub(super) alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) field: Field,
    pub(super) descending: bool,
}

/// A dotted name, cut into its steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field(pub(super) Vec<String>);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare { field: Field, operator: Operator, value: Literal },
    In { field: Field, values: Vec<Literal> },
    Contains { field: Field, value: Literal },
    IsNull { field: Field },
}

/// Why a query is refused, as `errorDetails` of a 400006.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid(pub(super) String);

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let query = parse::parse(text)?;
        if let Some(Order { field, .. }) = &query.order
            && field.is_encrypted()
        {
            return Err(Invalid(format!("ORDER BY on the encrypted field {}", field.name())));
        }
        query.condition.as_ref().map_or(Ok(()), Condition::check)?;
        Ok(query)
    }
}

impl Condition {
    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().try_for_each(Self::check),
            Self::Not(part) => part.check(),
            Self::Compare { field, operator, .. } => match operator {
                Operator::Equal | Operator::NotEqual => Ok(()),
                Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual => {
                    if field.is_encrypted() {
                        Err(Invalid(format!("a range on the encrypted field {}", field.name())))
                    } else {
                        Ok(())
                    }
                }
            },
            Self::In { .. } | Self::Contains { .. } | Self::IsNull { .. } => Ok(()),
        }
    }
}

/// What a site encrypts by default (SAP help, accounts.search, "Encrypted fields"; the schema of SAP's own toolkit).
const ENCRYPTED: [&str; 9] = [
    "profile.email",
    "profile.firstName",
    "profile.lastName",
    "profile.zip",
    "profile.country",
    "profile.gender",
    "profile.username",
    "loginIDs",
    "emails",
];

impl Field {
    pub(super) fn name(&self) -> String {
        self.0.join(".")
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.0.iter().map(String::as_str).eq(name.split('.'))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        let name = self.name();
        ENCRYPTED.iter().any(|field| {
            name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}
