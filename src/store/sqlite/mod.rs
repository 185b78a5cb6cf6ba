//! The store on SQLite: one writer that commits groups of appends, a pool of readers.
