//! Certificates and what issues them: the chain from Certificate to Secret, the verdict, expiry. Pure functions of what a store holds.
