//! The tools by name: a thin stand-in until the tools room's own is merged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::port::Rejection;
use super::{Outcome, Spec, Tool, Workspace};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(BTreeSet<String>);

#[derive(Default)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
}

impl Allowed {
    pub fn new<Name: Into<String>>(names: impl IntoIterator<Item = Name>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl Registry {
    pub fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { tools }
    }

    pub fn specs(&self) -> Vec<Spec> {
        self.tools.iter().map(|tool| tool.spec()).collect()
    }

    pub fn specs_for(&self, allowed: &Allowed) -> Vec<Spec> {
        self.specs().into_iter().filter(|spec| allowed.contains(spec.name)).collect()
    }

    pub async fn execute(&self, workspace: &Workspace, allowed: &Allowed, name: &str, args: Value) -> Outcome {
        let refused =
            |reason: String| Outcome { result: Err(Rejection::Refused(reason)), duration: Duration::ZERO, bytes: 0, truncated: false };
        let Some(tool) = self.tools.iter().find(|tool| tool.spec().name == name) else {
            return refused(format!("there is no tool `{name}`"));
        };
        if !allowed.contains(name) {
            return refused(format!("`{name}` is not allowed here"));
        }
        if let Err(error) = jsonschema::validate(&tool.spec().args, &args) {
            return refused(format!("arguments of `{name}`: {error}"));
        }
        let result = tool.call(workspace, args).await.map_err(Rejection::Failed);
        let bytes = result.as_ref().map(|value| value.to_string().len()).unwrap_or(0);
        Outcome { result, duration: Duration::ZERO, bytes, truncated: false }
    }
}
