//! `GET /livez` and `GET /readyz` on the admin port: whether the process answers, and whether it can
//! do its work. They say one word each and grant nothing (row R4); reasons are in the log.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use protocol::clock::MAX_CLOCK_SKEW;
use store::StoreError;

use crate::clock_skew;
use crate::isolation::OutOfOrder;
use crate::state::AppState;

#[derive(Debug, thiserror::Error)]
enum Unready {
    #[error("database")]
    Database(#[source] StoreError),
    #[error("isolation")]
    Isolation(#[source] OutOfOrder),
    #[error("encryption keys")]
    LostKeys(#[source] OutOfOrder),
    #[error("clock")]
    Clock(Duration),
}

impl From<OutOfOrder> for Unready {
    fn from(error: OutOfOrder) -> Self {
        match error {
            OutOfOrder::Store(error) => Self::Database(error),
            OutOfOrder::LostKeys(_) => Self::LostKeys(error),
            OutOfOrder::Isolation(_) => Self::Isolation(error),
        }
    }
}

pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/livez", web::get().to(live))
        .route("/readyz", web::get().to(ready));
}

async fn live() -> HttpResponse {
    plain(HttpResponse::Ok(), "live")
}

async fn ready(state: web::Data<AppState>) -> HttpResponse {
    match check(&state).await {
        Ok(()) => plain(HttpResponse::Ok(), "ready"),
        Err(unready) => {
            tracing::warn!(reason = ?unready, "not ready");
            plain(
                HttpResponse::ServiceUnavailable(),
                &format!("not ready: {unready}"),
            )
        }
    }
}

async fn check(state: &AppState) -> Result<(), Unready> {
    state.isolation.check(&state.authority).await?;
    // Each time: another replica may have sealed a key under a key-encryption key that this one lacks.
    let opened = state.authority.verify_encryption_keys().await;
    opened.map_err(OutOfOrder::from)?;
    let skew = clock_skew::read(&state.authority)
        .await
        .map_err(Unready::Database)?;
    if skew > MAX_CLOCK_SKEW {
        Err(Unready::Clock(skew))
    } else {
        Ok(())
    }
}

fn plain(mut builder: actix_web::HttpResponseBuilder, body: &str) -> HttpResponse {
    builder
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!("{body}\n"))
}
