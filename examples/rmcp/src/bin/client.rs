//! rmcp's own OAuth client, from nothing to a tool call. Prints the authorization URL, reads the address that the
//! person was sent back to, calls the tool.
//!
//! `client URL REDIRECT_URI [CLIENT_METADATA_URL]`

use std::io::BufRead as _;

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("URL")?;
    let redirect_uri = arguments.next().ok_or("REDIRECT_URI")?;

    let mut request = AuthorizationRequest::new(redirect_uri).with_client_name("rmcp");
    if let Some(client_metadata_url) = arguments.next() {
        request = request.with_client_metadata_url(client_metadata_url);
    }
    let mut state = OAuthState::new(&url, None).await?;
    state.start_authorization(request).await?;
    println!(
        "{}",
        json!({ "authorization_url": state.get_authorization_url().await? })
    );
    let mut redirect = String::new();
    std::io::stdin().lock().read_line(&mut redirect)?;
    state.handle_callback_url(redirect.trim()).await?;
    let (client_id, _) = state.get_credentials().await?;

    let manager = state.into_authorization_manager().ok_or("not authorized")?;
    let transport = StreamableHttpClientTransport::with_client(
        AuthClient::new(reqwest::Client::new(), manager),
        StreamableHttpClientTransportConfig::with_uri(url),
    );
    let client = ().serve(transport).await?;
    let arguments = json!({ "a": 2, "b": 3 })
        .as_object()
        .cloned()
        .unwrap_or_default();
    let answer = client
        .call_tool(CallToolRequestParams::new("add").with_arguments(arguments))
        .await?;
    let text = answer.content.first().and_then(|content| content.as_text());
    let text = text.map(|content| content.text.clone());
    println!("{}", json!({ "result": text, "client_id": client_id }));
    client.cancel().await?;
    Ok(())
}
