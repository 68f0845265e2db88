//! What the rules of OAuth refuse before any policy is asked: it has a trace, too, under the same reference.

use protocol::ErrorCode;
use protocol::client::{Client, GrantType};
use protocol::error_code::OAuthError;
use protocol::ids::{DecisionId, UserId};
use serde_json::json;
use store::{NewDecision, Tenant};

use super::facts;
use super::recorder::Share;
use super::trace::TraceCheck;
use crate::Authority;
use crate::audit::Origin;
use crate::policy::{PolicyAction, Verdict};

/// Its outcome, which no policy has.
const REFUSED: &str = "refused";

/// A request of somebody who is known, and the error that it was answered with.
#[derive(Clone, Debug)]
pub struct RuleRefusal<'a> {
    pub tenant: &'a Tenant,
    pub client: &'a Client,
    /// Who is signed in. None: the client asked by itself.
    pub user_id: Option<UserId>,
    /// Authorize, or issue.
    pub action: PolicyAction,
    pub grant_type: Option<GrantType>,
    pub error: &'a OAuthError,
    pub origin: &'a Origin,
}

impl RuleRefusal<'_> {
    /// A public client proves nothing: whoever knows its `client_id` could fill the table.
    fn is_of_somebody_known(&self) -> bool {
        self.user_id.is_some() || self.client.is_confidential()
    }

    /// The policies keep their own traces; a person may say no; and some answers only ask for something else first.
    pub const fn is_by_a_rule(&self) -> bool {
        !matches!(
            self.error.code,
            ErrorCode::AccessDenied
                | ErrorCode::ServerError
                | ErrorCode::TemporarilyUnavailable
                | ErrorCode::LoginRequired
                | ErrorCode::ConsentRequired
                | ErrorCode::InteractionRequired
                | ErrorCode::AuthorizationPending
                | ErrorCode::SlowDown
                | ErrorCode::UseDpopNonce
        )
    }
}

impl Authority {
    /// Never waits, and writes nothing for a client that proved nothing with nobody signed in. What is no refusal (a step that is still to come, our own trouble) leaves none; of a client in a
    /// loop only so many are kept.
    pub fn record_rule_refusal(&self, refused: &RuleRefusal<'_>) {
        let now = self.now();
        let recorder = self.decision_recorder();
        if !refused.is_by_a_rule()
            || !refused.is_of_somebody_known()
            || !recorder.wants(refused.tenant, Share::Ruled, now)
        {
            return;
        }
        let decision_id = DecisionId::generate(self.random(), now);
        let check = TraceCheck {
            check: refused.error.code.as_str().to_owned(),
            scope: None,
            resource: None,
            verdict: Verdict::Denied,
            policies: Vec::new(),
            reason: Some(refused.error.description.clone()),
        };
        let inputs = json!({
            "client": facts::of_client(refused.client),
            "context": {
                "grant_type": refused.grant_type.map(GrantType::as_str),
                "time": now,
                "address": refused.origin.address,
            },
        });
        let request_id = refused.origin.request_id.clone();
        let row = NewDecision {
            decision_id,
            error_id: request_id.unwrap_or_else(|| decision_id.to_string()),
            decided_at: now,
            action: refused.action.as_str().to_owned(),
            outcome: REFUSED.to_owned(),
            user_id: refused.user_id,
            client_id: refused.client.client_id.clone(),
            policy_version: None,
            inputs,
            checks: json!([check]),
        };
        recorder.record(refused.tenant, row);
    }
}
