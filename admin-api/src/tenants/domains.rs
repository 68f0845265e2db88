//! Names of domains and hosts as an operator writes them: kept as URLs compare them, in lower-case ASCII.
//!
//! Patterns are refused: a domain of a list stands for its subdomains anyway, a host for itself alone.

use protocol::domain::{self, DomainError};

use crate::problem::Faults;

const LIMIT: usize = 500;

/// `client_document_domains`: each with its subdomains.
pub fn of_documents(faults: &mut Faults, names: &[String]) -> Vec<String> {
    all(faults, "client_document_domains", names, |name| {
        let name = domain::normalise(name).map_err(|error| error.to_string())?;
        if name.contains('.') || name == "localhost" {
            Ok(name)
        } else {
            Err("A domain stands for its subdomains too, and this one is everybody's.".to_owned())
        }
    })
}

/// `registration_redirect_hosts`: each exactly.
pub fn of_redirects(faults: &mut Faults, names: &[String]) -> Vec<String> {
    all(faults, "registration_redirect_hosts", names, |name| {
        domain::normalise(name).map_err(|error: DomainError| error.to_string())
    })
}

fn all(
    faults: &mut Faults,
    field: &str,
    names: &[String],
    normalise: impl Fn(&str) -> Result<String, String>,
) -> Vec<String> {
    if names.len() > LIMIT {
        faults.add(field, format!("At most {LIMIT}."));
        return Vec::new();
    }
    let mut kept: Vec<String> = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        match normalise(name) {
            Ok(name) if !kept.contains(&name) => kept.push(name),
            Ok(_) => {}
            Err(detail) => faults.add(format!("{field}[{at}]"), detail),
        }
    }
    kept
}
