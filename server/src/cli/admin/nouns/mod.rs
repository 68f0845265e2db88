//! `writ tenant|resource|client|user|grant|key|…`: one file a noun, its verbs in it.
//!
//! A verb is one call or one list. What several calls make of a file is `writ apply`.
//!
//! To add one: a file with an `Args` of [`Access`] and its verbs, a variant here, and its row in `docs/cli.md`.

mod admin_key;
mod audit;
mod client;
mod grant;
mod group;
mod issuer_host;
mod key;
mod lookup;
mod membership;
mod policy;
mod resource;
mod resource_helpers;
mod tenant;
mod told;
mod user;
mod verbs;
mod webhook;

use clap::{Args, Subcommand};

use super::access::{Access, InTenant, Whose};
use crate::cli::{CliError, runtime};

/// The things of the admin API.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Noun {
    /// Tenants: each an issuer with everything that belongs to it.
    Tenant(tenant::Tenant),
    /// Issuer hosts: hosts outside of `WRIT_PUBLIC_URL` that tenants' issuers may be at.
    IssuerHost(issuer_host::IssuerHost),
    /// Resources: the protected MCP servers of a tenant.
    Resource(resource::Resource),
    /// Clients: the applications that ask for tokens.
    Client(client::Client),
    /// Users: the people who sign in.
    User(user::User),
    /// Groups of users, for policies.
    Group(group::Group),
    /// Grants: what people allowed.
    Grant(grant::Grant),
    /// A tenant's signing keys, through the admin API (`writ keys` goes to the database instead).
    Key(key::Key),
    /// Policies: what decides, what was decided, and why.
    Policy(policy::Policy),
    /// Webhooks: who is told of what happens.
    Webhook(webhook::Webhook),
    /// What the admin API is called with.
    AdminKey(admin_key::AdminKey),
    /// Who administers what by signing in.
    Membership(membership::Membership),
    /// Who did what.
    Audit(audit::Audit),
    /// Sign in as a person, in place of a key: a page is opened elsewhere, on any machine.
    Login(Login),
    /// Take back what `login` got.
    Logout(Logout),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Login {
    #[command(flatten)]
    access: Access,
    /// Look only.
    #[arg(long)]
    read_only: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Logout {
    #[command(flatten)]
    access: Access,
}

pub(in crate::cli) fn run(noun: &Noun) -> Result<(), CliError> {
    runtime()?.block_on(async {
        match noun {
            Noun::Tenant(noun) => noun.run().await,
            Noun::IssuerHost(noun) => noun.run().await,
            Noun::Resource(noun) => noun.run().await,
            Noun::Client(noun) => noun.run().await,
            Noun::User(noun) => noun.run().await,
            Noun::Group(noun) => noun.run().await,
            Noun::Grant(noun) => noun.run().await,
            Noun::Key(noun) => noun.run().await,
            Noun::Policy(noun) => noun.run().await,
            Noun::Webhook(noun) => noun.run().await,
            Noun::Membership(noun) => noun.run().await,
            Noun::AdminKey(noun) => noun.run().await,
            Noun::Audit(noun) => noun.run().await,
            Noun::Login(login) => {
                let scope = if login.read_only {
                    "admin:read"
                } else {
                    "admin:read admin:write"
                };
                login.access.login(scope).await
            }
            Noun::Logout(logout) => logout.access.logout().await,
        }
    })
}
