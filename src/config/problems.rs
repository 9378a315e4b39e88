//! What is wrong with the settings, all of it at once.

use std::fmt;

/// One setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`.
    pub setting: String,
    pub what: String,
    pub cure: String,
}

/// Collects problems, in the order they are found.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(
        &mut self,
        setting: impl Into<String>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.0.push(Problem {
            setting: setting.into(),
            what: what.into(),
            cure: cure.into(),
        });
    }

    /// Adds the problem unless `holds`.
    pub fn require(&mut self, holds: bool, setting: &str, what: &str, cure: &str) {
        if !holds {
            self.add(setting, what, cure);
        }
    }

    pub fn into_result(self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(ConfigError(self.0))
    }
}

/// The settings cannot be used; prints one line per problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 {
            "setting is"
        } else {
            "settings are"
        };
        write!(f, "{count} {noun} wrong:")?;
        for problem in &self.0 {
            write!(
                f,
                "\n  {}: {}; {}",
                problem.setting, problem.what, problem.cure
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
