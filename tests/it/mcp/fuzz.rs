//! Nonsense of every kind: the server says what is wrong, and goes on.
