//! Tenants: one or more namespaces and all that belongs to them. Pure functions of what a store holds.
