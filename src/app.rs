//! The wiring: the only file that knows every room.
