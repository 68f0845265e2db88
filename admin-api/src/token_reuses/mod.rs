//! Token reuses: spent codes and refresh tokens that came again, for whoever looks for theft.
//!
//! They are audit events; what one grant went through is its timeline (`grants::timeline`).

pub mod list;
