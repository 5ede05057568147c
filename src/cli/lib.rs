//! quarterdeck-cli
