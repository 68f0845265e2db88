//! What `writ keys` says: lines for people, or one JSON document for scripts.

use authority::signing_key_rotation::{RemovalReport, ResealReport, RotationReport};
use protocol::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{SealedKeyName, SigningKeyRecord, Tenant};

use super::CliError;
use crate::cli::say::say;

/// A key as it is listed: nothing of its private part.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    tenant: String,
    kid: String,
    algorithm: String,
    signs: &'static str,
    state: &'static str,
    kek_id: String,
    created_at: String,
    activate_at: Option<String>,
    activated_at: Option<String>,
    retired_at: Option<String>,
}

impl Shown {
    pub(super) fn new(tenant: &Tenant, key: SigningKeyRecord) -> Self {
        Self {
            tenant: tenant.slug().to_string(),
            kid: key.kid,
            algorithm: key.algorithm,
            signs: key.signs.as_str(),
            state: key.state.as_str(),
            kek_id: key.kek_id,
            created_at: key.created_at.to_rfc3339(),
            activate_at: key.activate_at.map(Timestamp::to_rfc3339),
            activated_at: key.activated_at.map(Timestamp::to_rfc3339),
            retired_at: key.retired_at.map(Timestamp::to_rfc3339),
        }
    }

    fn since(&self) -> String {
        let moments = [
            ("retired", &self.retired_at),
            ("signs since", &self.activated_at),
            ("signs from", &self.activate_at),
        ];
        moments
            .into_iter()
            .find_map(|(word, at)| at.as_ref().map(|at| format!("{word} {at}")))
            .unwrap_or_default()
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Rotated {
    tenant: String,
    kid: String,
    algorithm: String,
    is_active: bool,
    activate_at: String,
    replaces: Option<String>,
}

impl Rotated {
    pub(super) fn new(tenant: &Tenant, report: RotationReport) -> Self {
        Self {
            tenant: tenant.slug().to_string(),
            kid: report.kid,
            algorithm: report.algorithm,
            is_active: report.is_active,
            activate_at: report.activate_at.to_rfc3339(),
            replaces: report.replaces,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Removed {
    tenant: String,
    kid: String,
    state: &'static str,
    signs_now: Option<String>,
}

impl Removed {
    pub(super) fn new(tenant: &Tenant, report: RemovalReport) -> Self {
        Self {
            tenant: tenant.slug().to_string(),
            kid: report.kid,
            state: report.state.as_str(),
            signs_now: report.signs_now,
        }
    }
}

pub(super) fn keys(keys: &[Shown], is_json: bool) -> Result<(), CliError> {
    if is_json {
        return json(keys);
    }
    for key in keys {
        say(&format!(
            "{:<24} {:<22} {:<5} {:<9} {:<7} kek {} {}",
            key.tenant,
            key.kid,
            key.algorithm,
            key.signs,
            key.state,
            key.kek_id,
            key.since()
        ));
    }
    say(&format!("{}.", counted(&keys.len(), "signing key")));
    Ok(())
}

pub(super) fn rotated(rotated: &[Rotated], is_json: bool) -> Result<(), CliError> {
    if is_json {
        return json(rotated);
    }
    for one in rotated {
        let kid = &one.kid;
        let when = if one.is_active {
            "signs since"
        } else {
            "signs from"
        };
        say(&format!(
            "{:<24} {kid} ({}) {when} {}{}",
            one.tenant,
            one.algorithm,
            one.activate_at,
            one.replaces
                .as_ref()
                .map_or_else(String::new, |old| format!(", instead of {old}")),
        ));
    }
    Ok(())
}

pub(super) fn resealed(report: &ResealReport, is_json: bool) -> Result<(), CliError> {
    if is_json {
        let failed = report.failed.iter().map(|failed| {
            json!({
                "tenant": failed.tenant, "kid": failed.kid, "kek_id": failed.kek_id, "reason": failed.reason,
            })
        });
        return json(&json!({
            "kek_id": report.kek_id, "resealed": report.resealed, "tenants": report.tenants,
            "left": report.left, "failed": failed.collect::<Vec<_>>(),
        }));
    }
    for failed in &report.failed {
        say(&format!(
            "{:<24} {} stays under {}: {}",
            failed.tenant, failed.kid, failed.kek_id, failed.reason
        ));
    }
    say(&format!(
        "Resealed {} of {} under {}; {} left under other keys.",
        counted(&report.resealed, "signing key"),
        counted(&report.tenants, "tenant"),
        report.kek_id,
        report.left
    ));
    Ok(())
}

pub(super) fn removed(removed: &[Removed], is_json: bool) -> Result<(), CliError> {
    if is_json {
        return json(removed);
    }
    for one in removed {
        say(&format!(
            "{:<24} {} ({}) is removed; {} signs now. What it signed is worth nothing any more.",
            one.tenant,
            one.kid,
            one.state,
            one.signs_now.as_deref().unwrap_or("nothing"),
        ));
    }
    Ok(())
}

pub(super) fn removed_lost(lost: &[SealedKeyName], is_json: bool) -> Result<(), CliError> {
    if is_json {
        let lost = lost
            .iter()
            .map(|name| json!({ "tenant_id": name.tenant_id.to_string(), "kid": name.kid }));
        return json(&lost.collect::<Vec<_>>());
    }
    for name in lost {
        say(&format!("{} {} is removed", name.tenant_id, name.kid));
    }
    say(&format!(
        "Removed {}.",
        counted(&lost.len(), "lost signing key")
    ));
    Ok(())
}

/// `3 tenants`.
pub(super) fn counted<N>(number: &N, thing: &str) -> String
where
    N: std::fmt::Display + PartialEq + From<u8>,
{
    let plural = if *number == 1.into() { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn json(answer: &(impl Serialize + ?Sized)) -> Result<(), CliError> {
    say(&serde_json::to_string_pretty(answer)?);
    Ok(())
}
