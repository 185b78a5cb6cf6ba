//! Tools: named functions with a JSON Schema, an effect and bounds. One file a tool, one line in the registry.

pub mod bounds;
pub mod caller;
pub mod local;
pub mod port;
pub mod registry;
pub mod settings;
pub mod workspace;

mod profiles;
mod reading;
mod schema;
mod validation;

mod catalog_get;
mod catalog_list;
mod catalog_search;
mod column_profile;
mod describe_table;
mod explain_sql;
mod find_join_path;
mod find_reference_candidates;
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
pub use local::LocalWorkbench;
pub use port::{Call, Effect, Failure, Outcome, Rejection, Spec, Tool};
pub use registry::Registry;
pub use settings::Settings;
pub use workspace::{Problem, Workbench, Workspace};
