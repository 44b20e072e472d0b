//! The folder of a demonstration: made once, with the configuration as an operator would write it.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::Date;

use super::city::CLIENT;
use super::{DemoError, SOURCE, START, YEARS};
use crate::config::Config;

/// The last day on which anything may be done.
pub(super) fn last_day() -> Date {
    START.saturating_add(Span::new().years(i64::from(YEARS) + 1))
}

/// The folder, made and empty.
pub(super) fn prepared(out: &Path) -> Result<PathBuf, DemoError> {
    let failed = |source| DemoError::File {
        path: out.to_path_buf(),
        source,
    };
    fs::create_dir_all(out).map_err(failed)?;
    if fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(DemoError::NotEmpty(out.to_path_buf()));
    }
    out.canonicalize().map_err(failed)
}

/// Writes the configuration as an operator would, and reads it.
pub(super) fn written_config(out: &Path, base: &str, key: &Path) -> Result<Config, DemoError> {
    let last = last_day();
    let text = format!(
        include_str!("preventio.toml"),
        start = START,
        last = last,
        base = base,
        source = SOURCE,
        client = CLIENT,
        key = key.display(),
    );
    let path = out.join("preventio.toml");
    fs::write(&path, text).map_err(|source| DemoError::File {
        path: path.clone(),
        source,
    })?;
    Ok(Config::read(&path)?)
}
