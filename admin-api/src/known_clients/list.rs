//! GET /admin/v1/known-clients.

use protocol::client::catalogue::{self, CatalogueEntry};

use crate::api::Api;
use crate::known_clients::KnownClientOut;
use crate::operation::Listed;
use crate::page::{ListOf, Page, PageQuery};
use crate::principal::PlatformRead;
use crate::principal::kinds::Clients;
use crate::problem::Problem;
use crate::request::QueryString;

/// List known clients
///
/// The same for every tenant, and of this version. Being known is not being trusted: what a client is let pass, it
/// is let pass only where nobody but its vendor can be behind it.
#[utoipa::path(
    get,
    path = "/admin/v1/known-clients",
    tag = "clients",
    params(PageQuery),
    responses((status = 200, description = "A page of known clients.", body = Page<KnownClientOut>)),
)]
pub async fn list_known_clients(
    _: PlatformRead<Clients>,
    api: Api,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Listed<KnownClientOut>, Problem> {
    let list = ListOf {
        operation: "list_known_clients",
        tenant: None,
        filter: "",
    };
    // The catalogue's own order, by the ids passed so far.
    let wanted = query.read::<String>(&api, list)?;
    let all = catalogue::known_clients();
    let seen = match &wanted.after {
        Some(after) => all.iter().position(|known| known.id == *after),
        None => None,
    };
    let first = seen.map_or(0, |position| position + 1);
    let rows: Vec<&'static CatalogueEntry> = all.iter().skip(first).collect();
    wanted
        .page(
            &api,
            list,
            rows,
            |known| known.id.clone(),
            KnownClientOut::from,
        )
        .map(Listed)
}
