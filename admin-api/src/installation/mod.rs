//! The installation as a whole: what is done to every tenant at once.

pub mod void_refresh_tokens;
