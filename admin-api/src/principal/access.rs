//! What an operation asks of its caller: where, whether to write, and which kind of thing.

use protocol::{AdminObject, AdminScope};

/// Where an operation acts, and whether it changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    PlatformRead,
    PlatformWrite,
    TenantRead,
    TenantWrite,
    /// Somebody of the platform, for an operation on one tenant.
    PlatformTenantWrite,
}

impl Access {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlatformRead => "platform-read",
            Self::PlatformWrite => "platform-write",
            Self::TenantRead => "tenant-read",
            Self::TenantWrite => "tenant-write",
            Self::PlatformTenantWrite => "platform-tenant-write",
        }
    }

    pub const fn is_write(self) -> bool {
        matches!(
            self,
            Self::PlatformWrite | Self::TenantWrite | Self::PlatformTenantWrite
        )
    }

    pub const fn is_platform(self) -> bool {
        matches!(
            self,
            Self::PlatformRead | Self::PlatformWrite | Self::PlatformTenantWrite
        )
    }
}

/// The access rule of an operation, made from the type of its first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub access: Access,
    pub object: AdminObject,
}

impl Rule {
    /// The scope that whoever calls must have.
    pub const fn scope(self) -> AdminScope {
        AdminScope {
            object: Some(self.object),
            can_write: self.access.is_write(),
        }
    }

    /// For the document.
    pub fn description(self) -> String {
        let scope = self.scope();
        if self.access.is_platform() {
            format!("Needs the scope `{scope}` for the platform.")
        } else {
            format!("Needs the scope `{scope}`, for the platform or for this tenant.")
        }
    }
}
