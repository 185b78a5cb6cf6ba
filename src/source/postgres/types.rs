//! PostgreSQL's types: how values of one become JSON, and what every engine would call it.

use std::collections::HashMap;

/// A type that values come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueType {
    /// As `format_type` says it.
    pub name: String,
    pub form: Form,
}

/// What the text of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain(Scalar),
    Array { of: Scalar, delimiter: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    Boolean,
    Integer,
    Decimal,
    Float,
    Json,
    Bytes,
    Text,
}

/// A type as the catalog has it, known by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogType {
    pub name: String,
    /// `b`, `c`, `d`, `e`, …
    pub kind: String,
    pub category: String,
    pub not_null: bool,
    /// Of a domain its base, of an array its element; else 0.
    pub inner: u32,
    pub enum_values: Option<Vec<String>>,
}

/// The scalar types that nobody can change; the numbers are PostgreSQL's own.
const BUILT_IN: [(u32, &str, Scalar); 22] = [
    (16, "boolean", Scalar::Boolean),
    (17, "bytea", Scalar::Bytes),
    (18, "\"char\"", Scalar::Text),
    (19, "name", Scalar::Text),
    (20, "bigint", Scalar::Integer),
    (21, "smallint", Scalar::Integer),
    (23, "integer", Scalar::Integer),
    (25, "text", Scalar::Text),
    (26, "oid", Scalar::Integer),
    (114, "json", Scalar::Json),
    (700, "real", Scalar::Float),
    (701, "double precision", Scalar::Float),
    (1042, "character", Scalar::Text),
    (1043, "character varying", Scalar::Text),
    (1082, "date", Scalar::Text),
    (1083, "time without time zone", Scalar::Text),
    (1114, "timestamp without time zone", Scalar::Text),
    (1184, "timestamp with time zone", Scalar::Text),
    (1186, "interval", Scalar::Text),
    (1700, "numeric", Scalar::Decimal),
    (2950, "uuid", Scalar::Text),
    (3802, "jsonb", Scalar::Json),
];

pub fn built_in(number: u32) -> Option<ValueType> {
    let at = BUILT_IN.binary_search_by_key(&number, |(number, ..)| *number).ok()?;
    let (_, name, scalar) = BUILT_IN[at];
    Some(ValueType { name: name.to_owned(), form: Form::Plain(scalar) })
}

/// How the elements of an array are read.
pub fn scalar(number: u32) -> Scalar {
    match built_in(number).map(|found| found.form) {
        Some(Form::Plain(scalar)) => scalar,
        _ => Scalar::Text,
    }
}

/// The base of a domain, however deep.
fn based(types: &HashMap<u32, CatalogType>, number: u32) -> Option<&CatalogType> {
    let mut found = types.get(&number)?;
    while found.kind == "d" {
        found = types.get(&found.inner)?;
    }
    Some(found)
}

/// The type as every engine would say it; see [`crate::domain::Column`].
pub fn normalised(types: &HashMap<u32, CatalogType>, number: u32) -> &'static str {
    let Some(base) = based(types, number) else { return "other" };
    match base.name.as_str() {
        _ if base.kind == "e" => "enum",
        _ if base.category == "A" => "array",
        "int2" | "int4" | "int8" => "integer",
        "numeric" | "money" => "decimal",
        "float4" | "float8" => "float",
        "bool" => "boolean",
        "date" => "date",
        "time" | "timetz" => "time",
        "timestamp" | "timestamptz" => "timestamp",
        "interval" => "interval",
        "bytea" => "blob",
        "json" | "jsonb" => "json",
        "uuid" => "uuid",
        "char" => "text",
        _ if base.category == "S" => "text",
        _ => "other",
    }
}

/// Whether a domain on the way to the base refuses NULL.
pub fn refuses_null(types: &HashMap<u32, CatalogType>, number: u32) -> bool {
    let mut next = types.get(&number);
    while let Some(domain) = next.filter(|found| found.kind == "d") {
        if domain.not_null {
            return true;
        }
        next = types.get(&domain.inner);
    }
    false
}

/// The values of an enum, of a domain over one, of an array of either.
pub fn enum_values(types: &HashMap<u32, CatalogType>, number: u32) -> Vec<String> {
    let Some(mut found) = based(types, number) else { return Vec::new() };
    if found.category == "A"
        && let Some(element) = based(types, found.inner)
    {
        found = element;
    }
    found.enum_values.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_types_are_found_by_their_numbers() {
        assert!(BUILT_IN.is_sorted_by_key(|(number, ..)| *number));
        assert_eq!(built_in(1700).map(|found| found.name).as_deref(), Some("numeric"));
        assert_eq!((scalar(20), scalar(600)), (Scalar::Integer, Scalar::Text));
    }

    #[test]
    fn domains_and_arrays_are_followed_to_what_they_hold() {
        let of = |name: &str, kind: &str, category: &str, inner: u32| CatalogType {
            name: name.to_owned(),
            kind: kind.to_owned(),
            category: category.to_owned(),
            not_null: kind == "d" && inner == 2,
            inner,
            enum_values: (kind == "e").then(|| vec!["a".to_owned()]),
        };
        let types = HashMap::from([
            (1, of("mood", "e", "E", 0)),
            (2, of("good_mood", "d", "E", 1)),
            (3, of("best_mood", "d", "E", 2)),
            (4, of("_best_mood", "b", "A", 3)),
            (5, of("citext", "b", "S", 0)),
        ]);
        let said: Vec<&str> = (1..=6).map(|number| normalised(&types, number)).collect();
        assert_eq!(said, ["enum", "enum", "enum", "array", "text", "other"]);
        assert_eq!((enum_values(&types, 4), enum_values(&types, 5).len()), (vec!["a".to_owned()], 0));
        assert_eq!((refuses_null(&types, 3), refuses_null(&types, 2), refuses_null(&types, 1)), (true, false, false));
    }
}
