//! `GET /metrics` on the admin port, and how long answers of the public port took.
//!
//! Not here: what the rooms below count (`authority::metrics`). Labels are words of ours, never
//! something a caller sent (row S3).

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use prometheus::{HistogramOpts, HistogramVec, Registry};

use crate::state::AppState;

const BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

pub struct HttpMetrics {
    durations: HistogramVec,
}

impl HttpMetrics {
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let options = HistogramOpts::new(
            "writ_http_request_duration_seconds",
            "How long answers of the public port took.",
        )
        .buckets(BUCKETS.to_vec());
        let durations = HistogramVec::new(options, &["endpoint", "status"])?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self { durations })
    }

    /// `endpoint` is a name of `routes`, the status is shown as its class.
    pub fn observe(&self, endpoint: &str, status: StatusCode, elapsed: Duration) {
        let class = match status.as_u16() {
            ..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.durations
            .with_label_values(&[endpoint, class])
            .observe(elapsed.as_secs_f64());
    }
}

pub fn configure(config: &mut web::ServiceConfig) {
    config.route("/metrics", web::get().to(answer));
}

async fn answer(state: web::Data<AppState>) -> HttpResponse {
    let metrics = state.authority.metrics();
    metrics
        .is_fresh
        .set(i64::from(state.authority.freshness().is_live()));
    let computations = state.authority.password_hasher().computations();
    metrics
        .password_computations
        .set(i64::try_from(computations).unwrap_or(i64::MAX));
    let computations = state.authority.password_hasher().foreign_computations();
    metrics
        .foreign_password_computations
        .set(i64::try_from(computations).unwrap_or(i64::MAX));
    let computations = state.authority.verified_secrets().computations();
    metrics
        .client_secret_computations
        .set(i64::try_from(computations).unwrap_or(i64::MAX));
    match metrics.encode() {
        Ok(text) => HttpResponse::Ok()
            .insert_header((
                header::CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            ))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the counters could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
