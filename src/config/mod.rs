//! Settings of all rooms: their defaults, where each value came from, all problems at once.
