//! Fathom before AI assistants, and before other servers of tools.

mod asking;
mod assistant;
mod definitions;
mod raw;
