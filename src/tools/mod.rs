//! Tools: named functions with a JSON Schema, an effect and bounds. One file a tool, one line in the registry.

pub mod agent_runs;
pub mod bounds;
pub mod caller;
pub mod harvests;
pub mod ledger;
pub mod local;
pub mod port;
pub mod registry;
pub mod rule;
pub mod rules;
pub mod settings;
pub mod workspace;

mod agent_tools;
mod asked;
mod claiming;
mod reading;
mod schema;
mod validation;

mod catalog_delete;
mod catalog_get;
mod catalog_list;
mod catalog_merge;
mod catalog_search;
mod catalog_upsert;
mod column_profile;
mod describe_table;
mod discovery_run_static;
mod explain_sql;
mod find_join_path;
mod find_reference_candidates;
mod findings;
mod get_constraints;
mod list_schemas;
mod list_tables;
mod list_targets;
mod run_sql_readonly;
mod sample_distinct;
mod sample_rows;
mod suggest_joins;
mod table_profile;

pub use caller::{Allowed, Caller};
pub use harvests::{Harvest, Harvests};
pub use ledger::Ledger;
pub use local::LocalWorkbench;
pub use port::{Call, Effect, Failure, Outcome, Rejection, Sight, Spec, Tool};
pub use registry::Registry;
pub use rule::Rule;
pub use rules::Rules;
pub use settings::Settings;
pub use workspace::{Problem, Workbench, Workspace};
