//! People and resources by what people call them: a username, the URL of an MCP server, the name of a webhook.
//!
//! An id is taken as it is, and costs no call.

use protocol::{ResourceId, UserId, WebhookId};
use serde_json::Value;

use super::verbs::Verbs;
use crate::cli::CliError;
use crate::cli::admin::api::{segment, tenant_path};
use crate::cli::admin::failure::{Failure, usage};
use crate::cli::admin::show::clean;

const NOT_FOUND: u16 = 404;

impl Verbs {
    /// A user by id or username; `tenant` is the tenant's path.
    pub(super) async fn user_id(&self, tenant: &str, said: &str) -> Result<String, CliError> {
        if said.parse::<UserId>().is_ok() {
            return Ok(said.to_owned());
        }
        let all = format!("{tenant}/users");
        let found = self.filtered(&all, Some("username"), said).await?;
        only(&found, "user", "username", said)
    }

    /// Likewise, where a user may have been left out.
    pub(super) async fn user_id_if_any(
        &self,
        tenant: &str,
        said: Option<&str>,
    ) -> Result<Option<String>, CliError> {
        match said {
            Some(said) => self.user_id(tenant, said).await.map(Some),
            None => Ok(None),
        }
    }

    /// One of those who administer by signing in: all of them are users of the system tenant.
    pub(super) async fn administrator_id(&self, said: &str) -> Result<String, CliError> {
        self.user_id(&tenant_path("system"), said).await
    }

    /// The path of a user.
    pub(super) async fn user(&self, tenant: &str, said: &str) -> Result<String, CliError> {
        let id = self.user_id(tenant, said).await?;
        Ok(format!("{tenant}/users/{}", segment(&id)))
    }

    /// The path of a resource, by id or identifier.
    pub(super) async fn resource(&self, tenant: &str, said: &str) -> Result<String, CliError> {
        let all = format!("{tenant}/resources");
        if said.parse::<ResourceId>().is_ok() {
            return Ok(format!("{all}/{said}"));
        }
        let found = self.filtered(&all, Some("identifier"), said).await?;
        let id = only(&found, "resource", "identifier", said)?;
        Ok(format!("{all}/{}", segment(&id)))
    }

    /// The path of a webhook, by id or name.
    pub(super) async fn webhook(&self, tenant: &str, said: &str) -> Result<String, CliError> {
        let all = format!("{tenant}/webhooks");
        if said.parse::<WebhookId>().is_ok() {
            return Ok(format!("{all}/{said}"));
        }
        // There are a few, and no filter.
        let mut found = self.filtered(&all, None, said).await?;
        found.retain(|webhook| webhook["name"] == said);
        let id = only(&found, "webhook", "name", said)?;
        Ok(format!("{all}/{}", segment(&id)))
    }

    async fn filtered(
        &self,
        path: &str,
        filter: Option<&str>,
        said: &str,
    ) -> Result<Vec<Value>, CliError> {
        let filters: Vec<(String, String)> = filter
            .map(|filter| (filter.to_owned(), said.to_owned()))
            .into_iter()
            .collect();
        Ok(self.api.list(path, &filters, None).await?.0)
    }
}

/// The id of the one that was meant.
fn only(found: &[Value], word: &str, by: &str, said: &str) -> Result<String, CliError> {
    let said = clean(said);
    match found {
        [one] => match one["id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(format!("the {word} {said} came without an id").into()),
        },
        [] => Err(Failure::Refused {
            status: NOT_FOUND,
            text: format!(
                "there is no {word} with the {by} {said}: `writ {word} list` shows those that there are"
            ),
        }
        .into()),
        several => Err(usage(format!(
            "there are {} {word}s with the {by} {said}: say the id of one",
            several.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_is_meant_and_no_other() {
        let one = json!({"id": "1", "name": "a"});
        assert_eq!(
            only(std::slice::from_ref(&one), "webhook", "name", "a").unwrap(),
            "1"
        );
        let none = only(&[], "user", "username", "al\u{1b}ice").unwrap_err();
        assert!(
            none.to_string()
                .contains("no user with the username al\u{fffd}ice")
        );
        let two = only(&[one.clone(), one], "webhook", "name", "a").unwrap_err();
        assert!(two.to_string().contains("say the id"), "{two}");
    }
}
