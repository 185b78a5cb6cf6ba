//! Which normalised types can hold each other's values, as a reference and its key must.

/// 0 to 1: how well the types of a reference and its key go together; 0 rules a reference out.
pub fn compatibility(child: &str, parent: &str) -> f64 {
    if child == "blob" || parent == "blob" || child == "json" || parent == "json" {
        return 0.0;
    }
    if child == parent {
        return 1.0;
    }
    match (child, parent) {
        // An undeclared type says nothing against.
        ("other", _) | (_, "other") => 0.7,
        ("integer" | "decimal", "integer" | "decimal") => 0.9,
        ("float", "integer" | "decimal") | ("integer" | "decimal", "float") => 0.4,
        // Digits kept as text are common in old systems.
        ("text", "integer" | "decimal") | ("integer" | "decimal", "text") => 0.3,
        ("date", "timestamp") | ("timestamp", "date") => 0.3,
        ("text", "date") | ("date", "text") => 0.2,
        _ => 0.0,
    }
}

/// Whether values of the type can be summed and averaged.
pub fn is_numeric(r#type: &str) -> bool {
    matches!(r#type, "integer" | "decimal" | "float")
}

pub fn is_time(r#type: &str) -> bool {
    matches!(r#type, "date" | "timestamp")
}
