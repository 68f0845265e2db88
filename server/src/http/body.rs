//! Reads a body: all of it, at most 64 KB, within ten seconds (rows R1, R2).

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use protocol::{ErrorCode, Parameters};

use super::limits;
use super::oauth_error::OAuthFailure;

#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than 64 KB")]
    TooLarge,
    #[error("the body did not arrive within ten seconds")]
    TooSlow,
    #[error("the body broke off")]
    BrokenOff,
    #[error("send the parameters as application/x-www-form-urlencoded")]
    NotAForm,
}

impl BodyError {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenOff | Self::NotAForm => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<BodyError> for OAuthFailure {
    fn from(error: BodyError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string()).with_status(error.status())
    }
}

/// The bytes of a body.
pub async fn read(payload: &mut web::Payload) -> Result<Bytes, BodyError> {
    tokio::time::timeout(limits::BODY_TIMEOUT, collect(payload))
        .await
        .map_err(|_| BodyError::TooSlow)?
}

async fn collect(payload: &mut web::Payload) -> Result<Bytes, BodyError> {
    let Some(first) = payload.next().await else {
        return Ok(Bytes::new());
    };
    let first = first.map_err(|_| BodyError::BrokenOff)?;
    let Some(second) = payload.next().await else {
        // Nearly every body comes in one piece: no copy.
        return if first.len() > limits::MAX_BODY_BYTES {
            Err(BodyError::TooLarge)
        } else {
            Ok(first)
        };
    };
    let mut collected = BytesMut::from(first.as_ref());
    let mut next = Some(second);
    while let Some(chunk) = next {
        let chunk = chunk.map_err(|_| BodyError::BrokenOff)?;
        if collected.len() + chunk.len() > limits::MAX_BODY_BYTES {
            return Err(BodyError::TooLarge);
        }
        collected.extend_from_slice(&chunk);
        next = payload.next().await;
    }
    Ok(collected.freeze())
}

/// The parameters of a form body; a charset beside the type is fine (row E14).
pub async fn read_form(
    http: &HttpRequest,
    payload: &mut web::Payload,
) -> Result<Parameters, OAuthFailure> {
    if essence_of(http) != "application/x-www-form-urlencoded" {
        return Err(BodyError::NotAForm.into());
    }
    let bytes = read(payload).await?;
    Ok(Parameters::parse(&bytes)?)
}

/// The media type without its parameters, in lower case; empty where there is none.
pub fn essence_of(http: &HttpRequest) -> String {
    let sent = http
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    sent.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
