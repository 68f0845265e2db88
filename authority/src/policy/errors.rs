//! What is wrong with a text of policies, and where.

/// One fault of a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct PolicyError {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The `@id` of the policy it is in, where that is known.
    pub policy_id: Option<String>,
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// All faults of a text, in the order of their places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PolicyErrors(pub Vec<PolicyError>);
