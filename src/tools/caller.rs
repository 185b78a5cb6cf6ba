//! Who calls, and what a caller may call. The registry asks, whatever a model asked for.

use std::collections::BTreeSet;

use super::port::Spec;
use crate::domain::Provenance;

/// For whom a call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What claims of this caller say of where they come from.
    pub provenance: Provenance,
    pub allowed: Allowed,
}

/// Names of tools; dots and underscores, and a tool's other names, mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// For people and tests.
    Everything,
    Only(BTreeSet<String>),
}

impl Caller {
    /// Somebody outside, who may call everything that is offered there.
    pub fn outside(author: impl Into<String>) -> Self {
        Self { provenance: Provenance::of(author), allowed: Allowed::Everything }
    }
}

impl Allowed {
    pub fn only<Name: AsRef<str>>(names: impl IntoIterator<Item = Name>) -> Self {
        Self::Only(names.into_iter().map(|name| canonical(name.as_ref())).collect())
    }

    pub fn allows(&self, spec: &Spec) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(names) => names.contains(spec.name) || spec.aliases.iter().any(|alias| names.contains(&canonical(alias))),
        }
    }
}

/// The form in which names are compared.
pub fn canonical(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['.', '-', '/'], "_")
}
