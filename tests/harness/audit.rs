//! What an operator reads in a tenant's audit, by kind of event.

use std::sync::Mutex;

use serde_json::Value;

use super::eventually::with_the_next_batch;
use super::tenant::TestTenant;

impl TestTenant {
    /// The newest events of this kind, newest first.
    pub async fn audit_events(&self, action: &str) -> Vec<Value> {
        let path = self.path(&format!("/audit-events?action={action}&limit=100"));
        let page = self.admin().get(&path).await.expect_status(200).json();
        page["data"].as_array().unwrap().clone()
    }

    /// The newest event of this kind that is the one asked for, once it is there: some are written in batches.
    pub async fn next_audit_event(&self, action: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let found = Mutex::new(None);
        with_the_next_batch(&format!("an event {action}"), async || {
            let event = self.audit_events(action).await.into_iter().find(&is_it);
            *found.lock().unwrap() = event;
            found.lock().unwrap().is_some()
        })
        .await;
        found.into_inner().unwrap().unwrap()
    }
}
