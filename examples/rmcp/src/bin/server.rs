//! A protected MCP server on rmcp: it says where its issuer is, and takes tokens made for it by that issuer.
//!
//! `server PORT ISSUER`; the resource is `http://localhost:PORT/mcp`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, schemars, tool, tool_handler, tool_router};
use serde::Deserialize;
use serde_json::{Value, json};

const SCOPE: &str = "notes:read";

struct Protection {
    issuer: String,
    resource: String,
    metadata_url: String,
    http: reqwest::Client,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Numbers {
    a: i64,
    b: i64,
}

#[derive(Clone)]
struct Notes {
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Notes {
    #[tool(description = "Adds two numbers.")]
    async fn add(&self, Parameters(Numbers { a, b }): Parameters<Numbers>) -> String {
        (a + b).to_string()
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Notes {}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("PORT")?.parse()?;
    let issuer = arguments.next().ok_or("ISSUER")?;
    let origin = format!("http://localhost:{port}");
    let protection = Arc::new(Protection {
        issuer,
        resource: format!("{origin}/mcp"),
        metadata_url: format!("{origin}/.well-known/oauth-protected-resource/mcp"),
        http: reqwest::Client::new(),
    });

    let notes = Notes {
        tool_router: Notes::tool_router(),
    };
    let service = StreamableHttpService::new(
        move || Ok(notes.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let router = Router::new()
        .nest_service("/mcp", service)
        .layer(from_fn_with_state(Arc::clone(&protection), require_token))
        .route(
            "/.well-known/oauth-protected-resource/mcp",
            get(resource_metadata),
        )
        .with_state(protection);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

/// RFC 9728: what a client that was answered with 401 asks for next.
async fn resource_metadata(State(protection): State<Arc<Protection>>) -> Json<Value> {
    Json(json!({
        "resource": protection.resource,
        "authorization_servers": [protection.issuer],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
    }))
}

async fn require_token(
    State(protection): State<Arc<Protection>>,
    request: Request,
    next: Next,
) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let refused = match bearer {
        None => String::new(),
        Some(token) => match protection.check(token).await {
            Ok(()) => return next.run(request).await,
            Err(reason) => {
                eprintln!("refused a token: {reason}");
                ", error=\"invalid_token\"".to_owned()
            }
        },
    };
    let challenge = format!(
        "Bearer resource_metadata=\"{}\", scope=\"{SCOPE}\"{refused}",
        protection.metadata_url
    );
    (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, challenge)],
    )
        .into_response()
}

impl Protection {
    /// A server of yours keeps the keys for as long as their `Cache-Control` says.
    async fn check(&self, token: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let url = format!(
            "{}/.well-known/jwks.json",
            self.issuer.trim_end_matches('/')
        );
        let keys: JwkSet = self
            .http
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let kid = decode_header(token)?.kid.ok_or("no kid")?;
        let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("an unknown key")?)?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.resource]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = decode::<Value>(token, &key, &validation)?.claims;
        let scopes = claims["scope"].as_str().unwrap_or_default();
        if scopes.split(' ').any(|scope| scope == SCOPE) {
            Ok(())
        } else {
            Err(format!("the scope {SCOPE} is not among {scopes}").into())
        }
    }
}
