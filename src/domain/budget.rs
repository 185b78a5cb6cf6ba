//! What a run may spend, and what it has spent.

use serde::{Deserialize, Serialize};

/// Upper bounds of a run; an absent one is not limited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Tokens of all model calls, prompt and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money of all model calls, in US dollars, by the price table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Seconds from the first event on, pauses included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Tool calls of all experts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<u64>,
}

/// What was used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Spent {
    pub model_calls: u64,
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
    pub usd: f64,
    pub tool_calls: u64,
    pub seconds: u64,
}

/// Which bound of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    Tokens,
    Usd,
    Seconds,
    ToolCalls,
}

impl Spent {
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens + self.answer_tokens
    }

    /// The share of each bound that is used, for the bounds that are set.
    pub fn shares(&self, budget: &Budget) -> Vec<(Limit, f64)> {
        let share = |used: f64, bound: f64| if bound <= 0.0 { 1.0 } else { used / bound };
        let mut shares = Vec::new();
        if let Some(bound) = budget.tokens {
            shares.push((Limit::Tokens, share(self.tokens() as f64, bound as f64)));
        }
        if let Some(bound) = budget.usd {
            shares.push((Limit::Usd, share(self.usd, bound)));
        }
        if let Some(bound) = budget.seconds {
            shares.push((Limit::Seconds, share(self.seconds as f64, bound as f64)));
        }
        if let Some(bound) = budget.tool_calls {
            shares.push((Limit::ToolCalls, share(self.tool_calls as f64, bound as f64)));
        }
        shares
    }
}
