//! The stories there are.

/// Names and what happens, in the order in which a list shows them.
pub(super) const STORIES: &[(&str, &str)] = &[
    ("quiet", "nothing happens but what the user does"),
    ("rollout", "every minute a workload gets a new template and rolls"),
    ("stuck-certificate", "a new host's certificate waits for DNS, then the record appears"),
    ("degrading-app", "an app's pods fail one after the other, then recover"),
    ("churn", "pods are updated all the time (churn=N a second)"),
];

/// Names of the stories.
pub fn names() -> Vec<&'static str> {
    STORIES.iter().map(|s| s.0).collect()
}
