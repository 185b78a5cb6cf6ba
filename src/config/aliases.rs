//! Variables that other tools have made common, and the settings that they stand for here.

/// Later lines win over earlier ones, and `FATHOM_<SECTION>__<KEY>` over all. A line whose section no room has is not used.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("OPENAI_BASE_URL", "model.base_url"),
    ("OPENAI_API_KEY", "model.api_key"),
    ("LLM_BASE_URL", "model.base_url"),
    ("LLM_API_KEY", "model.api_key"),
    ("LLM_MODEL", "model.name"),
];
