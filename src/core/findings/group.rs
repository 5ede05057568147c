//! Findings that belong together, as the home page shows them.

use super::{Finding, Topic};
use crate::resources::Level;

/// Findings of one topic under one headline, the worst first.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub topic: Topic,
    pub level: Level,
    /// `2 certificates cannot be issued`
    pub title: String,
    /// The earliest of its members, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub members: Vec<Finding>,
}

/// Sorts findings: the worst level first, then by topic, then the oldest, then by title.
pub fn rank(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.level, a.topic(), a.since.unwrap_or(i64::MAX), &a.title, a.code).cmp(&(
            a.level,
            b.topic(),
            b.since.unwrap_or(i64::MAX),
            &b.title,
            b.code,
        ))
    });
}

/// Groups findings by topic; the worst groups first, then in the order of [`Topic`].
pub fn group(findings: &[Finding]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for finding in findings {
        let topic = finding.topic();
        match groups.iter_mut().find(|g| g.topic == topic) {
            Some(group) => {
                group.level = group.level.max(finding.level);
                group.since = [group.since, finding.since].into_iter().flatten().min();
                group.members.push(finding.clone());
            }
            None => groups.push(Group {
                topic,
                level: finding.level,
                title: String::new(),
                since: finding.since,
                members: vec![finding.clone()],
            }),
        }
    }
    for group in &mut groups {
        rank(&mut group.members);
        // An object with several findings counts once in the headline.
        let mut objects: Vec<_> = group.members.iter().map(|f| &f.title).collect();
        objects.sort_unstable();
        objects.dedup();
        group.title = group.topic.title(objects.len());
    }
    groups.sort_by_key(|g| (std::cmp::Reverse(g.level), g.topic));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Kind, ObjectRef};

    #[test]
    fn the_home_page_counts_objects_and_shows_the_oldest() {
        let kind = Kind::of("cert-manager.io", "v1", "Certificate", "certificates", true);
        let finding = |code, name: &str, since| {
            Finding::new(code, &ObjectRef::new(kind.clone(), "client-acme", name), "why").since(Some(since))
        };
        let groups = group(&[
            finding("CERT_RENEWAL_OVERDUE", "auth", 5),
            finding("CERT_DNS_NO_RECORD", "a", 20),
            finding("CERT_RATE_LIMIT", "b", 10),
        ]);
        let titles: Vec<&str> = groups.iter().map(|g| g.title.as_str()).collect();
        assert_eq!(titles, ["2 certificates cannot be issued", "1 certificate is past its renewal time"]);
        assert_eq!(groups[0].since, Some(10));
        assert_eq!(groups[0].members[0].title, "client-acme/b");
    }
}
