//! Knows platforms: profiles, detection, the catalogue of apps, their dependencies and health. Pure functions of what a store holds; no client, no screen.
