//! What each function must find in its environment, and how that is shown to a person with a shell.

use std::io::{self, Write};

use crate::aws::{ACCOUNT, REGION};
use crate::world::{BUCKET, CUSTOMER, DEAD_LETTERS, QUEUE, SECRET_ID};

use super::{Function, Served};

impl Served {
    /// Everything that a function's binary needs, the address of its Runtime API included.
    pub fn environment(&self, function: Function) -> Vec<(String, String)> {
        let mut variables = self.of_aws();
        variables.extend(self.of_product(function));
        let runtime = self.runtime(function).environment();
        variables.extend(runtime.into_iter().filter(|(name, _)| *name != "AWS_REGION"));
        owned(variables)
    }

    /// Everything that the operator's command line needs: what any function finds, and no Runtime API.
    pub fn operator_environment(&self) -> Vec<(String, String)> {
        let mut variables = self.of_aws();
        variables.extend(self.of_product(Function::Upload));
        owned(variables)
    }

    /// Writes the environment so that it can be pasted into a shell: first what every terminal needs, then a line that
    /// starts each function.
    ///
    /// # Errors
    /// When nobody listens any longer.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# In every terminal, the operator's too:")?;
        for (name, value) in self.operator_environment() {
            writeln!(out, "export {name}={}", quoted(&value))?;
        }
        writeln!(out, "\n# The functions, each in a terminal of its own:")?;
        for function in Function::ALL {
            let runtime = self.runtime(function).environment();
            for (name, value) in runtime.iter().filter(|(name, _)| *name != "AWS_REGION") {
                write!(out, "{name}={} ", quoted(value))?;
            }
            writeln!(out, "cargo run --quiet --bin {function}")?;
        }
        Ok(())
    }

    /// Region, credentials and endpoint, as the SDK reads them. Any credentials will do.
    fn of_aws(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.aws.url()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
        ]
    }

    /// What the template gives the function (`infra/template.yaml`, `Environment`).
    fn of_product(&self, function: Function) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("BUCKET", BUCKET.to_owned()),
            ("CUSTOMER", CUSTOMER.to_owned()),
            ("SECRET_ID", SECRET_ID.to_owned()),
        ];
        let (queue, dead_letters) = (self.queue_url(QUEUE), self.queue_url(DEAD_LETTERS));
        match function {
            Function::Export => variables.push(("QUEUE_URL", queue)),
            Function::Upload => {
                variables.extend([("QUEUE_URL", queue), ("DEAD_LETTER_QUEUE_URL", dead_letters)]);
            }
            Function::Poll => {}
        }
        variables
    }

    /// A queue's URL has the host of whom one asked.
    fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.aws.url())
    }
}

fn owned(variables: Vec<(&'static str, String)>) -> Vec<(String, String)> {
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A value as a POSIX shell reads it back.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_from_a_shell_as_it_was() {
        for value in ["http://127.0.0.1:1/a", "$LATEST", "it's", "", "a b", "`id`", "\\"] {
            let script = format!("printf %s {}", quoted(value));
            let said = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), value);
        }
    }
}
