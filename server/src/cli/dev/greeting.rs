//! What `writ dev` prints once it stands: where things are, and three commands to try.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};

use super::demo::{Demo, RESOURCE, USERNAME};
use super::folder::Folder;
use super::kept::{ADMIN_KEY_FILE, Kept};
use crate::cli::http_call::reachable;
use crate::cli::say::say;

pub(super) fn greet(
    demo: &Demo,
    admin: SocketAddr,
    admin_key: &SecretString,
    folder: &Folder,
    is_private: bool,
    kept: &Kept,
) {
    let admin = reachable(admin);
    let issuer = &demo.issuer;
    let metadata = metadata_url(issuer);
    let kept_in = if is_private { "data and keys" } else { "keys" };
    let key = admin_key.expose_secret();
    // A copied command must work: name the file only where it holds the key in force.
    let key_in_command = if key == kept.admin_key {
        format!("$(cat {}/{ADMIN_KEY_FILE})", super::FOLDER)
    } else {
        "$WRIT_BOOTSTRAP_ADMIN_KEY".to_owned()
    };
    say(&format!(
        "
Writ is up.

  Issuer     {issuer}
  Resource   {RESOURCE}
  Sign in    {USERNAME} / {password}
  Admin API  http://{admin}/admin/v1
  Admin key  {key}

Try:

  curl -s {metadata}

  curl -s {issuer}/register -H 'content-type: application/json' \\
    -d '{{\"client_name\": \"Try\", \"redirect_uris\": [\"http://127.0.0.1/callback\"]}}'

  curl -s http://{admin}/admin/v1/tenants/demo/clients -H \"authorization: Bearer {key_in_command}\"

An MCP server at {RESOURCE} needs only that issuer in its protected resource metadata.
Its {kept_in} are in {folder}. Ctrl-C stops everything.",
        password = kept.demo_password,
        folder = folder.path().display(),
    ));
}

/// RFC 8414 §3.1: the well-known part goes between host and path.
fn metadata_url(issuer: &str) -> String {
    const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
    url::Url::parse(issuer).map_or_else(
        |_| format!("{issuer}{WELL_KNOWN}"),
        |url| {
            let origin = url.origin().ascii_serialization();
            format!("{origin}{WELL_KNOWN}{}", url.path().trim_end_matches('/'))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_goes_between_host_and_path() {
        let wanted = "http://localhost:9000/.well-known/oauth-authorization-server/t/demo";
        assert_eq!(metadata_url("http://localhost:9000/t/demo"), wanted);
    }
}
