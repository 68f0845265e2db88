//! The clients that this version knows: what they are called, how they are recognised, what they are let pass.
//! The catalogue is protocol's; here it is shown.

pub mod list;

use protocol::client::catalogue::CatalogueEntry;
use serde::Serialize;
use utoipa::ToSchema;

/// A client of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KnownClient)]
pub struct KnownClientOut {
    /// Stable; what `recognised_as` of a client says.
    #[schema(example = "claude")]
    pub id: &'static str,
    #[schema(example = "Claude")]
    pub name: &'static str,
    #[schema(example = "Anthropic")]
    pub vendor: &'static str,
    pub homepage: &'static str,
    /// Its metadata documents: a client whose `client_id` is one of them is proven to be this one.
    pub documents: &'static [String],
    /// Where nobody but its vendor receives an answer: a client that has no other redirect URIs is proven to
    /// be this one. `{id}` stands for one segment.
    pub redirect_uris: &'static [String],
    /// How its name begins when it registers itself. Anybody may say so.
    pub said_names: &'static [String],
    /// What it is let pass once it is proven; each use is counted and recorded.
    #[schema(example = json!(["token_endpoint_audience"]))]
    pub tolerances: Vec<&'static str>,
    /// What a tenant lists in `private_use_redirect_uris` for it.
    pub private_use_redirect_uris: Vec<&'static str>,
    /// What it was tried with, and how.
    pub tested_with: &'static str,
}

impl From<&'static CatalogueEntry> for KnownClientOut {
    fn from(known: &'static CatalogueEntry) -> Self {
        let mut private_use: Vec<&str> = Vec::new();
        for observation in &known.observations {
            for uri in &observation.private_use_redirect_uris {
                if !private_use.contains(&uri.as_str()) {
                    private_use.push(uri);
                }
            }
        }
        Self {
            id: &known.id,
            name: &known.name,
            vendor: &known.vendor,
            homepage: &known.homepage,
            documents: &known.documents,
            redirect_uris: &known.redirect_uris,
            said_names: &known.said_names,
            tolerances: known.tolerances.iter().map(|one| one.as_str()).collect(),
            private_use_redirect_uris: private_use,
            tested_with: &known.tested_with,
        }
    }
}
