//! GET …/clients.

use std::collections::HashMap;

use protocol::ClientKey;
use protocol::client::ClientOrigin;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::Api;
use crate::clients::{self, ClientOut};
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::QueryString;

/// Which clients, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClientQuery {
    /// Only those that came this way.
    #[param(inline)]
    pub origin: Option<Origin>,
    /// Only those that call themselves so, exactly.
    #[param(example = "Notes for the desktop")]
    pub name: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before, as it is.
    pub cursor: Option<String>,
}

/// How a client came to be one.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClientOrigin)]
pub enum Origin {
    /// An operator made it.
    Static,
    /// It registered itself (RFC 7591).
    Registered,
    /// Its id is the URL of its metadata.
    Document,
}

impl From<Origin> for ClientOrigin {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Static => Self::Static,
            Origin::Registered => Self::Registered,
            Origin::Document => Self::Document,
        }
    }
}

/// Each is found by an index of its own; both together would be found by neither.
fn refuse_both(origin: Option<ClientOrigin>, name: Option<&String>) -> Result<(), Problem> {
    if origin.is_some() && name.is_some() {
        let detail = "Send origin or name, not both.";
        return Err(Problem::malformed_field("name", detail));
    }
    Ok(())
}

/// List clients
///
/// In the order in which they were made, self-registered and disabled ones too.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/clients",
    tag = "clients",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), ClientQuery),
    responses((status = 200, description = "A page of clients.", body = Page<ClientOut>)),
)]
pub async fn list_clients(
    access: TenantRead<Clients>,
    api: Api,
    QueryString(query): QueryString<ClientQuery>,
) -> Result<Listed<ClientOut>, Problem> {
    let origin = query.origin.map(ClientOrigin::from);
    refuse_both(origin, query.name.as_ref())?;
    let filter = format!("{:?} {:?}", origin.map(ClientOrigin::as_str), query.name);
    let list = ListOf {
        operation: "list_clients",
        tenant: Some(access.tenant.id()),
        filter: &filter,
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let wanted = page.read::<ClientKey>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let resources = clients::all_resources(&mut scope).await?;
    let limit = wanted.rows_to_read();
    let rows = match (&query.name, origin) {
        (Some(name), _) => {
            let listed = scope.list_clients_of_name(name, wanted.after, limit);
            listed.await?
        }
        (None, Some(origin)) => {
            let listed = scope.list_clients_of_origin(origin, wanted.after, limit);
            listed.await?
        }
        (None, None) => scope.list_clients(wanted.after, limit).await?,
    };
    let keys: Vec<ClientKey> = rows.iter().map(|row| row.client.key).collect();
    let times: HashMap<ClientKey, _> = scope
        .list_client_document_times(&keys)
        .await?
        .into_iter()
        .map(|times| (times.client_key, times))
        .collect();
    scope.end().await?;
    wanted
        .page(
            &api,
            list,
            rows,
            |row| row.client.key,
            |row| {
                let times = times.get(&row.client.key).copied();
                ClientOut::new(&row.client, &resources).with_document(times)
            },
        )
        .map(Listed)
}
