//! How a tenant signs, how long its keys live, and what it asks of requests for tokens: a part of its
//! settings. Creating and changing a tenant share it.
//!
//! To add one more: a member in `TokenChanges` and in the three bodies, its line in `apply`.

use protocol::SigningAlgorithm;
use protocol::client::DeviceAuthorizationMode;
use serde::{Deserialize, Serialize};
use store::TenantSettings;
use utoipa::ToSchema;

use crate::change::Change;
use crate::problem::Faults;
use crate::wire;

/// What a tenant signs access tokens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SigningAlgorithm)]
pub enum Algorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// Whose device requests are taken (RFC 8628).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeviceAuthorization)]
pub enum DeviceAuthorization {
    Off,
    /// Of clients that somebody of the tenant entered.
    VouchedFor,
    /// Of all clients.
    Open,
}

/// What a body says about these settings.
pub struct TokenChanges {
    pub signing_algorithm: Change<Algorithm>,
    pub signing_key_rotation_interval: Change<u64>,
    pub signing_key_lead: Change<u64>,
    pub signing_key_wait: Change<u64>,
    pub rotates_confidential_refresh_tokens: Change<bool>,
    pub is_dpop_nonce_required: Change<bool>,
    pub is_par_required: Change<bool>,
    pub device_authorization: Change<DeviceAuthorization>,
}

impl TokenChanges {
    /// The settings with these changes made; the others are as they were.
    pub fn apply(self, faults: &mut Faults, current: TenantSettings) -> TenantSettings {
        let default = TenantSettings::default();
        let interval = wire::lifetime_change(
            faults,
            "signing_key_rotation_interval",
            self.signing_key_rotation_interval,
            &wire::SIGNING_KEY_ROTATION_INTERVAL,
        )
        .apply_or(current.signing_key_rotation_interval, || {
            default.signing_key_rotation_interval
        });
        let lead = wire::lifetime_change(
            faults,
            "signing_key_lead",
            self.signing_key_lead,
            &wire::SIGNING_KEY_LEAD,
        )
        .apply_or(current.signing_key_lead, || default.signing_key_lead);
        let wait = wire::lifetime_change(
            faults,
            "signing_key_wait",
            self.signing_key_wait,
            &wire::SIGNING_KEY_WAIT,
        )
        .apply_or(current.signing_key_wait, || default.signing_key_wait);
        // Else a key would be due for the next one before it signs.
        if lead.saturating_add(wait) > interval {
            faults.add(
                "signing_key_rotation_interval",
                "At least signing_key_lead and signing_key_wait together.",
            );
        }
        let algorithm = self.signing_algorithm.map(SigningAlgorithm::from);
        let device = self.device_authorization.map(DeviceAuthorizationMode::from);
        TenantSettings {
            signing_algorithm: algorithm
                .apply_or(current.signing_algorithm, || default.signing_algorithm),
            signing_key_rotation_interval: interval,
            signing_key_lead: lead,
            signing_key_wait: wait,
            rotates_confidential_refresh_tokens: self
                .rotates_confidential_refresh_tokens
                .apply_or(current.rotates_confidential_refresh_tokens, || {
                    default.rotates_confidential_refresh_tokens
                }),
            is_dpop_nonce_required: self
                .is_dpop_nonce_required
                .apply_or(current.is_dpop_nonce_required, || {
                    default.is_dpop_nonce_required
                }),
            is_par_required: self
                .is_par_required
                .apply_or(current.is_par_required, || default.is_par_required),
            device_authorization: device.apply_or(current.device_authorization, || {
                default.device_authorization
            }),
            ..current
        }
    }
}

impl From<SigningAlgorithm> for Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Rs256 => Self::Rs256,
            SigningAlgorithm::Ps256 => Self::Ps256,
            SigningAlgorithm::Es256 => Self::Es256,
            SigningAlgorithm::EdDsa => Self::EdDsa,
        }
    }
}

impl From<Algorithm> for SigningAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 => Self::Rs256,
            Algorithm::Ps256 => Self::Ps256,
            Algorithm::Es256 => Self::Es256,
            Algorithm::EdDsa => Self::EdDsa,
        }
    }
}

impl From<DeviceAuthorizationMode> for DeviceAuthorization {
    fn from(mode: DeviceAuthorizationMode) -> Self {
        match mode {
            DeviceAuthorizationMode::Off => Self::Off,
            DeviceAuthorizationMode::VouchedFor => Self::VouchedFor,
            DeviceAuthorizationMode::Open => Self::Open,
        }
    }
}

impl From<DeviceAuthorization> for DeviceAuthorizationMode {
    fn from(mode: DeviceAuthorization) -> Self {
        match mode {
            DeviceAuthorization::Off => Self::Off,
            DeviceAuthorization::VouchedFor => Self::VouchedFor,
            DeviceAuthorization::Open => Self::Open,
        }
    }
}
