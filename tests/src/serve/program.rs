//! A binary as a child process.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tempfile::TempPath;
use tokio::process::{Child, Command};

/// A running program that finds nothing in its environment but what it was given. It is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// What it says, on both streams; a file, because nobody need read along.
    log: TempPath,
}

impl Program {
    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started, or there is no room for what it says.
    pub fn start(path: &Path, environment: &[(String, String)]) -> io::Result<Self> {
        let log = tempfile::NamedTempFile::new()?.into_temp_path();
        let (out, err) = (append_to(&log)?, append_to(&log)?);
        let child = Command::new(path)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has said so far.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn said(&self) -> io::Result<String> {
        std::fs::read_to_string(&self.log)
    }

    /// Kills it, and answers what it has said once it is gone.
    ///
    /// # Errors
    /// When it cannot be killed, or what it said cannot be read.
    pub async fn stop(mut self) -> io::Result<String> {
        self.child.kill().await?;
        self.said()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// The most memory that it has held at once, in bytes: the kernel's high-water mark of its resident set (proc(5),
    /// `/proc/pid/status`, `VmHWM`).
    ///
    /// # Errors
    /// When it has ended, or the kernel does not say so (only Linux does).
    pub fn peak_memory(&self) -> io::Result<u64> {
        let id = self.id().ok_or_else(|| io::Error::other("the program has ended"))?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        high_water_mark(&status).ok_or_else(|| io::Error::other("the kernel says no VmHWM"))
    }
}

fn append_to(log: &Path) -> io::Result<File> {
    File::options().append(true).open(log)
}

/// `VmHWM:   123456 kB`, where a kB is 1,024 bytes.
fn high_water_mark(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        let status = "Name:\tpoll\nVmPeak:\t  999 kB\nVmHWM:\t   12345 kB\nVmRSS:\t  1 kB\n";
        assert_eq!(high_water_mark(status), Some(12_345 * 1_024));
        assert_eq!(high_water_mark("Name:\tpoll\n"), None);
    }

    #[tokio::test]
    async fn a_program_sees_only_what_it_was_given_and_what_it_says_is_kept() {
        let environment = [("ONLY".to_owned(), "this".to_owned())];
        let mut program = Program::start(Path::new("/usr/bin/env"), &environment).unwrap();
        assert!(program.ended().await.unwrap().success());
        assert_eq!(program.said().unwrap(), "ONLY=this\n");
        assert!(program.peak_memory().is_err());
    }
}
