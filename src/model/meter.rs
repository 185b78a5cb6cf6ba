//! What calls cost: the price table, and tokens turned into money.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::port::Usage;
use super::settings::SettingsError;

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub input: f64,
    pub output: f64,
}

/// List prices by model name. A model that is not in it costs nothing, which is true of local ones.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    #[serde(default)]
    prices: BTreeMap<String, Price>,
}

impl Prices {
    /// The table that the binary carries.
    pub fn builtin() -> Self {
        Self::parse(include_str!("../../config/prices.toml")).expect("the table in the repository is valid, kept by a test")
    }

    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let table: Self = toml::from_str(text).map_err(|error| SettingsError::BadPrices(error.to_string()))?;
        match table.prices.iter().find(|(_, price)| !(price.input >= 0.0 && price.output >= 0.0)) {
            Some((name, _)) => Err(SettingsError::BadPrices(format!("the price of `{name}` is negative"))),
            None => Ok(table),
        }
    }

    /// Prices of this table, and those of `other` where it knows better.
    pub fn overridden_by(mut self, other: Self) -> Self {
        self.prices.extend(other.prices);
        self
    }

    /// By exact name, then without the vendor in front, then without a date or tag behind.
    pub fn of(&self, model: &str) -> Option<Price> {
        let bare = model.rsplit('/').next().unwrap_or(model);
        let dated = |name: &str| {
            let rest = bare.strip_prefix(name)?;
            let tagged = rest.starts_with([':', '@']) || rest == "-latest";
            let dated = rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            (tagged || dated).then_some(name.len())
        };
        self.prices.get(model).or_else(|| self.prices.get(bare)).copied().or_else(|| {
            let longest = self.prices.iter().filter_map(|(name, price)| Some((dated(name)?, *price))).max_by_key(|(length, _)| *length);
            longest.map(|(_, price)| price)
        })
    }
}

impl Price {
    pub fn of(&self, usage: &Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.input + usage.answer_tokens as f64 * self.output) / 1e6
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.answer_tokens += other.answer_tokens;
        self.usd += other.usd;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_found_by_name_vendor_and_date() {
        let prices = Prices::builtin();
        let mini = prices.of("gpt-4o-mini").expect("known");
        assert_eq!(prices.of("openai/gpt-4o-mini"), Some(mini));
        assert_eq!(prices.of("gpt-4o-mini-2024-07-18"), Some(mini));
        assert_ne!(prices.of("gpt-4o"), Some(mini));
        assert_eq!(prices.of("gpt-4o-something-else"), None);
        assert_eq!(prices.of("my-local-model"), None);
    }

    #[test]
    fn a_call_costs_what_the_table_says() {
        let usage = Usage { prompt_tokens: 1_000_000, answer_tokens: 500_000, usd: 0.0 };
        assert_eq!(Price { input: 2.0, output: 8.0 }.of(&usage), 6.0);
    }

    #[test]
    fn an_own_table_goes_before() {
        let own = Prices::parse("[prices]\n\"gpt-4o\" = { input = 1.0, output = 1.0 }").expect("valid");
        assert_eq!(Prices::builtin().overridden_by(own).of("gpt-4o"), Some(Price { input: 1.0, output: 1.0 }));
        assert!(Prices::parse("[prices]\nx = { input = -1.0, output = 1.0 }").is_err());
        assert!(Prices::parse("[price]\n").is_err());
    }
}
