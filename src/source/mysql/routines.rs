//! Functions, procedures and events of one database.

use std::collections::HashMap;

use super::harvest::Reader;
use crate::domain::{Routine, RoutineKind};

/// In order of name and signature; what is of no kind that is known here is told in `unread`.
pub async fn read(reader: &mut Reader<'_>, unread: &mut Vec<String>) -> Result<Vec<Routine>, sqlx::Error> {
    let mut routines: HashMap<(String, String), Routine> = HashMap::new();
    let schema = reader.schema.clone();
    reader
        .each("routines", include_str!("sql/routines.sql"), |row| {
            let kind = match row.text(1) {
                "FUNCTION" => RoutineKind::Function,
                "PROCEDURE" => RoutineKind::Procedure,
                other => {
                    unread.push(format!("{} `{}`", other.to_ascii_lowercase(), row.text(0)));
                    return;
                }
            };
            let definition = row.filled(5);
            if definition.is_none() {
                unread.push(format!("the body of {} `{}`: the user may not see it", row.text(1).to_ascii_lowercase(), row.text(0)));
            }
            let routine = Routine {
                schema: schema.clone(),
                name: row.own(0),
                signature: String::new(),
                kind,
                returns: row.filled(2).filter(|_| kind == RoutineKind::Function),
                language: row.filled(4).or_else(|| row.filled(3)).map(|language| language.to_ascii_lowercase()),
                definition,
                comment: row.filled(6),
            };
            routines.insert((row.own(1), row.own(0)), routine);
        })
        .await?;
    let mut parameters = Vec::new();
    reader
        .each("parameters", include_str!("sql/parameters.sql"), |row| {
            // Only a procedure's parameters have a way.
            let way = row.filled(3).filter(|_| row.text(1) == "PROCEDURE").map(|way| format!("{} ", way.to_ascii_lowercase()));
            let text = format!("{}{} {}", way.unwrap_or_default(), row.text(4), row.text(5));
            parameters.push(((row.own(1), row.own(0)), row.number(2), text));
        })
        .await?;
    parameters.sort();
    for (key, _, text) in parameters {
        if let Some(routine) = routines.get_mut(&key) {
            if !routine.signature.is_empty() {
                routine.signature.push_str(", ");
            }
            routine.signature.push_str(&text);
        }
    }
    let mut all: Vec<Routine> = routines.into_values().collect();
    reader
        .each("events", include_str!("sql/events.sql"), |row| {
            let schedule = match (row.filled(1), row.filled(2), row.filled(3)) {
                (_, Some(count), Some(unit)) => format!("every {count} {}", unit.to_ascii_lowercase()),
                (Some(at), ..) => format!("at {at}"),
                _ => String::new(),
            };
            let is_off = row.text(4) != "ENABLED";
            all.push(Routine {
                schema: schema.clone(),
                name: row.own(0),
                signature: if is_off { format!("{schedule} (off)") } else { schedule },
                kind: RoutineKind::Event,
                returns: None,
                language: Some("sql".to_owned()),
                definition: row.filled(5),
                comment: row.filled(6),
            });
        })
        .await?;
    all.sort_by(|left, right| (&left.name, &left.signature, left.kind as u8).cmp(&(&right.name, &right.signature, right.kind as u8)));
    Ok(all)
}
