//! The screen without a terminal, for tests: keys in, screen out.
