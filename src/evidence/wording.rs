//! Names of tables and columns as a person would say them; a name that says nothing stays as it is, in backticks.

use super::names::{singular, split};

/// `order_items` is about an order item.
pub fn thing(table: &str) -> String {
    spoken(table, |words| {
        if let Some(last) = words.last_mut() {
            *last = singular(last);
        }
    })
}

/// `order_item` and `order_items` hold order items.
pub fn things(table: &str) -> String {
    spoken(table, |words| {
        if let Some(last) = words.last_mut() {
            *last = plural(&singular(last));
        }
    })
}

/// `unit_price` is the unit price.
pub fn in_words(column: &str) -> String {
    spoken(column, |_| {})
}

pub fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Whether a name has a word that can be read: `KDSTM01` and `t_17` have none.
pub fn is_readable(name: &str) -> bool {
    let readable = |word: &String| word.chars().count() >= 3 && word.chars().any(|sign| !sign.is_ascii() || "aeiouy".contains(sign));
    let is_code = !name.chars().any(char::is_lowercase) && name.chars().any(|sign| sign.is_ascii_digit());
    !is_code && split(name).iter().any(readable)
}

fn spoken(name: &str, change: impl Fn(&mut Vec<String>)) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    if !is_readable(name) {
        return format!("`{name}`");
    }
    let mut words = split(name);
    // Old habits of naming that say what it is, not what it is about.
    if words.len() > 1 && ["tbl", "dim", "fact", "fct"].contains(&words[0].as_str()) {
        words.remove(0);
    }
    change(&mut words);
    words.join(" ")
}

/// Of an English word; words that have no plural stay.
fn plural(word: &str) -> String {
    let stem = |cut: usize| &word[..word.len() - cut];
    match word {
        "person" => "people".to_owned(),
        "child" => "children".to_owned(),
        "data" | "equipment" | "furniture" | "history" | "information" | "inventory" | "news" | "series" | "staff" | "stock" => {
            word.to_owned()
        }
        _ if !word.is_ascii() || word.chars().last().is_none_or(|last| last.is_ascii_digit()) => word.to_owned(),
        _ if word.ends_with('y') && !["ay", "ey", "oy", "uy"].iter().any(|ending| word.ends_with(ending)) => format!("{}ies", stem(1)),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|ending| word.ends_with(ending)) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_said_as_people_say_them() {
        let check = |name: &str, one: &str, many: &str| assert_eq!((thing(name).as_str(), things(name).as_str()), (one, many), "{name}");
        check("order_items", "order item", "order items");
        check("main.Category", "category", "categories");
        check("customer", "customer", "customers");
        check("addresses", "address", "addresses");
        check("price_history", "price history", "price history");
        check("tblKunde", "kunde", "kundes");
        check("people", "person", "people");
        check("DimProduct", "product", "products");
    }

    #[test]
    fn a_name_that_says_nothing_stays_as_it_is() {
        for name in ["KDSTM01", "t_17", "c03", "BSEG2"] {
            assert_eq!((thing(name), things(name)), (format!("`{name}`"), format!("`{name}`")));
        }
        assert!(is_readable("orders2024") && is_readable("ORDERS") && !is_readable("x_y"));
        assert_eq!(in_words("unitPrice"), "unit price");
    }

    #[test]
    fn lists_end_with_and() {
        let check = |items: &[&str], expect: &str| {
            assert_eq!(listed(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>()), expect);
        };
        check(&[], "");
        check(&["a"], "a");
        check(&["a", "b", "c"], "a, b and c");
    }
}
