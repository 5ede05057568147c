//! Questions to DNS with a configuration of our own: the system's resolvers, or those that the user names.

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, system_conf};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One question to one server waits this long; two tries.
const PATIENCE: Duration = Duration::from_secs(3);
/// The port of a name server, RFC 1035 §4.2.
const PORT: u16 = 53;

/// Who is asked. In `config.toml` as `[dns]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct DnsConfig {
    /// Recursive resolvers, `address` or `address:port`; none: those of the system.
    pub servers: Vec<String>,
    /// The port at which authoritative servers are asked; 0 means 53. For networks that lead DNS elsewhere.
    pub authoritative_port: u16,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "fault", content = "detail")]
pub enum DnsFault {
    /// NXDOMAIN: the name does not exist, and nothing below it (RFC 8020).
    NoSuchName,
    /// The name exists, records of this type do not.
    NoRecords,
    /// SERVFAIL, REFUSED and the like: the server's word.
    Refused(String),
    /// Nobody answered in time.
    Silent,
    /// The network says no, or the text is no name.
    Failed(String),
}

impl DnsFault {
    /// In words, without the name.
    pub fn words(&self) -> String {
        match self {
            Self::NoSuchName => "no such name (NXDOMAIN)".into(),
            Self::NoRecords => "no record of this type".into(),
            Self::Refused(code) => format!("the name server answered {code}"),
            Self::Silent => "no name server answered in time".into(),
            Self::Failed(why) => why.clone(),
        }
    }
}

/// What DNS answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The CNAMEs that were followed, in order; empty when the name has records of its own.
    pub aliases: Vec<String>,
    /// The records in their usual text form, sorted.
    pub records: Vec<String>,
}

impl Answer {
    /// The records that are addresses.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.records.iter().filter_map(|r| r.parse().ok()).collect()
    }
}

/// A way to ask DNS. Nothing is cached: who asks again wants to know anew.
#[derive(Clone)]
pub struct Dns {
    resolver: Resolver<TokioRuntimeProvider>,
    port: u16,
}

impl Dns {
    /// Reads the configuration; asks nobody yet.
    ///
    /// # Errors
    /// When a server is no address, or the system's configuration cannot be read.
    pub fn new(config: &DnsConfig) -> Result<Self, DnsFault> {
        let port = if config.authoritative_port == 0 { PORT } else { config.authoritative_port };
        let servers = if config.servers.is_empty() {
            let (system, _) = system_conf::read_system_conf()
                .map_err(|e| DnsFault::Failed(format!("cannot read the system's resolvers: {e}")))?;
            system
        } else {
            let servers = config.servers.iter().map(|s| address(s)).collect::<Result<Vec<_>, _>>()?;
            ResolverConfig::from_name_servers(servers.into_iter().map(server).collect())
        };
        Ok(Self { resolver: build(servers, true)?, port })
    }
    /// The same questions to these servers only, without recursion: what an authoritative server itself says.
    pub(super) fn at(&self, addresses: &[IpAddr]) -> Result<Self, DnsFault> {
        let servers = addresses.iter().map(|ip| server(SocketAddr::new(*ip, self.port))).collect();
        Ok(Self { resolver: build(ResolverConfig::from_name_servers(servers), false)?, port: self.port })
    }

    /// The addresses of a host: A and AAAA together. Without either, the fault of the A question.
    pub async fn addresses(&self, host: &str) -> Result<Answer, DnsFault> {
        let (four, six) = tokio::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        match (four, six) {
            (Ok(mut four), Ok(six)) => {
                four.records.extend(six.records);
                Ok(four)
            }
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            (Err(why), Err(_)) => Err(why),
        }
    }
    /// The texts at a name, each with its strings joined (RFC 8555 §8.4 writes one string).
    pub async fn texts(&self, name: &str) -> Result<Answer, DnsFault> {
        self.ask(name, RecordType::TXT).await
    }
    pub(super) async fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, DnsFault> {
        let name = absolute(name)?;
        let found = self.resolver.lookup(name, kind).await.map_err(|e| fault(&e))?;
        let mut answer = Answer::default();
        for record in found.answers() {
            match &record.data {
                RData::CNAME(to) if kind != RecordType::CNAME => answer.aliases.push(text(&to.0)),
                data if data.record_type() == kind => answer.records.push(words(data)),
                _ => {}
            }
        }
        answer.records.sort();
        answer.records.dedup();
        if answer.records.is_empty() { Err(DnsFault::NoRecords) } else { Ok(answer) }
    }
}

/// A name as people write it: without the dot at its end, clean for a terminal.
fn text(name: &Name) -> String {
    crate::text::clean_line(name.to_utf8().trim_end_matches('.')).into_owned()
}

fn words(data: &RData) -> String {
    match data {
        RData::A(a) => a.0.to_string(),
        RData::AAAA(a) => a.0.to_string(),
        RData::NS(to) => text(&to.0),
        RData::CNAME(to) => text(&to.0),
        RData::SOA(soa) => text(&soa.mname),
        RData::TXT(txt) => {
            let joined: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            crate::text::clean_line(&String::from_utf8_lossy(&joined)).into_owned()
        }
        RData::CAA(caa) => {
            let value = String::from_utf8_lossy(&caa.value);
            crate::text::clean_line(&format!("{} {} \"{value}\"", caa.flags(), caa.tag)).into_owned()
        }
        other => crate::text::clean_line(&other.to_string()).into_owned(),
    }
}

/// Fully qualified, so that no search domain of this machine is tried.
fn absolute(name: &str) -> Result<Name, DnsFault> {
    let mut parsed = Name::from_utf8(name.trim_end_matches('.'))
        .map_err(|e| DnsFault::Failed(format!("{} is no DNS name: {e}", crate::text::clean_line(name))))?;
    parsed.set_fqdn(true);
    Ok(parsed)
}

fn address(text: &str) -> Result<SocketAddr, DnsFault> {
    let text = text.trim();
    text.parse::<SocketAddr>()
        .or_else(|_| text.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)))
        .map_err(|_| DnsFault::Failed(format!("DNS server {text}: give an address or address:port")))
}

fn server(at: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = at.port();
    }
    NameServerConfig::new(at.ip(), true, connections)
}

fn build(config: ResolverConfig, recursive: bool) -> Result<Resolver<TokioRuntimeProvider>, DnsFault> {
    let mut options = ResolverOpts::default();
    options.timeout = PATIENCE;
    options.attempts = 1;
    options.cache_size = 0;
    options.recursion_desired = recursive;
    options.try_tcp_on_error = true;
    // What the world sees counts, not this machine's hosts file.
    options.use_hosts_file = ResolveHosts::Never;
    Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
        .map_err(|e| fault(&e))
}

fn fault(error: &NetError) -> DnsFault {
    match error {
        NetError::Timeout => DnsFault::Silent,
        NetError::NoConnections => DnsFault::Silent,
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => DnsFault::NoSuchName,
            ResponseCode::NoError => DnsFault::NoRecords,
            code => DnsFault::Refused(code.to_string()),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => DnsFault::Refused(code.to_string()),
        NetError::Io(e) => DnsFault::Failed(e.to_string()),
        other => DnsFault::Failed(other.to_string()),
    }
}
