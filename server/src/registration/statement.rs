//! Software statements (RFC 7591 §2.3): what somebody whom the tenant trusts says about the client.
//!
//! Where the tenant trusts nobody and demands none, a statement is ignored. A trusted one wins over what
//! the client says itself; one that was sent is never passed over for being wrong.

use crypto::jwt::{VerifyError, verify_software_statement};
use protocol::Timestamp;
use protocol::client::registration::{RegistrationBody, RegistrationError, RegistrationRequest};
use serde_json::{Map, Value};
use store::Tenant;

/// A statement that counted.
pub struct Stated {
    pub text: String,
    pub issuer: String,
}

/// What a body asks for, all told.
pub fn read(
    tenant: &Tenant,
    body: &[u8],
    now: Timestamp,
) -> Result<(RegistrationRequest, Option<Stated>), RegistrationError> {
    apply(tenant, RegistrationBody::parse(body)?, now)
}

pub fn apply(
    tenant: &Tenant,
    body: RegistrationBody,
    now: Timestamp,
) -> Result<(RegistrationRequest, Option<Stated>), RegistrationError> {
    let settings = tenant.settings();
    let is_required = settings.is_software_statement_required;
    if settings.software_statements.is_empty() && !is_required {
        return Ok((body.to_request()?, None));
    }
    let text = match body.software_statement()? {
        Some(text) => text.to_owned(),
        None if is_required => return Err(RegistrationError::SoftwareStatementRequired),
        None => return Ok((body.to_request()?, None)),
    };
    let claims = verify(tenant, &text, now)?;
    let issuer = claims
        .get("iss")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let request = body.with_statement(&claims).to_request()?;
    Ok((request, Some(Stated { text, issuer })))
}

fn verify(
    tenant: &Tenant,
    text: &str,
    now: Timestamp,
) -> Result<Map<String, Value>, RegistrationError> {
    let keys_of = |issuer: &str| {
        let trusted = tenant.settings().software_statements.iter();
        trusted
            .filter(|one| one.issuer == issuer)
            .map(|one| &one.jwks)
            .next()
    };
    verify_software_statement(text, keys_of, now).map_err(|error| match error {
        VerifyError::Issuer => RegistrationError::UnapprovedSoftwareStatement,
        other => RegistrationError::InvalidSoftwareStatement(other.to_string()),
    })
}
