//! From text to a query: clauses in their order, `AND` before `OR`, `NOT` for the next statement alone.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::{Condition, Field, Invalid, Literal, Operator, Order, Query, Select, Selected, Source};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

/// Longest first, so that `>=` is not read as `>`.
const SIGNS: [&str; 11] = [">=", "<=", "!=", "=", ">", "<", "(", ")", ",", "*", "!"];

pub(super) fn parse(text: &str) -> Result<Query, Invalid> {
    let mut parser = Parser(tokens(text)?.into_iter().peekable());
    let query = parser.query()?;
    match parser.0.next() {
        None => Ok(query),
        Some(token) => Err(Invalid(format!("Invalid query: unexpected {token:?}"))),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Invalid> {
    let is_word = |c: char| c.is_alphanumeric() || "_.-@$".contains(c);
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first == '"' || first == '\'' {
            let mut parts = rest.splitn(3, first);
            let (_, inside, after) = (parts.next(), parts.next(), parts.next());
            let (Some(inside), Some(after)) = (inside, after) else {
                return Err(Invalid("Invalid query: a quote is not closed".to_owned()));
            };
            (Token::Text(inside.to_owned()), after)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), rest.strip_prefix(sign).unwrap_or_default())
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let is_number = first.is_ascii_digit() || first == '-';
            match word.parse::<f64>() {
                Ok(number) if is_number => (Token::Number(number), after),
                Ok(_) | Err(_) => (Token::Word(word.to_owned()), after),
            }
        } else {
            return Err(Invalid(format!("Invalid query: unexpected character {first}")));
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

struct Parser(Peekable<IntoIter<Token>>);

impl Parser {
    fn query(&mut self) -> Result<Query, Invalid> {
        self.expect_word("SELECT")?;
        let select = self.select()?;
        self.expect_word("FROM")?;
        let source = match self.word()?.as_str() {
            "accounts" => Source::Accounts,
            "emailAccounts" => Source::EmailAccounts,
            "auditLog" => Source::AuditLog,
            other => return Err(Invalid(format!("Invalid query: unknown source {other}"))),
        };
        let condition = if self.take_word("WHERE") { Some(self.any()?) } else { None };
        let order = if self.take_word("ORDER") {
            self.expect_word("BY")?;
            let field = self.field()?;
            let descending = self.take_word("DESC");
            if !descending {
                self.take_word("ASC");
            }
            Some(Order { field, descending })
        } else {
            None
        };
        let start = if self.take_word("START") { Some(self.count()?) } else { None };
        let limit = if self.take_word("LIMIT") { Some(self.count()?) } else { None };
        Ok(Query { select, source, condition, order, start, limit })
    }

    fn select(&mut self) -> Result<Select, Invalid> {
        if self.take_sign("*") {
            return Ok(Select::All);
        }
        let mut fields = Vec::new();
        loop {
            let field = self.field()?;
            if field.is("count") && self.take_sign("(") {
                self.expect_sign("*")?;
                self.expect_sign(")")?;
                return Ok(Select::Count);
            }
            let alias = if self.take_word("AS") { Some(self.word()?) } else { None };
            fields.push(Selected { field, alias });
            if !self.take_sign(",") {
                return Ok(Select::Fields(fields));
            }
        }
    }

    fn any(&mut self) -> Result<Condition, Invalid> {
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn all(&mut self) -> Result<Condition, Invalid> {
        let mut parts = vec![self.statement()?];
        while self.take_word("AND") {
            parts.push(self.statement()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn statement(&mut self) -> Result<Condition, Invalid> {
        if self.take_word("NOT") || self.take_sign("!") {
            return Ok(Condition::Not(Box::new(self.statement()?)));
        }
        if self.take_sign("(") {
            let inside = self.any()?;
            self.expect_sign(")")?;
            return Ok(inside);
        }
        let field = self.field()?;
        if self.take_word("IS") {
            let is_not = self.take_word("NOT");
            self.expect_word("NULL")?;
            return Ok(negated(is_not, Condition::IsNull { field }));
        }
        let is_not = self.take_word("NOT");
        if self.take_word("CONTAINS") {
            let value = self.literal()?;
            return Ok(negated(is_not, Condition::Contains { field, value }));
        }
        if self.take_word("IN") {
            self.expect_sign("(")?;
            let mut values = vec![self.literal()?];
            while self.take_sign(",") {
                values.push(self.literal()?);
            }
            self.expect_sign(")")?;
            return Ok(negated(is_not, Condition::In { field, values }));
        }
        let operator = match self.0.next() {
            Some(Token::Sign("=")) => Operator::Equal,
            Some(Token::Sign("!=")) => Operator::NotEqual,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            other => return Err(Invalid(format!("Invalid query: no operator but {other:?}"))),
        };
        Ok(Condition::Compare { field, operator, value: self.literal()? })
    }

    fn literal(&mut self) -> Result<Literal, Invalid> {
        match self.0.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Number(number)) => Ok(Literal::Number(number)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Ok(Literal::Flag(true)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => {
                Ok(Literal::Flag(false))
            }
            other => Err(Invalid(format!("Invalid query: no value but {other:?}"))),
        }
    }

    fn field(&mut self) -> Result<Field, Invalid> {
        Ok(Field(self.word()?.split('.').map(ToOwned::to_owned).collect()))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is checked to be a small whole one"
    )]
    fn count(&mut self) -> Result<usize, Invalid> {
        match self.0.next() {
            Some(Token::Number(number))
                if (0.0..1e9).contains(&number) && number.fract() == 0.0 =>
            {
                Ok(number as usize)
            }
            other => Err(Invalid(format!("Invalid query: no count but {other:?}"))),
        }
    }

    fn word(&mut self) -> Result<String, Invalid> {
        match self.0.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(Invalid(format!("Invalid query: no name but {other:?}"))),
        }
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let is_it = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.0.next_if(is_it).is_some()
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        self.0.next_if(|token| matches!(token, Token::Sign(found) if *found == sign)).is_some()
    }

    fn expect_word(&mut self, keyword: &str) -> Result<(), Invalid> {
        let found = self.take_word(keyword);
        found.then_some(()).ok_or_else(|| Invalid(format!("Invalid query: {keyword} is missing")))
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Invalid> {
        let found = self.take_sign(sign);
        found.then_some(()).ok_or_else(|| Invalid(format!("Invalid query: {sign} is missing")))
    }
}

fn negated(is_not: bool, condition: Condition) -> Condition {
    if is_not { Condition::Not(Box::new(condition)) } else { condition }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        parse(&format!("SELECT UID FROM accounts WHERE {text}")).unwrap().condition.unwrap()
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_takes_the_next_statement_alone() {
        let Condition::Or(parts) = condition("a = 1 AND b = 2 OR NOT c = 3 AND d IN ('x', \"y\")")
        else {
            panic!("or")
        };
        assert!(matches!(parts.as_slice(), [Condition::And(_), Condition::And(_)]));
        let Condition::And(parts) = &parts[1] else { panic!("and") };
        assert!(matches!(parts.as_slice(), [Condition::Not(_), Condition::In { .. }]));
    }

    #[test]
    fn clauses_out_of_order_and_unfinished_texts_are_refused() {
        for text in [
            "SELECT UID FROM accounts LIMIT 5 WHERE a = 1",
            "SELECT UID FROM accounts ORDER BY a WHERE b = 1",
            "SELECT UID FROM accounts LIMIT 5 START 1",
            "SELECT UID FROM people",
            "SELECT UID FROM accounts WHERE a = \"x",
            "SELECT UID FROM accounts WHERE (a = 1",
            "FROM accounts",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
