//! What a PATCH says about one member: nothing, back to the default, or a new value.

use serde::{Deserialize, Deserializer};

use crate::problem::Faults;

/// Absent means unchanged, `null` means back to the default (RFC 7396).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    #[default]
    Keep,
    Reset,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map_or(Self::Reset, Self::Set))
    }
}

/// For a thing to be made: nothing is said, or a value.
impl<T> From<Option<T>> for Change<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

impl<T> Change<T> {
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Reset => Change::Reset,
            Self::Set(value) => Change::Set(change(value)),
        }
    }

    /// For a member that may be empty.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Reset => None,
            Self::Set(value) => Some(value),
        }
    }

    /// For a member that always has a value and falls back to a default.
    pub fn apply_or(self, current: T, default: impl FnOnce() -> T) -> T {
        match self {
            Self::Keep => current,
            Self::Reset => default(),
            Self::Set(value) => value,
        }
    }

    /// For a member that has no default: `null` is a fault.
    pub fn required(self, field: &str, faults: &mut Faults) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Reset => {
                faults.add(
                    field,
                    "This has no default, so it cannot be null; leave it out to keep it.",
                );
                None
            }
            Self::Set(value) => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Patch {
        #[serde(default)]
        name: Change<String>,
    }

    #[test]
    fn absent_is_unchanged_and_null_is_reset() {
        let read = |json| serde_json::from_str::<Patch>(json).unwrap().name;
        assert_eq!(read("{}"), Change::Keep);
        assert_eq!(read(r#"{"name":null}"#), Change::Reset);
        assert_eq!(read(r#"{"name":"a"}"#), Change::Set("a".to_owned()));
    }
}
