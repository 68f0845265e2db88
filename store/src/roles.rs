//! The names of the roles that every transaction takes on.

/// Roles belong to the cluster; installations that share one need names of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    app: String,
    platform: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be a role's name: use 1 to 63 characters of a-z 0-9 _ that do not begin with a digit or with pg_"
)]
pub struct InvalidRoleName(String);

impl Roles {
    /// `app` for tenants' tables, `platform` for what stands above them.
    pub fn new(app: &str, platform: &str) -> Result<Self, InvalidRoleName> {
        let both_alike = app == platform;
        for name in [app, platform] {
            if !is_role_name(name) || both_alike {
                return Err(InvalidRoleName(name.to_owned()));
            }
        }
        Ok(Self {
            app: app.to_owned(),
            platform: platform.to_owned(),
        })
    }

    pub fn app(&self) -> &str {
        &self.app
    }

    pub fn platform(&self) -> &str {
        &self.platform
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self {
            app: "writ_app".to_owned(),
            platform: "writ_platform".to_owned(),
        }
    }
}

/// Stricter than PostgreSQL: such a name needs no escaping anywhere.
fn is_role_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=63).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("pg_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_name_cannot_carry_sql() {
        for name in [
            "",
            "a b",
            "a\"b",
            "a;b",
            "A",
            "1a",
            "pg_monitor",
            "é",
            &"x".repeat(64),
        ] {
            assert!(Roles::new(name, "writ_platform").is_err(), "{name}");
            assert!(Roles::new("writ_app", name).is_err(), "{name}");
        }
        assert!(Roles::new("same", "same").is_err());
        assert!(Roles::new("writ2_app", "writ2_platform").is_ok());
    }
}
