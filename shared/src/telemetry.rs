//! Logs: one JSON object a line on standard output, where Lambda picks them up.
//!
//! Fields keep their dotted names (`"run.id"`) and stand beside the sentence (`"message"`). No time is written, since Lambda
//! and CloudWatch give each line one. Only our own crates may be more talkative than `info`: the AWS SDK and the HTTP
//! stack would print requests and answers, and with them people and secrets.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The crates whose own words hold no person and no secret.
const OURS: [&str; 6] = ["shared", "export", "upload", "poll", "gigya_cc", "sandbox"];

/// Starts logging. The level is `info`, or whatever `RUST_LOG` says.
///
/// `RUST_LOG` is read by the filter's own builder: it is the convention of the library, needed before the settings can be
/// judged, and changes nothing that the functions do. A directive that cannot be read is ignored, because a typing error in
/// a log level must not stop a customer's run. A second start is ignored too, so tests may call it freely.
pub fn init() {
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    if subscriber(filter, io::stdout).try_init().is_err() {
        tracing::debug!("Logs were started already.");
    }
}

/// An error with everything that caused it, as one line: what is logged, once, where the error is handled.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        // A transparent error says the same as its source.
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

fn subscriber<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .without_time()
        .with_writer(writer)
        .with_filter(filter.and(filter_fn(is_harmless)));
    Registry::default().with(lines)
}

fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let origin = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= LevelFilter::INFO || OURS.contains(&origin)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::subscriber::with_default;

    use super::*;

    fn lines_of(directives: &str, speak: impl FnOnce()) -> Vec<Value> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Shared(Arc::clone(&lines));
        let filter = EnvFilter::builder().parse_lossy(directives);
        with_default(subscriber(filter, move || writer.clone()), speak);
        let lines = lines.lock().unwrap();
        lines.split(|byte| *byte == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect()
    }

    #[derive(Clone)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_a_sentence_with_dotted_fields_beside_it_and_no_time() {
        let lines = lines_of("info", || {
            tracing::info!(run.id = "r1", batch.rows = 3, "Staged a batch.");
        });
        assert_eq!(
            lines,
            [json!({"level": "INFO", "message": "Staged a batch.", "run.id": "r1",
                    "batch.rows": 3, "target": "shared::telemetry::tests"})]
        );
    }

    #[test]
    fn other_crates_never_say_more_than_info_whatever_the_level() {
        let lines = lines_of("trace", || {
            tracing::trace!(target: "aws_smithy_runtime::client", "a whole request");
            tracing::debug!(target: "hyper", "an answer");
            tracing::info!(target: "lambda_runtime", "started");
            tracing::trace!(target: "export::read", "ours");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["message"].clone()).collect();
        assert_eq!(messages, ["started", "ours"]);
    }
}
