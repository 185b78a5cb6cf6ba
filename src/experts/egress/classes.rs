//! What the members of evidence, results and entries are, by their names. What is not named here is a value: nobody has to remember a new tool.

use crate::domain::Egress;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Names, types, comments, keys, and words of ours.
    Name,
    /// Counts, shares, distributions.
    Figure,
    /// Text of the database's definitions, in which constants stand: defaults, conditions, views.
    Definition,
    /// What somebody wrote about the data; nobody knows which values it names.
    Said,
    /// Values of rows, and everything unknown.
    Value,
    /// Why a call failed.
    Error,
}

impl Class {
    pub fn least(self) -> Egress {
        match self {
            Self::Name | Self::Error => Egress::Schema,
            Self::Figure => Egress::Statistics,
            Self::Definition | Self::Said | Self::Value => Egress::Masked,
        }
    }
}

const NAMES: &str = " engine dialect schema schemas table tables name kind type declared declared_type nullable comment primary_key columns \
    column column_count table_count references referenced_by key to to_columns to_table to_schema to_column from unique indexed foreign_keys \
    indexes options method problem masked generated identity view has_primary_key on_update on_delete layer joins join owner collation charset \
    reads partition_of truncated elapsed_ms more next limit entries entry items hits links status confidence competing provenance author run task \
    step model at stale since snapshot because was reference path paths hops tables_left_out complete method checks triggers objects \
    relationships direction declared_by key_candidates table_a table_b candidates position is_pk is_unique is_indexed is_id_like is_time \
    place role copy_of label rank domain ways rivals contested may_ask codes twice inferred_key written placeholder \
    source targets looking_into columns_left_out child parent cardinality matches revision standing changes history claims polymorphic ";
const FIGURES: &str = " rows row_count rows_estimated rows_seen rate nulls null_share empty distinct distinct_exact distinct_error all_different \
    mean standard_deviation true_share min_length max_length mean_length semantic_type semantic_share semantic_types share of date_formats \
    patterns pattern coverage grain filled missing histogram top_values top_values_missed count score basis why signals looked_at how bytes \
    violating_rows violating_share checked_rows referencing_rows estimated fan_out exact ";
const DEFINITIONS: &str = " definition default expression enum_values predicate condition partitioning when body plan parameters returns ";
const SAID: &str =
    " document snippet says tags evidence text summary meaning claim question description notes sql example_sql proof quality ";
/// Members that mean something else inside another.
const INSIDE: [(&str, &str, Class); 8] = [
    ("domain", "title", Class::Name),
    ("place", "why", Class::Figure),
    ("patterns", "value", Class::Figure),
    ("histogram", "from", Class::Value),
    ("histogram", "to", Class::Value),
    ("indexes", "unique", Class::Name),
    ("document", "check", Class::Said),
    ("check", "why", Class::Said),
];

/// The class of a member, inside the member `parent`.
pub fn of(parent: &str, name: &str) -> Class {
    if let Some((.., class)) = INSIDE.iter().find(|(around, inside, _)| *around == parent && *inside == name) {
        return *class;
    }
    let stands_in = |list: &str| !name.contains(' ') && list.contains(&format!(" {name} "));
    match name {
        "error" => Class::Error,
        _ if stands_in(NAMES) => Class::Name,
        _ if stands_in(FIGURES) => Class::Figure,
        _ if stands_in(DEFINITIONS) => Class::Definition,
        _ if stands_in(SAID) => Class::Said,
        _ => Class::Value,
    }
}
