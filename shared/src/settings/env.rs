//! The environment of the functions.

use url::Url;

use super::SettingsError;
use super::check;
use crate::domain::CustomerName;

/// Longest name of a customer: it becomes a part of message group ids, which take 128 characters (AWS, SQS
/// `MessageGroupId`), and of batch ids.
const CUSTOMER_CHARACTERS_MAX: usize = 64;

/// How the name of a FIFO queue ends (AWS, SQS `CreateQueue`, `QueueName`).
const FIFO_SUFFIX: &str = ".fifo";

/// A way to look variables up: the process's own, or a test's.
#[derive(Debug, Clone, Copy)]
pub struct Environment<L> {
    lookup: L,
}

/// What export reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportEnvironment {
    /// `BUCKET`: the name of the one bucket.
    pub bucket: String,
    /// `CUSTOMER`: the company that this deployment serves.
    pub customer: CustomerName,
    /// `SECRET_ID`: name or ARN of the customer's secret.
    pub secret_id: String,
    /// `QUEUE_URL`: where batches are announced.
    pub queue_url: Url,
    /// `TOPIC_ARN`: where notices go, if anywhere.
    pub topic_arn: Option<String>,
}

/// What upload reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadEnvironment {
    /// `BUCKET`: the name of the one bucket.
    pub bucket: String,
    /// `CUSTOMER`: the company that this deployment serves.
    pub customer: CustomerName,
    /// `SECRET_ID`: name or ARN of the customer's secret.
    pub secret_id: String,
    /// `QUEUE_URL`: where its messages come from, whose visibility it changes.
    pub queue_url: Url,
    /// `DEAD_LETTER_QUEUE_URL`: where it puts what cannot succeed.
    pub dead_letter_queue_url: Url,
}

/// What poll reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollEnvironment {
    /// `BUCKET`: the name of the one bucket.
    pub bucket: String,
    /// `CUSTOMER`: the company that this deployment serves.
    pub customer: CustomerName,
    /// `SECRET_ID`: name or ARN of the customer's secret.
    pub secret_id: String,
    /// `TOPIC_ARN`: where notices go, if anywhere.
    pub topic_arn: Option<String>,
}

/// The environment of this process.
#[expect(clippy::disallowed_methods, reason = "this is the one read of the environment")]
pub fn of_process() -> Environment<impl Fn(&str) -> Option<String>> {
    Environment::from_lookup(|name| std::env::var(name).ok())
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// An environment in which variables are looked up so.
    pub fn from_lookup(lookup: L) -> Self {
        Self { lookup }
    }

    /// The environment of export.
    ///
    /// # Errors
    /// When a variable is missing or wrong, with every one of them.
    pub fn for_export(&self) -> Result<ExportEnvironment, SettingsError> {
        let mut problems = Vec::new();
        let bucket = self.bucket(&mut problems);
        let customer = self.customer(&mut problems);
        let secret_id = self.required("SECRET_ID", &mut problems);
        let queue_url = self.queue("QUEUE_URL", &mut problems);
        let topic_arn = self.topic(&mut problems);
        match (bucket, customer, secret_id, queue_url) {
            (Some(bucket), Some(customer), Some(secret_id), Some(queue_url))
                if problems.is_empty() =>
            {
                Ok(ExportEnvironment { bucket, customer, secret_id, queue_url, topic_arn })
            }
            _ => Err(SettingsError::new(problems)),
        }
    }

    /// The environment of upload.
    ///
    /// # Errors
    /// When a variable is missing or wrong, with every one of them.
    pub fn for_upload(&self) -> Result<UploadEnvironment, SettingsError> {
        let mut problems = Vec::new();
        let bucket = self.bucket(&mut problems);
        let customer = self.customer(&mut problems);
        let secret_id = self.required("SECRET_ID", &mut problems);
        let queue = self.queue("QUEUE_URL", &mut problems);
        let dead_letters = self.queue("DEAD_LETTER_QUEUE_URL", &mut problems);
        if queue.is_some() && queue == dead_letters {
            problems.push("DEAD_LETTER_QUEUE_URL is the same queue as QUEUE_URL".to_owned());
        }
        match (bucket, customer, secret_id, queue, dead_letters) {
            (
                Some(bucket),
                Some(customer),
                Some(secret_id),
                Some(queue_url),
                Some(dead_letter_queue_url),
            ) if problems.is_empty() => Ok(UploadEnvironment {
                bucket,
                customer,
                secret_id,
                queue_url,
                dead_letter_queue_url,
            }),
            _ => Err(SettingsError::new(problems)),
        }
    }

    /// The environment of poll.
    ///
    /// # Errors
    /// When a variable is missing or wrong, with every one of them.
    pub fn for_poll(&self) -> Result<PollEnvironment, SettingsError> {
        let mut problems = Vec::new();
        let bucket = self.bucket(&mut problems);
        let customer = self.customer(&mut problems);
        let secret_id = self.required("SECRET_ID", &mut problems);
        let topic_arn = self.topic(&mut problems);
        match (bucket, customer, secret_id) {
            (Some(bucket), Some(customer), Some(secret_id)) if problems.is_empty() => {
                Ok(PollEnvironment { bucket, customer, secret_id, topic_arn })
            }
            _ => Err(SettingsError::new(problems)),
        }
    }

    /// What a variable holds; an empty one is not set.
    fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn required(&self, name: &str, problems: &mut Vec<String>) -> Option<String> {
        let found = self.optional(name);
        if found.is_none() {
            problems.push(format!("{name} is not set"));
        }
        found
    }

    fn bucket(&self, problems: &mut Vec<String>) -> Option<String> {
        let bucket = self.required("BUCKET", problems)?;
        if check::is_bucket(&bucket) {
            return Some(bucket);
        }
        problems.push(format!(
            "BUCKET \"{bucket}\" is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens"
        ));
        None
    }

    fn customer(&self, problems: &mut Vec<String>) -> Option<CustomerName> {
        let customer = self.required("CUSTOMER", problems)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if customer.len() <= CUSTOMER_CHARACTERS_MAX && customer.chars().all(is_plain) {
            return Some(customer.into());
        }
        problems.push(format!(
            "CUSTOMER \"{customer}\" must be letters, digits, - and _, at most {CUSTOMER_CHARACTERS_MAX} of them"
        ));
        None
    }

    fn queue(&self, name: &str, problems: &mut Vec<String>) -> Option<Url> {
        let text = self.required(name, problems)?;
        let shown = check::shown(&text);
        match check::url(&text) {
            Ok(url) if url.path().ends_with(FIFO_SUFFIX) => Some(url),
            Ok(_) => {
                problems.push(format!(
                    "{name} \"{shown}\" is no FIFO queue: its name must end in {FIFO_SUFFIX}, or batches would overtake each other"
                ));
                None
            }
            Err(reason) => {
                problems.push(format!("{name} \"{shown}\" {reason}"));
                None
            }
        }
    }

    fn topic(&self, problems: &mut Vec<String>) -> Option<String> {
        let topic = self.optional("TOPIC_ARN")?;
        if !(topic.starts_with("arn:") && topic.contains(":sns:")) {
            problems.push(format!(
                "TOPIC_ARN \"{topic}\" is no ARN of an SNS topic; leave it out to send no notices"
            ));
        }
        Some(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("BUCKET", "acme-sync"),
        ("CUSTOMER", "acme"),
        ("SECRET_ID", "acme/sync"),
        ("QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/1/acme.fifo"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:4566/1/acme-dead.fifo"),
        ("TOPIC_ARN", "arn:aws:sns:eu-central-1:1:acme"),
    ];

    fn environment(
        variables: &[(&'static str, &'static str)],
    ) -> Environment<impl Fn(&str) -> Option<String>> {
        Environment::from_lookup(move |name| {
            let found = variables.iter().rev().find(|(known, _)| *known == name);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn every_function_reads_its_own_variables() {
        let export = environment(&GOOD).for_export().unwrap();
        assert_eq!((export.bucket.as_str(), export.customer.as_str()), ("acme-sync", "acme"));
        assert_eq!(export.topic_arn.as_deref(), Some("arn:aws:sns:eu-central-1:1:acme"));
        let upload = environment(&GOOD).for_upload().unwrap();
        assert_eq!(upload.dead_letter_queue_url.path(), "/1/acme-dead.fifo");
        let poll = environment(&GOOD[..3]).for_poll().unwrap();
        assert_eq!((poll.secret_id.as_str(), poll.topic_arn), ("acme/sync", None));
    }

    #[test]
    fn every_problem_of_the_environment_is_in_one_message() {
        let problems = environment(&[
            ("BUCKET", "Acme Sync"),
            ("CUSTOMER", "acme.com"),
            ("SECRET_ID", " "),
            ("QUEUE_URL", "http://sqs.example.com/1/acme.fifo"),
            ("DEAD_LETTER_QUEUE_URL", "https://sqs.example.com/1/acme"),
        ]);
        insta::assert_snapshot!(problems.for_upload().unwrap_err(), @r#"
        5 settings are wrong:
          - BUCKET "Acme Sync" is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens
          - CUSTOMER "acme.com" must be letters, digits, - and _, at most 64 of them
          - SECRET_ID is not set
          - QUEUE_URL "http://sqs.example.com/1/acme.fifo" must start with https:// (http:// is for 127.0.0.1 only)
          - DEAD_LETTER_QUEUE_URL "https://sqs.example.com/1/acme" is no FIFO queue: its name must end in .fifo, or batches would overtake each other
        "#);
        insta::assert_snapshot!(environment(&[]).for_poll().unwrap_err(), @r#"
        3 settings are wrong:
          - BUCKET is not set
          - CUSTOMER is not set
          - SECRET_ID is not set
        "#);
        let twice = [&GOOD[..], &[("DEAD_LETTER_QUEUE_URL", GOOD[3].1)]].concat();
        insta::assert_snapshot!(environment(&twice).for_upload().unwrap_err(), @r#"
        1 setting is wrong:
          - DEAD_LETTER_QUEUE_URL is the same queue as QUEUE_URL
        "#);
    }
}
