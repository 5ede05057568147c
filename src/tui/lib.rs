//! quarterdeck-tui
