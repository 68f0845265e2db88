//! Lists in pages: `limit`, and a cursor that says where the next page begins.
//!
//! A cursor is sealed under a key of its own and bound to the operation, the tenant and the filter
//! that it was made for; anything else is a 400 before any query runs (row N5). Pages go
//! by key, so nothing is skipped or shown twice while rows come and go.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{AssociatedData, Purpose};
use protocol::ids::TenantId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::problem::{FieldProblem, Problem};

pub const DEFAULT_LIMIT: u32 = 50;
pub const MAXIMUM_LIMIT: u32 = 200;

/// The query of every list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    pub cursor: Option<String>,
}

/// One page; `next_cursor` is null on the last one.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Pass it as `cursor` to read on. Opaque, and good for this list of this tenant only.
    pub next_cursor: Option<String>,
}

/// Which list a cursor belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ListOf<'a> {
    /// The operation id.
    pub operation: &'a str,
    pub tenant: Option<TenantId>,
    /// The filter's value, where the list has one.
    pub filter: &'a str,
}

impl ListOf<'_> {
    fn place(&self) -> AssociatedData {
        let tenant = self
            .tenant
            .map(|tenant_id| tenant_id.to_string())
            .unwrap_or_default();
        AssociatedData::of(&[
            self.operation.as_bytes(),
            tenant.as_bytes(),
            self.filter.as_bytes(),
        ])
    }
}

/// A page as it was asked for: `Key` is what the rows are ordered by.
#[derive(Debug)]
pub struct Wanted<Key> {
    pub limit: u32,
    pub after: Option<Key>,
}

impl PageQuery {
    pub fn read<Key: DeserializeOwned>(
        &self,
        api: &Api,
        list: ListOf<'_>,
    ) -> Result<Wanted<Key>, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAXIMUM_LIMIT).contains(&limit) {
            let detail = format!("Ask for 1 to {MAXIMUM_LIMIT} at once.");
            return Err(Problem::invalid(vec![FieldProblem {
                field: "limit".to_owned(),
                detail,
            }]));
        }
        let after = self
            .cursor
            .as_deref()
            .map(|cursor| open(api, list, cursor))
            .transpose()?;
        Ok(Wanted { limit, after })
    }
}

impl<Key: Serialize> Wanted<Key> {
    /// One more than asked, to know whether there is a next page.
    pub const fn rows_to_read(&self) -> u32 {
        self.limit + 1
    }

    pub fn page<Row, T>(
        &self,
        api: &Api,
        list: ListOf<'_>,
        mut rows: Vec<Row>,
        key_of: impl Fn(&Row) -> Key,
        show: impl Fn(Row) -> T,
    ) -> Result<Page<T>, Problem> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(row) if has_more => Some(seal(api, list, &key_of(row))?),
            _ => None,
        };
        Ok(Page {
            data: rows.into_iter().map(show).collect(),
            next_cursor,
        })
    }
}

fn seal<Key: Serialize>(api: &Api, list: ListOf<'_>, key: &Key) -> Result<String, Problem> {
    let plain = serde_json::to_vec(key).map_err(Problem::internal)?;
    let keys = api.authority().encryption_keys();
    Ok(URL_SAFE_NO_PAD.encode(keys.seal(Purpose::Cursor, &list.place(), &plain)))
}

fn open<Key: DeserializeOwned>(api: &Api, list: ListOf<'_>, cursor: &str) -> Result<Key, Problem> {
    let refused = || {
        let detail = "This cursor is not from this list; start again without one.";
        Problem::malformed_field("cursor", detail)
    };
    let sealed = URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|error| refused().because(error))?;
    let keys = api.authority().encryption_keys();
    let plain = keys
        .open(Purpose::Cursor, &list.place(), &sealed)
        .map_err(|error| refused().because(error))?;
    serde_json::from_slice(&plain).map_err(|error| refused().because(error))
}
