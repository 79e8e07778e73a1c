//! What a world logs, read for what no log may hold.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::life;

/// Everything that is logged in this thread as long as it lives.
pub(super) struct Logs {
    told: Told,
    _listening: DefaultGuard,
}

/// Lines that told something, and no others.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Logs {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        let told = Told::default();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(told.clone())
            .finish();
        Self { told, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines that hold a name or an address.
    pub(super) fn telling(&self) -> Vec<String> {
        self.told.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl io::Write for Told {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if life::personal().any(|piece| text.contains(piece)) {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            told.push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Told {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
