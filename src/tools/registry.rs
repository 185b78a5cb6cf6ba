//! The registry: which tools there are, and the one way to call them. Whatever a caller asks for, a call is known, allowed,
//! valid, timed, bounded and counted, and a tool that panics harms nobody.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use jsonschema::Validator;
use serde_json::{Map, Value};
use tracing::Instrument;

use super::bounds;
use super::caller::{Allowed, Caller, canonical};
use super::port::{Call, Effect, Failure, Outcome, Rejection, Spec, Tool};
use super::profiles::Profiles;
use super::schema;
use super::settings::Settings;
use super::validation;
use super::workspace::Workspace;
use super::{
    catalog_get, catalog_list, catalog_search, column_profile, describe_table, explain_sql, find_join_path, find_reference_candidates,
    get_constraints, list_schemas, list_tables, list_targets, run_sql_readonly, sample_distinct, sample_rows, suggest_joins, table_profile,
};
use crate::telemetry::{names, spans};

pub struct Registry {
    tools: Vec<Registered>,
    places: HashMap<String, usize>,
    settings: Settings,
}

struct Registered {
    tool: Box<dyn Tool>,
    spec: Spec,
    validator: Validator,
    defaults: Map<String, Value>,
}

impl Registry {
    /// All tools; a new one is one line here.
    pub fn standard(settings: Settings) -> Self {
        let profiles = Arc::new(Profiles::new(&settings));
        let tools: Vec<Box<dyn Tool>> = vec![
            Box::new(list_targets::ListTargets),
            Box::new(list_schemas::ListSchemas),
            Box::new(list_tables::ListTables),
            Box::new(describe_table::DescribeTable),
            Box::new(get_constraints::GetConstraints),
            Box::new(table_profile::TableProfile::new(profiles.clone())),
            Box::new(column_profile::ColumnProfile::new(profiles)),
            Box::new(sample_rows::SampleRows::new(&settings)),
            Box::new(sample_distinct::SampleDistinct::new(&settings)),
            Box::new(suggest_joins::SuggestJoins),
            Box::new(find_join_path::FindJoinPath),
            Box::new(find_reference_candidates::FindReferenceCandidates::new(&settings)),
            Box::new(explain_sql::ExplainSql),
            Box::new(run_sql_readonly::RunSqlReadonly::new(&settings)),
            Box::new(catalog_search::CatalogSearch),
            Box::new(catalog_list::CatalogList),
            Box::new(catalog_get::CatalogGet),
        ];
        Self::of(tools, settings)
    }

    pub fn of(tools: Vec<Box<dyn Tool>>, settings: Settings) -> Self {
        let mut places = HashMap::new();
        let mut registered = Vec::with_capacity(tools.len());
        for (place, tool) in tools.into_iter().enumerate() {
            let spec = tool.spec();
            for name in std::iter::once(&spec.name).chain(spec.aliases) {
                let taken = places.insert(canonical(name), place);
                assert!(taken.is_none_or(|taken| taken == place), "two tools are called `{name}`");
            }
            let validator = jsonschema::validator_for(&spec.args).expect("every tool's schema of arguments is valid, which a test shows");
            let defaults = schema::defaults(&spec.args);
            registered.push(Registered { tool, spec, validator, defaults });
        }
        Self { tools: registered, places, settings }
    }

    /// The tool's own name, where there is a tool of this name.
    pub fn resolve(&self, name: &str) -> Option<&'static str> {
        self.find(name).map(|registered| registered.spec.name)
    }

    pub fn specs(&self) -> impl Iterator<Item = &Spec> {
        self.tools.iter().map(|registered| &registered.spec)
    }

    /// What a prompt shows, in the order of the registry.
    pub fn specs_for(&self, allowed: &Allowed) -> Vec<Spec> {
        self.specs().filter(|spec| allowed.allows(spec)).cloned().collect()
    }

    pub async fn execute(&self, workspace: &Workspace, caller: &Caller, name: &str, args: Value) -> Outcome {
        let started = Instant::now();
        let shown: &'static str = self.resolve(name).unwrap_or("unknown");
        let span = spans::tool(shown);
        let result = self.run(Call { workspace, caller }, name, args).instrument(span.clone()).await;
        let duration = started.elapsed();
        let label = match &result {
            Ok(_) => "done",
            Err(Rejection::Refused(_)) => "refused",
            Err(Rejection::Failed(_)) => "failed",
        };
        if result.is_err() {
            spans::failed(&span, label);
        }
        metrics::histogram!(names::TOOL_SECONDS, "tool" => shown, "outcome" => label).record(duration.as_secs_f64());
        match result {
            Ok(value) => {
                let bytes = bounds::size(&value);
                let (value, truncated) = bounds::cut(value, bytes, self.settings.max_result_bytes);
                Outcome { result: Ok(value), duration, bytes, truncated }
            }
            Err(rejection) => Outcome { result: Err(rejection), duration, bytes: 0, truncated: false },
        }
    }

    async fn run(&self, call: Call<'_>, name: &str, args: Value) -> Result<Value, Rejection> {
        let allowed = &call.caller.allowed;
        let registered = self.find(name).ok_or_else(|| Rejection::Refused(self.not_among("there is no tool", name, allowed)))?;
        let spec = &registered.spec;
        if !allowed.allows(spec) {
            return Err(Rejection::Refused(self.not_among("you may not call", name, allowed)));
        }
        if spec.effect == Effect::Mutate {
            return Err(Rejection::Refused(format!(
                "`{}` changes something and needs a person's approval, which cannot be asked for yet",
                spec.name
            )));
        }
        let args = validation::accept(spec, &registered.validator, &registered.defaults, args).map_err(Rejection::Refused)?;
        let working = AssertUnwindSafe(registered.tool.call(call, args)).catch_unwind();
        match tokio::time::timeout(self.settings.tool_time(), working).await {
            Ok(Ok(result)) => result.map_err(Rejection::Failed),
            Ok(Err(panic)) => Err(Rejection::Failed(Failure::Broken(format!("`{}` panicked: {}", spec.name, panic_text(&*panic))))),
            Err(_) => {
                let seconds = self.settings.tool_time().as_secs_f64();
                Err(Rejection::Failed(Failure::Mendable(format!("`{}` was ended after {seconds} s; ask for less", spec.name))))
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Registered> {
        self.places.get(&canonical(name)).map(|place| &self.tools[*place])
    }

    fn not_among(&self, what: &str, name: &str, allowed: &Allowed) -> String {
        let names: Vec<&str> = self.specs().filter(|spec| allowed.allows(spec)).map(|spec| spec.name).collect();
        let name: String = name.chars().take(80).collect();
        format!("{what} `{name}`; you may call: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}
