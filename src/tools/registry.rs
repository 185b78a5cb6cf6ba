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

use super::asked::Asked;
use super::bounds;
use super::caller::{Allowed, Caller, canonical};
use super::ledger::Ledger;
use super::port::{Call, Effect, Failure, Outcome, Rejection, Sight, Spec, Tool};
use super::profiles::Profiles;
use super::rules::{End, Ruled, Rules};
use super::schema;
use super::settings::Settings;
use super::validation;
use super::workspace::Workspace;
use super::{
    agent_tools, catalog_delete, catalog_get, catalog_get_object, catalog_get_relationships, catalog_init, catalog_list,
    catalog_list_objects, catalog_merge, catalog_search, catalog_sql, catalog_upsert, catalog_verify, column_profile, describe_table,
    discovery_run_static, explain_sql, find_join_path, find_reference_candidates, findings, get_constraints, list_schemas, list_tables,
    list_targets, run_sql_readonly, sample_distinct, sample_rows, suggest_joins, table_profile,
};
use crate::store::{self, Store};
use crate::telemetry::{names, spans};

pub struct Registry {
    tools: Vec<Registered>,
    places: HashMap<String, usize>,
    settings: Settings,
    rules: Rules,
    ledger: Ledger,
}

/// A call that was let in: the tool, and arguments that are valid for it.
struct Admitted<'a> {
    registered: &'a Registered,
    args: Value,
    asked: Asked,
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
        let mut tools: Vec<Box<dyn Tool>> = vec![
            Box::new(list_targets::ListTargets),
            Box::new(discovery_run_static::DiscoveryRunStatic),
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
            Box::new(catalog_sql::CatalogSql::new(&settings)),
            Box::new(catalog_list::CatalogList),
            Box::new(catalog_get::CatalogGet),
            Box::new(catalog_upsert::CatalogUpsert),
            Box::new(catalog_merge::CatalogMerge),
            Box::new(catalog_delete::CatalogDelete),
            Box::new(catalog_verify::CatalogVerify),
            Box::new(agent_tools::RunStart),
            Box::new(agent_tools::EventAppend),
            Box::new(agent_tools::RunFinish),
            Box::new(catalog_init::CatalogInit),
            Box::new(catalog_list_objects::CatalogListObjects),
            Box::new(catalog_get_object::CatalogGetObject),
            Box::new(catalog_get_relationships::CatalogGetRelationships),
        ];
        tools.extend(findings::tools());
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
        Self { tools: registered, places, settings, rules: Rules::default(), ledger: Ledger::default() }
    }

    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Adds to the store what was counted of what callers asked.
    pub async fn write_queries(&self, store: &dyn Store) -> Result<(), store::Error> {
        self.ledger.write(store, self.settings.digests_kept).await
    }

    pub fn spec(&self, name: &str) -> Option<&Spec> {
        self.find(name).map(|registered| &registered.spec)
    }

    /// The tool's own name, where there is a tool of this name.
    pub fn resolve(&self, name: &str) -> Option<&'static str> {
        self.find(name).map(|registered| registered.spec.name)
    }

    /// What a call of this tool should find; recent where there is no such tool.
    pub fn sight(&self, name: &str) -> Sight {
        self.find(name).map_or(Sight::Recent, |registered| registered.tool.sight())
    }

    pub fn specs(&self) -> impl Iterator<Item = &Spec> {
        self.tools.iter().map(|registered| &registered.spec)
    }

    /// What a prompt shows, in the order of the registry.
    pub fn specs_for(&self, allowed: &Allowed) -> Vec<Spec> {
        self.specs().filter(|spec| allowed.allows(spec)).cloned().collect()
    }

    pub async fn execute(&self, workspace: &Workspace, caller: &Caller, name: &str, args: Value) -> Outcome {
        self.carry_out(Call { workspace, caller, runs: None }, name, args).await
    }

    /// A call from outside, where runs can be told of it.
    pub async fn carry_out(&self, call: Call<'_>, name: &str, args: Value) -> Outcome {
        let started = Instant::now();
        let shown: &'static str = self.resolve(name).unwrap_or("unknown");
        let span = spans::tool(shown);
        let admitted = self.admit(call.caller, name, args);
        let asked = admitted.as_ref().ok().map(|admitted| admitted.asked.clone());
        let result = match admitted {
            Ok(admitted) => self.perform(call, admitted).instrument(span.clone()).await,
            Err(refused) => Err(Rejection::Refused(refused)),
        };
        let duration = started.elapsed();
        if let Some(asked) = asked {
            self.ledger.count(call, shown, &asked, &result, duration);
        }
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

    fn admit(&self, caller: &Caller, name: &str, args: Value) -> Result<Admitted<'_>, String> {
        let allowed = &caller.allowed;
        let registered = self.find(name).ok_or_else(|| self.not_among("there is no tool", name, allowed))?;
        let spec = &registered.spec;
        if !allowed.allows(spec) {
            return Err(self.not_among("you may not call", name, allowed));
        }
        if spec.effect == Effect::Mutate {
            return Err(format!("`{}` changes something and needs a person's approval, which cannot be asked for yet", spec.name));
        }
        let args = validation::accept(spec, &registered.validator, &registered.defaults, args)?;
        Ok(Admitted { registered, asked: Asked::of(spec, &args), args })
    }

    async fn perform(&self, call: Call<'_>, admitted: Admitted<'_>) -> Result<Value, Rejection> {
        let started = Instant::now();
        let Admitted { registered, args, .. } = admitted;
        let mut ruled = self.rules.judge(call, &registered.spec, args);
        let args = std::mem::take(&mut ruled.args);
        let mut result = match ruled.end.take() {
            Some(End::Blocked(why)) => return Err(Rejection::Refused(why)),
            Some(End::Answered(answer)) => Ok(answer),
            None => self.call_within(call, registered, args, &ruled).await,
        };
        match &mut result {
            Ok(result) => ruled.name_in(result),
            Err(Rejection::Refused(why) | Rejection::Failed(Failure::Mendable(why))) => why.push_str(&ruled.told(started.elapsed())),
            Err(Rejection::Failed(Failure::Broken(_))) => {}
        }
        result
    }

    async fn call_within(&self, call: Call<'_>, registered: &Registered, args: Value, ruled: &Ruled) -> Result<Value, Rejection> {
        let spec = &registered.spec;
        // What a rule wrote is checked like what a caller gives.
        let args = match ruled.written_by.is_empty() {
            true => args,
            false => validation::accept(spec, &registered.validator, &registered.defaults, args).map_err(Rejection::Refused)?,
        };
        let limit = ruled.time_limit.as_ref().map(|(time, _)| *time);
        let time = limit.map_or(self.settings.tool_time(), |limit| limit.min(self.settings.tool_time()));
        // The database itself ends what takes too long.
        let hurried = limit.map(|limit| call.workspace.within(limit));
        let call = Call { workspace: hurried.as_ref().unwrap_or(call.workspace), ..call };
        let working = AssertUnwindSafe(registered.tool.call(call, args)).catch_unwind();
        match tokio::time::timeout(time, working).await {
            Ok(Ok(result)) => result.map_err(Rejection::Failed),
            Ok(Err(panic)) => Err(Rejection::Failed(Failure::Broken(format!("`{}` panicked: {}", spec.name, panic_text(&*panic))))),
            Err(_) => {
                let seconds = time.as_secs_f64();
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
