//! Where the product's binaries are, and how they are built.
//!
//! `cargo test` builds the binaries of a package only for that package's own tests, so whoever wants to run them from here
//! builds them first: with the same profile, target and features as the program that asks, which makes it a matter of
//! linking, or of nothing at all.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The cargo that built this.
const CARGO: &str = env!("CARGO");

/// The workspace.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");

/// What cargo puts at the top of a target directory.
const TARGET_MARK: &str = "CACHEDIR.TAG";

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum BinariesError {
    /// This program does not lie where cargo puts programs.
    #[error("{} lies in no target directory of cargo's", .0.display())]
    Elsewhere(PathBuf),
    /// Cargo could not be run.
    #[error("cargo could not be run")]
    Cargo(#[source] io::Error),
    /// Cargo failed.
    #[error("cargo could not build the binaries:\n{0}")]
    Build(String),
}

/// Builds the workspace's binaries beside the running program, and answers the folder that they are in. A second call in
/// the same process answers at once.
///
/// # Errors
/// When cargo cannot be run or fails, or when the running program is not one of cargo's.
pub fn build() -> Result<&'static Path, &'static BinariesError> {
    static BUILT: OnceLock<Result<PathBuf, BinariesError>> = OnceLock::new();
    BUILT.get_or_init(build_now).as_deref()
}

fn build_now() -> Result<PathBuf, BinariesError> {
    let running = std::env::current_exe().map_err(BinariesError::Cargo)?;
    let place = Place::of(&running).ok_or_else(|| BinariesError::Elsewhere(running.clone()))?;
    // Tests are named too, because they decide with which features the dependencies were built.
    let built = Command::new(CARGO)
        .args(["build", "--quiet", "--locked", "--offline", "--workspace", "--bins", "--tests"])
        .args(["--manifest-path", MANIFEST])
        .args(place.arguments())
        .output()
        .map_err(BinariesError::Cargo)?;
    if !built.status.success() {
        return Err(BinariesError::Build(String::from_utf8_lossy(&built.stderr).into_owned()));
    }
    Ok(place.folder)
}

/// A folder of binaries in a target directory: `target/<profile>`, or `target/<target>/<profile>`.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    folder: PathBuf,
    target_directory: PathBuf,
    target: Option<String>,
    profile: String,
}

impl Place {
    fn of(program: &Path) -> Option<Self> {
        let folder = program.parent()?;
        // Tests lie in `deps`, examples in `examples`, binaries right there.
        let is_inner = folder.ends_with("deps") || folder.ends_with("examples");
        let folder = if is_inner { folder.parent()? } else { folder };
        let profile = match folder.file_name()?.to_str()? {
            "debug" => "dev",
            other => other,
        };
        let above = folder.parent()?;
        let is_top = |folder: &Path| folder.join(TARGET_MARK).is_file();
        let (target_directory, target) = if is_top(above) {
            (above, None)
        } else {
            (above.parent().filter(|top| is_top(top))?, Some(above.file_name()?.to_str()?))
        };
        Some(Self {
            folder: folder.to_owned(),
            target_directory: target_directory.to_owned(),
            target: target.map(ToOwned::to_owned),
            profile: profile.to_owned(),
        })
    }

    fn arguments(&self) -> Vec<String> {
        let directory = self.target_directory.display().to_string();
        let mut arguments = vec![
            "--target-dir".to_owned(),
            directory,
            "--profile".to_owned(),
            self.profile.clone(),
        ];
        if let Some(target) = &self.target {
            arguments.extend(["--target".to_owned(), target.clone()]);
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(program: &str) -> Option<(String, Vec<String>)> {
        let top = tempfile::tempdir().unwrap();
        std::fs::write(top.path().join(TARGET_MARK), "").unwrap();
        let place = Place::of(&top.path().join(program))?;
        let folder = place.folder.strip_prefix(top.path()).unwrap().display().to_string();
        Some((folder, place.arguments()[2..].to_vec()))
    }

    #[test]
    fn the_binaries_lie_beside_tests_examples_and_binaries_alike() {
        let dev = || vec!["--profile".to_owned(), "dev".to_owned()];
        for program in ["debug/deps/it-0f", "debug/examples/measure", "debug/sandbox"] {
            assert_eq!(place_of(program), Some(("debug".to_owned(), dev())));
        }
        let (folder, arguments) = place_of("aarch64-unknown-linux-gnu/release/deps/it-0f").unwrap();
        assert_eq!(folder, "aarch64-unknown-linux-gnu/release");
        assert_eq!(arguments, ["--profile", "release", "--target", "aarch64-unknown-linux-gnu"]);
        assert_eq!(place_of("elsewhere/far/away/it"), None);
    }
}
