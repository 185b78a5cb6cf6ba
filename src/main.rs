//! The `fathom` binary: hands over to the library.

fn main() {}
