//! quarterdeck-sim
