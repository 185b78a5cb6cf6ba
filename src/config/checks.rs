//! What a type cannot say: bounds of numbers, forms of texts. One line a section.

use crate::mcp::server::Selection;
use crate::tools::{self, Registry};
use crate::{api, engine, mcp};

use super::settings::Settings;

/// A setting and what is wrong with it.
pub(super) type Wrong = (String, String);

pub(super) fn all(settings: &Settings) -> Vec<Wrong> {
    let sections: [(&str, Vec<(&str, String)>); 4] = [
        ("engine", engine(&settings.engine)),
        ("telemetry", settings.telemetry.validate()),
        ("api", api(&settings.api)),
        ("assistants", assistants(&settings.assistants)),
    ];
    let wrong =
        sections.into_iter().flat_map(|(section, wrong)| wrong.into_iter().map(move |(key, why)| (format!("{section}.{key}"), why)));
    let model = settings.model.check().err().map(|error| ("model".to_owned(), error.to_string()));
    let remote = settings.mcp.wrong().into_iter().map(|(key, why)| (format!("mcp.{key}"), why));
    wrong.chain(folders(settings)).chain(model).chain(rules(settings)).chain(offered(settings)).chain(remote).collect()
}

fn folders(settings: &Settings) -> impl Iterator<Item = Wrong> {
    let given = [("agents_dir", &settings.agents_dir), ("prompts_dir", &settings.prompts_dir)];
    given.into_iter().filter_map(|(key, folder)| {
        let folder = folder.as_ref()?;
        (!folder.is_dir()).then(|| (key.to_owned(), format!("`{}` is not a folder; name one that is there", folder.display())))
    })
}

fn rules(settings: &Settings) -> Vec<Wrong> {
    let Some(rules) = &settings.rules else { return Vec::new() };
    let registry = Registry::standard(settings.tools.clone());
    let tools: Vec<&str> = registry.specs().flat_map(|spec| std::iter::once(spec.name).chain(spec.aliases.iter().copied())).collect();
    let wrong = tools::rule::problems(rules, &tools).into_iter();
    wrong.map(|(key, why)| (format!("rules.{key}").trim_end_matches('.').to_owned(), why)).collect()
}

fn offered(settings: &Settings) -> Option<Wrong> {
    let registry = Registry::standard(settings.tools.clone());
    Selection::parse(&settings.assistants.tools, &registry).err().map(|why| ("assistants.tools".to_owned(), why))
}

fn engine(settings: &engine::Settings) -> Vec<(&'static str, String)> {
    let bounds = [
        ("max_live_runs", settings.max_live_runs as u64, 1, 100_000),
        ("max_iterations", settings.max_iterations.into(), 1, 1_000),
        ("tasks_per_iter", settings.tasks_per_iter.into(), 1, 6),
        ("task_attempts", settings.task_attempts.into(), 1, 20),
        ("plan_attempts", settings.plan_attempts.into(), 1, 20),
        ("retry_base_ms", settings.retry_base_ms, 0, 600_000),
        ("journal_page", settings.journal_page as u64, 1, 100_000),
        ("feed_depth", settings.feed_depth as u64, 1, 100_000),
        ("keep_alive_s", settings.keep_alive_s, 1, 3_600),
        ("reconnect_ms", settings.reconnect_ms, 0, 600_000),
        ("agent_silence_s", settings.agent_silence_s, 1, 604_800),
    ];
    outside(bounds)
}

fn api(settings: &api::Settings) -> Vec<(&'static str, String)> {
    outside([
        ("token_rate_per_s", settings.token_rate_per_s.into(), 1, 100_000),
        ("token_burst", settings.token_burst.into(), 1, 100_000),
        ("token_concurrency", settings.token_concurrency as u64, 1, 100_000),
        ("audit_rows", settings.audit_rows.into(), 1, 100_000_000),
        ("audit_days", settings.audit_days.into(), 1, 36_500),
    ])
}

fn assistants(settings: &mcp::server::Settings) -> Vec<(&'static str, String)> {
    outside([
        ("session_idle_s", settings.session_idle_s, 1, 604_800),
        ("max_sessions", settings.max_sessions as u64, 1, 100_000),
        ("max_body_bytes", settings.max_body_bytes as u64, 1_024, 64 * 1024 * 1024),
    ])
}

/// Settings that are not from the least to the most.
fn outside<const N: usize>(bounds: [(&'static str, u64, u64, u64); N]) -> Vec<(&'static str, String)> {
    let outside = bounds.into_iter().filter(|(_, value, least, most)| !(least..=most).contains(&value));
    outside.map(|(key, value, least, most)| (key, format!("`{value}` is out of bounds; valid are {least} to {most}"))).collect()
}
