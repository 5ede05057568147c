//! Helm releases as Helm 3 and 4 store them in a Secret: base64 over gzip over JSON (and base64 once more as every Secret).
//! Chart, version, status and description are read out of it, and of the manifest the replicas and images of workloads;
//! the rest of the manifest and all values are skipped while reading and are never kept.

use super::declared::{self, Named};
use crate::Str;
use crate::clock::parse_time;
use crate::findings::cause;
use crate::resources::Meta;
use crate::resources::meta::Lent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::io::Read;
use zeroize::Zeroizing;

/// A release that unpacks to more than this is not read: no chart is so large.
const LONGEST: u64 = 64 << 20;
/// Of revisions that were replaced, only those whose Secret is smaller than this are unpacked: a cluster keeps ten of each
/// release, and their labels tell enough.
const REPLACED: usize = 192 << 10;

/// A Helm release Secret (`owner=helm`): its labels, and what the release itself says.
#[derive(Clone, Debug, Default)]
pub struct HelmRelease {
    pub meta: Meta,
    pub chart: Str,
    pub chart_version: Str,
    pub app_version: Str,
    /// Helm's own sentence about the last operation: `Upgrade complete`, `Upgrade "x" failed: …`.
    pub description: Str,
    status: Str,
    pub deployed: Option<i64>,
    /// What its manifest asks for; empty of a revision that was replaced.
    pub workloads: Vec<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Secret<'a> {
    metadata: Meta,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    release: Lent<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Release<'a> {
    info: Info,
    chart: Chart,
    #[serde(borrow)]
    manifest: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info {
    last_deployed: String,
    description: String,
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Chart {
    metadata: ChartMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChartMetadata {
    name: String,
    version: String,
    app_version: String,
}

/// The release as JSON.
fn unpack(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let once = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
    // Helm's own base64; very old releases are not gzipped.
    let twice = Zeroizing::new(STANDARD.decode(once.trim_ascii()).ok()?);
    if !twice.starts_with(&[0x1f, 0x8b]) {
        return Some(twice);
    }
    // RFC 1952 §2.3.1: the last four bytes say how long it gets. Memory that grows would leave copies behind.
    let length = twice.last_chunk::<4>().map_or(0, |tail| u64::from(u32::from_le_bytes(*tail)));
    let mut json = Zeroizing::new(Vec::with_capacity(usize::try_from(length.min(LONGEST)).unwrap_or(0) + 64));
    GzDecoder::new(&twice[..]).take(LONGEST).read_to_end(&mut json).ok()?;
    Some(json)
}

/// A JSON string as text. It is made here because the reader's own buffer would not be wiped.
fn unescaped(raw: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(raw.len()));
    let inner = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')).unwrap_or_default();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r' | 'b' | 'f') => ' ',
                Some('u') => {
                    let code = chars.as_str().get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    chars.nth(3);
                    code.and_then(char::from_u32).unwrap_or('\u{fffd}')
                }
                Some(other) => other,
                None => break,
            },
            c => c,
        };
        text.push(c);
    }
    text
}

impl<'de> Deserialize<'de> for HelmRelease {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Secret { metadata: meta, data } = Secret::deserialize(deserializer)?;
        let replaced = meta.label("status") == Some("superseded");
        let worth = !data.release.is_empty() && (!replaced || data.release.len() < REPLACED);
        let json = worth.then(|| unpack(&data.release)).flatten().unwrap_or_default();
        let Release { info, chart, manifest } = serde_json::from_slice(&json).unwrap_or_default();
        let manifest = manifest.filter(|_| !replaced).map(|raw| unescaped(raw.get()));
        let text = |t: &str| Str::from(cause::line(t, 300).as_str());
        Ok(Self {
            meta,
            chart: text(&chart.metadata.name),
            chart_version: text(&chart.metadata.version),
            app_version: text(&chart.metadata.app_version),
            description: text(&info.description),
            status: text(&info.status),
            deployed: parse_time(&info.last_deployed),
            workloads: manifest.map(|text| declared::manifest(&text)).unwrap_or_default(),
        })
    }
}

impl HelmRelease {
    pub fn name(&self) -> &str {
        self.meta.label("name").unwrap_or_default()
    }
    pub fn revision(&self) -> i64 {
        self.meta.label("version").and_then(|v| v.parse().ok()).unwrap_or_default()
    }
    /// `deployed`, `failed`, `pending-upgrade`, `superseded` …: the label, which Helm writes last, else the release itself.
    pub fn status(&self) -> &str {
        self.meta.label("status").unwrap_or(&self.status)
    }
    /// When it was made.
    pub fn at(&self) -> Option<i64> {
        self.deployed.or_else(|| self.meta.label("modifiedAt").and_then(|m| m.parse().ok())).or(self.meta.created)
    }
    /// `traefik-33.2.1`; empty where it could not be read.
    pub fn chart_name(&self) -> String {
        if self.chart.is_empty() { String::new() } else { format!("{}-{}", self.chart, self.chart_version) }
    }
}
