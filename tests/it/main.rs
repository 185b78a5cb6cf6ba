//! The one test binary: what Fathom promises, shown on the real thing.

mod kill;
mod load;
mod support;
