//! The schema keeps its own rules: keys, policies, grants; and `writ` sees where they were broken.

mod locks;
mod roles;
