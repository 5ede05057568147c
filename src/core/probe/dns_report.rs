//! All that DNS says about a host as a certificate authority would ask it: addresses, who is authoritative and
//! whether they agree, and who may issue (CAA, RFC 8659).

use super::dns::{Answer, Dns, DnsFault};
use hickory_resolver::proto::rr::RecordType;
use serde::Serialize;
use std::net::IpAddr;

/// Servers of a zone that are asked; a zone with more of them is not judged by the rest.
const SERVERS: usize = 6;

/// Who answers for a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    /// The zone that the name is in, e.g. `ominis.ai`.
    pub zone: String,
    /// Its name servers.
    pub servers: Vec<String>,
}

/// What one authoritative server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerReport {
    pub server: String,
    pub address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<DnsFault>,
}

/// Who may issue for a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaaReport {
    /// Where the records are: the name itself or the nearest ancestor that has some. Empty: anybody may issue.
    pub at: String,
    /// `0 issue "letsencrypt.org"`
    pub records: Vec<String>,
    /// The look-up itself failed; a certificate authority must not issue then (RFC 8659 §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<DnsFault>,
}

impl CaaReport {
    /// Whether an authority that calls itself by one of these names may issue; `wildcard` for `*.` names
    /// (RFC 8659 §4.2, §4.3: `issuewild` counts before `issue` for those).
    pub fn allows(&self, authority: &[&str], wildcard: bool) -> bool {
        let of = |tag: &str| -> Vec<&str> {
            let tagged = self.records.iter().filter_map(|r| {
                let mut parts = r.splitn(3, ' ');
                let (_, found, value) = (parts.next()?, parts.next()?, parts.next()?);
                found.eq_ignore_ascii_case(tag).then_some(value.trim_matches('"'))
            });
            tagged.collect()
        };
        let wild = of("issuewild");
        let relevant = if wildcard && !wild.is_empty() { wild } else { of("issue") };
        let named = |value: &str| {
            let name = value.split(';').next().unwrap_or_default().trim();
            authority.iter().any(|a| a.eq_ignore_ascii_case(name))
        };
        relevant.is_empty() || relevant.into_iter().any(named)
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsReport {
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<DnsFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// What each server of the zone says about the same question.
    pub asked: Vec<ServerReport>,
    pub caa: CaaReport,
}

impl DnsReport {
    /// Whether servers of the zone contradict one another: the change is still spreading.
    pub fn disagree(&self) -> bool {
        let mut said = self.asked.iter().map(|s| (&s.answer, &s.fault));
        let first = said.next();
        said.any(|next| Some(next) != first)
    }
    /// The verdict in one line: where the name leads, or what is missing, and who said so.
    pub fn line(&self) -> String {
        let host = &self.host;
        match (&self.answer, &self.fault) {
            (Some(answer), _) => {
                let via = answer.aliases.iter().map(|a| format!("{a} → ")).collect::<String>();
                format!("{host} → {via}{}", answer.records.join(", "))
            }
            (None, Some(fault)) => match &self.authority {
                Some(authority) if !self.asked.is_empty() => {
                    format!("{host}: {} (asked {} name servers of {})", fault.words(), self.asked.len(), authority.zone)
                }
                _ => format!("{host}: {}", fault.words()),
            },
            (None, None) => format!("{host}: not asked"),
        }
    }
}

impl Dns {
    /// Asks everything about the addresses of a host. Wildcards are asked for a name below them.
    pub async fn report(&self, host: &str) -> DnsReport {
        self.report_of(host, host, RecordType::A).await
    }
    /// Asks everything about the TXT record of a DNS-01 challenge (RFC 8555 §8.4), CNAMEs followed.
    pub async fn report_challenge(&self, host: &str) -> DnsReport {
        let host = host.strip_prefix("*.").unwrap_or(host);
        self.report_of(host, &format!("_acme-challenge.{host}"), RecordType::TXT).await
    }
    async fn report_of(&self, host: &str, name: &str, kind: RecordType) -> DnsReport {
        let first = if kind == RecordType::A {
            let name = name.strip_prefix("*.").map_or_else(|| name.to_owned(), |rest| format!("qd-probe.{rest}"));
            self.addresses(&name).await
        } else {
            self.ask(name, kind).await
        };
        // An alias leads into another zone, whose servers are the ones to ask.
        let last = first.as_ref().ok().and_then(|a| a.aliases.last().cloned()).unwrap_or_else(|| name.to_owned());
        let (authority, caa) = tokio::join!(self.authority(&last), self.caa(host));
        let authority = authority.ok();
        let asked = match &authority {
            Some(authority) => self.ask_each(authority, &last, kind).await,
            None => Vec::new(),
        };
        let (answer, fault) = match first {
            Ok(answer) => (Some(answer), None),
            Err(fault) => (None, Some(fault)),
        };
        DnsReport { host: name.to_owned(), answer, fault, authority, asked, caa }
    }
    /// The zone that holds a name: the nearest name upwards that has NS records.
    pub async fn authority(&self, name: &str) -> Result<Authority, DnsFault> {
        let mut last = DnsFault::NoRecords;
        for zone in upwards(name) {
            match self.ask(zone, RecordType::NS).await {
                Ok(answer) if answer.aliases.is_empty() => {
                    return Ok(Authority { zone: zone.to_owned(), servers: answer.records });
                }
                Ok(_) => {}
                Err(why @ (DnsFault::Silent | DnsFault::Failed(_))) => return Err(why),
                Err(why) => last = why,
            }
        }
        Err(last)
    }
    async fn ask_each(&self, authority: &Authority, name: &str, kind: RecordType) -> Vec<ServerReport> {
        let asks = authority.servers.iter().take(SERVERS).map(|server| async move {
            let address = self.addresses(server).await.ok().and_then(|a| a.addresses().first().copied());
            let said = match address {
                Some(address) => match self.at(&[address]) {
                    Ok(there) => there.ask(name, kind).await,
                    Err(why) => Err(why),
                },
                None => Err(DnsFault::Failed("the name server itself has no address".into())),
            };
            let (answer, fault) = match said {
                Ok(answer) => (Some(answer), None),
                Err(fault) => (None, Some(fault)),
            };
            ServerReport { server: server.clone(), address, answer, fault }
        });
        futures::future::join_all(asks).await
    }
    /// The CAA records that hold for a name: its own, or those of the nearest ancestor (RFC 8659 §3).
    pub async fn caa(&self, host: &str) -> CaaReport {
        let host = host.strip_prefix("*.").unwrap_or(host);
        for at in upwards(host) {
            match self.ask(at, RecordType::CAA).await {
                Ok(answer) => {
                    return CaaReport { at: at.to_owned(), records: answer.records, fault: None };
                }
                Err(DnsFault::NoSuchName | DnsFault::NoRecords) => {}
                Err(fault) => return CaaReport { at: at.to_owned(), records: Vec::new(), fault: Some(fault) },
            }
        }
        CaaReport::default()
    }
}

/// The name and its ancestors, the root left out.
fn upwards(name: &str) -> impl Iterator<Item = &str> {
    let name = name.trim_end_matches('.');
    std::iter::successors((!name.is_empty()).then_some(name), |n| n.split_once('.').map(|(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caa(records: &[&str]) -> CaaReport {
        CaaReport { at: "a".into(), records: records.iter().map(|r| (*r).to_owned()).collect(), fault: None }
    }

    #[test]
    fn caa_is_read_as_the_rfc_says() {
        let le = &["letsencrypt.org"][..];
        assert!(caa(&[]).allows(le, false));
        assert!(caa(&["0 issue \"letsencrypt.org; validationmethods=dns-01\""]).allows(le, true));
        assert!(!caa(&["0 issue \"pki.goog\""]).allows(le, false));
        assert!(!caa(&["0 issue \";\""]).allows(le, false), "a semicolon alone forbids all");
        let wild = caa(&["0 issue \"letsencrypt.org\"", "0 issuewild \"pki.goog\""]);
        assert!(wild.allows(le, false) && !wild.allows(le, true));
        assert!(caa(&["0 iodef \"mailto:a@b\""]).allows(le, false), "iodef forbids nobody");
    }

    #[test]
    fn ancestors_end_before_the_root() {
        assert_eq!(upwards("a.b.c.").collect::<Vec<_>>(), ["a.b.c", "b.c", "c"]);
        assert_eq!(upwards("").count(), 0);
    }
}
