//! What agentgateway's `mcpAuthentication` does in front of an MCP server, and nothing else of it:
//! it reads the key set once, at the start; checks each bearer token; publishes the protected resource
//! metadata of its route; hands authorization server metadata and registrations on to the issuer.
//!
//! `gateway-verifier PORT ISSUER AUDIENCE SCOPE UPSTREAM` serves the route `/stdio/mcp`.

mod tokens;

use std::error::Error;

use serde_json::{json, Value};
use tiny_http::{Header, Method, Request, Response, Server};
use tokens::Keys;

const ROUTE: &str = "/stdio/mcp";

struct Gateway {
    issuer: String,
    scope: String,
    upstream: String,
    keys: Keys,
    agent: ureq::Agent,
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, issuer, audience, scope, upstream] = arguments.as_slice() else {
        return Err("gateway-verifier PORT ISSUER AUDIENCE SCOPE UPSTREAM".into());
    };
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build(),
    );
    let jwks_url = format!("{issuer}/.well-known/jwks.json");
    let jwks = agent.get(&jwks_url).call()?.body_mut().read_to_string()?;
    let gateway = Gateway {
        issuer: issuer.clone(),
        scope: scope.clone(),
        upstream: upstream.clone(),
        keys: Keys::read(&jwks, issuer, audience)?,
        agent,
    };
    let server = Server::http(format!("127.0.0.1:{port}")).map_err(|error| error.to_string())?;
    for mut request in server.incoming_requests() {
        let answer = gateway
            .answer(&mut request)
            .unwrap_or_else(|error| Answer::json(502, &json!({ "error": error.to_string() })));
        let mut response = Response::from_string(answer.body).with_status_code(answer.status);
        let cors = [
            ("Access-Control-Allow-Origin", "*".to_owned()),
            (
                "Access-Control-Allow-Headers",
                "*, Authorization".to_owned(),
            ),
            (
                "Access-Control-Expose-Headers",
                "*, WWW-Authenticate".to_owned(),
            ),
        ];
        for (name, value) in answer.headers.into_iter().chain(cors) {
            let header = Header::from_bytes(name, value).map_err(|()| "not a header")?;
            response.add_header(header);
        }
        request.respond(response).ok();
    }
    Ok(())
}

impl Gateway {
    fn answer(&self, request: &mut Request) -> Result<Answer, Box<dyn Error>> {
        if *request.method() == Method::Options {
            return Ok(Answer::json(200, &json!({})));
        }
        match request.url().split('?').next().unwrap_or_default() {
            "/.well-known/oauth-protected-resource/stdio/mcp" => {
                Ok(self.resource_metadata(request))
            }
            "/.well-known/oauth-authorization-server/stdio/mcp" => self.server_metadata(),
            "/stdio/mcp/clients-registrations/openid-connect" => self.register(request),
            ROUTE => self.call(request),
            _ => Ok(Answer::json(404, &json!({ "error": "not_found" }))),
        }
    }

    fn resource_metadata(&self, request: &Request) -> Answer {
        let host = header(request, "host").unwrap_or_default();
        let document = json!({
            "resource": format!("http://{host}{ROUTE}"),
            "authorization_servers": [self.issuer],
            "mcp_protocol_version": "2025-06-18",
            "resource_type": "mcp-server",
            "scopes_supported": [self.scope],
            "bearer_methods_supported": ["header", "body", "query"],
            "resource_documentation": format!("http://{host}{ROUTE}/docs"),
        });
        Answer::json(200, &document)
    }

    /// The form that 0.7 asks for: the well-known part behind the issuer.
    fn server_metadata(&self) -> Result<Answer, Box<dyn Error>> {
        let url = format!("{}/.well-known/oauth-authorization-server", self.issuer);
        let mut answer = self.agent.get(&url).call()?;
        let document: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        Ok(Answer::json(answer.status().as_u16(), &document))
    }

    /// With `provider: keycloak` a registration is handed on to Keycloak's path, and no `Content-Type` with it.
    fn register(&self, request: &mut Request) -> Result<Answer, Box<dyn Error>> {
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body)?;
        let url = format!("{}/clients-registrations/openid-connect", self.issuer);
        let mut answer = self.agent.post(&url).content_type("").send(&body[..])?;
        let document: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        Ok(Answer::json(answer.status().as_u16(), &document))
    }

    fn call(&self, request: &mut Request) -> Result<Answer, Box<dyn Error>> {
        let bearer = header(request, "authorization")
            .and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
        let checked = bearer
            .ok_or_else(|| "JWT token required".to_owned())
            .and_then(|token| self.keys.check(&token));
        if let Err(reason) = checked {
            let host = header(request, "host").unwrap_or_default();
            let metadata = format!("http://{host}/.well-known/oauth-protected-resource{ROUTE}");
            let mut answer = Answer::json(
                401,
                &json!({ "error": "unauthorized", "error_description": reason }),
            );
            let challenge = format!("Bearer resource_metadata=\"{metadata}\"");
            answer.headers.push(("WWW-Authenticate", challenge));
            return Ok(answer);
        }
        if *request.method() != Method::Post {
            return Ok(Answer::json(405, &json!({ "error": "method_not_allowed" })));
        }
        // The token ends here: the server behind never sees it.
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body)?;
        let mut answer = self
            .agent
            .post(&self.upstream)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .send(&body[..])?;
        let media_type = answer.headers().get("content-type");
        let media_type = media_type.and_then(|value| value.to_str().ok());
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: vec![(
                "Content-Type",
                media_type.unwrap_or("text/plain").to_owned(),
            )],
            body: answer.body_mut().read_to_string()?,
        })
    }
}

impl Answer {
    fn json(status: u16, document: &Value) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: document.to_string(),
        }
    }
}

fn header(request: &Request, name: &'static str) -> Option<String> {
    let found = request
        .headers()
        .iter()
        .find(|header| header.field.equiv(name));
    found.map(|header| header.value.as_str().to_owned())
}
