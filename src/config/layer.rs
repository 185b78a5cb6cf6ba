//! One origin of values. Figment remembers for every value from which layer it came.

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

/// `FATHOM_<SECTION>__<KEY>` and dotted keys of flags both come down to a path of names.
pub(super) type Path = Vec<String>;

pub(super) struct Layer {
    /// As a person knows it: a file, a variable, a flag.
    pub origin: String,
    pub values: Dict,
}

impl Layer {
    pub fn single(origin: impl Into<String>, path: &[String], value: Value) -> Self {
        let (first, rest) = path.split_first().expect("a setting has a name");
        let nested = rest.iter().rev().fold(value, |inner, name| Value::from(Dict::from([(name.clone(), inner)])));
        Self { origin: origin.into(), values: Dict::from([(first.clone(), nested)]) }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// The value at a path; list positions are names too.
pub(super) fn at<'a>(values: &'a Dict, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(values.get(first)?, |value, name| match value {
        Value::Dict(_, members) => members.get(name),
        Value::Array(_, items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Takes out what stands at a path, or the nearest thing above it that has a name of its own.
pub(super) fn take_out(values: &mut Dict, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    let (below, rest) = match (values.get_mut(first), rest) {
        (Some(Value::Dict(_, members)), rest) => (Some(members), rest),
        // One table of a list loses what is wrong in it; the places of the others stay.
        (Some(Value::Array(_, items)), [place, rest @ ..]) => match place.parse::<usize>().ok().and_then(|place| items.get_mut(place)) {
            Some(Value::Dict(_, members)) => (Some(members), rest),
            _ => (None, rest),
        },
        _ => (None, rest),
    };
    if let (Some(members), false) = (below, rest.is_empty())
        && take_out(members, rest)
    {
        return true;
    }
    values.remove(first).is_some()
}

/// Replaces what stands at a path of tables.
pub(super) fn put(values: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            values.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            if let Some(Value::Dict(_, members)) = values.get_mut(name) {
                put(members, rest, value);
            }
        }
    }
}
