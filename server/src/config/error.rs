//! What is wrong with the settings, said so that it can be mended.

use std::fmt;

/// Everything that is wrong, at once: nobody likes to mend one line a start.
#[derive(Debug)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One setting, what is wrong with it, and what to do. Never holds a secret's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    place: String,
    what: String,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
        }
    }
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem])
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings do not hold:")?;
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl std::error::Error for ConfigError {}
