//! Calls that may be repeated: the answer to a POST with an `Idempotency-Key` is kept for a day, in the transaction of
//! its change, and a repeated call gets it again (draft-ietf-httpapi-idempotency-key-header).
//!
//! It is sealed under the caller's own credential, because it may show a secret, and kept by caller and key. The same
//! key with another request is refused. Only what succeeded is kept: what failed has changed nothing and may be tried
//! again.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use crypto::{AssociatedData, stored_answer};
use protocol::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::{IdempotentAnswer, NewIdempotentAnswer};

use crate::answer::{Content, Rendered};
use crate::api::Api;
use crate::mutation::{Opened, Place};
use crate::principal::Caller;
use crate::problem::{Problem, ProblemKind};
use crate::request::Incoming;

pub const HEADER: &str = "idempotency-key";
const LONGEST_KEY: usize = 255;
const KEPT_FOR: Duration = Duration::from_hours(24);

/// A call that its caller may repeat.
#[derive(Debug, Clone)]
pub struct IdempotentCall {
    /// Of the key as it was sent.
    key_digest: [u8; 32],
    /// Of all that was asked for.
    fingerprint: [u8; 32],
}

/// An answer as it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    body: Option<String>,
}

impl IdempotentCall {
    pub async fn read(incoming: &mut Incoming) -> Result<Option<Self>, Problem> {
        if incoming.http.method() != Method::POST {
            return Ok(None);
        }
        let mut sent = incoming.http.headers().get_all(HEADER);
        let Some(key) = sent.next() else {
            return Ok(None);
        };
        let is_good = (1..=LONGEST_KEY).contains(&key.len())
            && key.as_bytes().iter().all(u8::is_ascii_graphic)
            && sent.next().is_none();
        if !is_good {
            let detail = "Send one key of 1 to 255 visible ASCII characters, such as a UUID.";
            return Err(Problem::malformed_field(HEADER, detail));
        }
        let key_digest = crypto::sha256(key.as_bytes());
        let body = incoming.bytes().await?;
        // Each digested by itself, so that what ends one part cannot begin the next.
        let parts = [
            incoming.http.method().as_str().as_bytes(),
            incoming.http.path().as_bytes(),
            incoming.query().as_bytes(),
            &body,
        ];
        let digests: Vec<u8> = parts.into_iter().flat_map(crypto::sha256).collect();
        Ok(Some(Self {
            key_digest,
            fingerprint: crypto::sha256(&digests),
        }))
    }

    /// What was answered before, if anything was.
    pub async fn find(
        &self,
        api: &Api,
        caller: &Caller,
        place: &Place,
    ) -> Result<Option<Rendered>, Problem> {
        let (name, now) = (caller.name(), api.now());
        let found = match place {
            Place::Platform => {
                let mut platform = api.database().platform().await?;
                let found = platform.find_platform_idempotent_answer(&name, &self.key_digest, now);
                let found = found.await?;
                platform.roll_back().await?;
                found
            }
            Place::Tenant(tenant) => {
                let mut scope = api.database().tenant(tenant).await?;
                let found = scope.find_idempotent_answer(&name, &self.key_digest, now);
                let found = found.await?;
                scope.roll_back().await?;
                found
            }
        };
        found
            .map(|kept| self.open(caller, place, &kept))
            .transpose()
    }

    fn open(
        &self,
        caller: &Caller,
        place: &Place,
        kept: &IdempotentAnswer,
    ) -> Result<Rendered, Problem> {
        if kept.fingerprint != self.fingerprint {
            return Err(mismatch(
                "This Idempotency-Key was used for another request within the last 24 hours: choose a fresh one for \
                 each change, or repeat the request exactly as it was.",
            ));
        }
        let credential = caller.credential.expose_secret();
        let place = self.associated(caller, place);
        let opened = stored_answer::open(credential, &place, &kept.sealed_answer);
        let opened = opened.map_err(|error| {
            mismatch(
                "This change was made, under another credential of yours, and its answer can only be shown to that \
                 one: look the thing up.",
            )
            .because(error)
        })?;
        let kept: Kept = serde_json::from_slice(&opened).map_err(Problem::internal)?;
        kept.into_rendered()
    }

    pub(crate) fn seal(
        &self,
        caller: &Caller,
        place: &Place,
        rendered: &Rendered,
        now: Timestamp,
    ) -> Result<NewIdempotentAnswer, Problem> {
        let kept = serde_json::to_vec(&Kept::of(rendered)?).map_err(Problem::internal)?;
        let credential = caller.credential.expose_secret();
        let associated = self.associated(caller, place);
        Ok(NewIdempotentAnswer {
            caller: caller.name(),
            key_digest: self.key_digest,
            fingerprint: self.fingerprint,
            sealed_answer: stored_answer::seal(credential, &associated, &kept),
            expires_at: now + KEPT_FOR,
        })
    }

    fn associated(&self, caller: &Caller, place: &Place) -> AssociatedData {
        let tenant = match place {
            Place::Platform => String::new(),
            Place::Tenant(tenant) => tenant.id().to_string(),
        };
        AssociatedData::of(&[
            tenant.as_bytes(),
            caller.name().as_bytes(),
            &self.key_digest,
            &self.fingerprint,
        ])
    }
}

fn mismatch(detail: &str) -> Problem {
    Problem::new(ProblemKind::IdempotencyMismatch, detail)
}

impl Kept {
    fn of(rendered: &Rendered) -> Result<Self, Problem> {
        let body = match &rendered.content {
            Content::Nothing => None,
            Content::Json(body) => {
                let text = String::from_utf8(body.clone());
                Some(text.map_err(Problem::internal)?)
            }
            Content::Stream(..) => {
                return Err(Problem::internal("only JSON can be kept"));
            }
        };
        Ok(Self {
            status: rendered.status.as_u16(),
            location: rendered.location.clone(),
            etag: rendered.etag.clone(),
            body,
        })
    }

    fn into_rendered(self) -> Result<Rendered, Problem> {
        Ok(Rendered {
            status: StatusCode::from_u16(self.status).map_err(Problem::internal)?,
            content_location: None,
            location: self.location,
            etag: self.etag,
            content: match self.body {
                Some(body) => Content::Json(body.into_bytes()),
                None => Content::Nothing,
            },
            is_dry_run: false,
            is_replayed: true,
        })
    }
}

/// In the transaction of the change. Whoever was faster with the same key has made it.
pub(crate) async fn keep(
    opened: Opened,
    place: &Place,
    answer: &NewIdempotentAnswer,
    now: Timestamp,
) -> Result<Opened, Problem> {
    let (opened, is_kept) = match (opened, place) {
        (Opened::Tenant(mut scope), Place::Tenant(_)) => {
            let is_kept = scope.insert_idempotent_answer(answer, now).await?;
            (Opened::Tenant(scope), is_kept)
        }
        (Opened::Platform(scope), Place::Tenant(tenant)) => {
            let mut scope = scope.into_tenant(tenant).await?;
            let is_kept = scope.insert_idempotent_answer(answer, now).await?;
            (Opened::Tenant(scope), is_kept)
        }
        (Opened::Platform(mut scope), Place::Platform) => {
            let is_kept = scope.insert_platform_idempotent_answer(answer, now).await?;
            (Opened::Platform(scope), is_kept)
        }
        (Opened::Tenant(scope), Place::Platform) => {
            let mut scope = scope.into_platform().await?;
            let is_kept = scope.insert_platform_idempotent_answer(answer, now).await?;
            (Opened::Platform(scope), is_kept)
        }
    };
    if is_kept {
        return Ok(opened);
    }
    Err(Problem::conflicting_state(
        "The same call was made at the same time, and that one did it; repeat this one to see its answer.",
    ))
}
