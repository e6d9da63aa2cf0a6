//! Variables of the environment that are no flags: those of the log and of tracing.

use std::env::{self, VarError};

use anyhow::bail;

/// A variable; one that is empty is as if it were not set.
pub fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("is not UTF-8: write it in plain letters"),
    }
}
