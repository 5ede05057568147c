//! A link to an object, to be sent to a colleague: `qd://context/kind/namespace/name?view=chain`.

use crate::resources::{Kind, Kinds, ObjectRef};
use crate::{Problem, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// How a link begins.
pub const SCHEME: &str = "qd://";
/// Stands for the namespace of objects that have none.
const NO_NAMESPACE: &str = "-";
/// What is not encoded: the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Points at an object of a cluster, and how it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// As the kubeconfig calls it. A colleague's may call it otherwise.
    pub context: String,
    /// `plural.version.group`; `pods.v1` where there is no group.
    pub kind: String,
    /// Empty for objects that have none.
    pub namespace: String,
    pub name: String,
    /// `chain`, `describe`, `yaml` or `events`; empty: what fits the kind best.
    pub view: String,
}

impl Link {
    /// The link of an object.
    pub fn to(context: &str, object: &ObjectRef, view: &str) -> Self {
        let kind = &object.kind;
        let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
        Self {
            context: context.into(),
            kind: format!("{}.{}{group}", kind.plural, kind.version),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            view: view.into(),
        }
    }
    /// Whether a text is meant as a link.
    pub fn is(text: &str) -> bool {
        text.trim().get(..SCHEME.len()).is_some_and(|s| s.eq_ignore_ascii_case(SCHEME))
    }
    /// Reads a link.
    ///
    /// # Errors
    /// When it is none: says which part is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |why: &str| {
            Problem::usage("cannot read the link", why)
                .on(crate::text::clean_line(&crate::intern::bounded(text)).into_owned())
                .next("a link is qd://CONTEXT/PLURAL.VERSION.GROUP/NAMESPACE/NAME?view=chain")
        };
        if !Self::is(text) {
            return Err(wrong("it does not begin with qd://"));
        }
        let rest = &text[SCHEME.len()..];
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parts = Vec::new();
        for part in path.trim_end_matches('/').split('/') {
            let part = percent_decode_str(part).decode_utf8().map_err(|_| wrong("a part is no UTF-8"))?;
            if part.is_empty() {
                return Err(wrong("a part is empty"));
            }
            if part.chars().any(char::is_control) {
                return Err(wrong("a part has control characters"));
            }
            parts.push(part.into_owned());
        }
        let Ok([context, kind, namespace, name]) = <[String; 4]>::try_from(parts) else {
            return Err(wrong("it has not four parts"));
        };
        if kind.split('.').take(2).filter(|p| !p.is_empty()).count() < 2 {
            return Err(wrong("its kind is not PLURAL.VERSION.GROUP"));
        }
        // These end up in a path of the API server.
        if [&kind, &namespace, &name].into_iter().any(|p| p.contains('/') || *p == "." || *p == "..") {
            return Err(wrong("a part cannot be a name"));
        }
        let namespace = if namespace == NO_NAMESPACE { String::new() } else { namespace };
        let mut view = String::new();
        for (key, value) in query.split('&').filter_map(|p| p.split_once('=')) {
            // Further parameters are those of a later version.
            if key == "view" {
                view = percent_decode_str(value).decode_utf8().map_err(|_| wrong("a part is no UTF-8"))?.into_owned();
                if view.chars().any(char::is_control) {
                    return Err(wrong("a part has control characters"));
                }
            }
        }
        Ok(Self { context, kind, namespace, name, view })
    }
    /// The object that is meant, of a kind that the server offers; in another version where it no longer serves this
    /// one. `None`: there is no such kind, or the kinds are not known yet.
    pub fn object(&self, kinds: &Kinds) -> Option<ObjectRef> {
        let (plural, rest) = self.kind.split_once('.')?;
        let (version, group) = rest.split_once('.').unwrap_or((rest, ""));
        let same = |k: &&Kind| k.plural == plural && k.group == group;
        let kind = kinds.iter().find(|k| same(k) && k.version == version).or_else(|| kinds.iter().find(same))?;
        let namespace = if kind.namespaced { &*self.namespace } else { "" };
        Some(ObjectRef::new(kind.clone(), namespace, &self.name))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |part| utf8_percent_encode(part, ENCODED);
        let namespace = if self.namespace.is_empty() { NO_NAMESPACE } else { &self.namespace };
        write!(f, "{SCHEME}{}/{}/{}/{}", of(&self.context), of(&self.kind), of(namespace), of(&self.name))?;
        if !self.view.is_empty() {
            write!(f, "?view={}", of(&self.view))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_link_is_read_as_it_was_written(
            context in "[^\\p{C}]{1,30}", kind in "[a-z]{1,9}\\.v1(\\.[a-z]{1,9}){0,2}",
            namespace in "([a-z0-9]{1,20})?", name in "[a-z0-9:._@ %-]{3,30}", view in "[a-z]{0,8}"
        ) {
            let link = Link { context, kind, namespace, name, view };
            let text = link.to_string();
            prop_assert!(text.is_ascii() && !text.contains(' '));
            prop_assert_eq!(Link::parse(&text).unwrap(), link);
        }
        #[test]
        fn no_text_makes_it_panic(text in "(qd://)?.{0,80}") {
            let _ = Link::parse(&text);
        }
    }

    #[test]
    fn links_lead_to_objects_and_wrong_ones_say_why() {
        let kind = Kind::of("cert-manager.io", "v1", "Certificate", "certificates", true);
        let object = ObjectRef::new(kind.clone(), "client-acme", "api-tls");
        let link = Link::to("arn:aws:eks:eu/prod", &object, "chain");
        let text = "qd://arn%3Aaws%3Aeks%3Aeu%2Fprod/certificates.v1.cert-manager.io/client-acme/api-tls?view=chain";
        assert_eq!(link.to_string(), text);
        assert_eq!(link.object(&Kinds::new(vec![kind.clone()])), Some(object.clone()));
        let later = Link { kind: "certificates.v1alpha2.cert-manager.io".into(), ..link };
        assert_eq!(later.object(&Kinds::new(vec![kind])), Some(object), "the version that is served now");
        let node = Link::parse("QD://prod/nodes.v1/-/w1/?colour=red").unwrap();
        assert_eq!((&*node.namespace, &*node.name, &*node.view), ("", "w1", ""));
        let why = |text: &str| Link::parse(text).unwrap_err().why;
        assert_eq!(why("https://a/b/c/d"), "it does not begin with qd://");
        assert_eq!(why("qd://a/pods.v1/b"), "it has not four parts");
        assert_eq!(why("qd://a/pods.v1//b"), "a part is empty");
        assert_eq!(why("qd://a/pods/b/c"), "its kind is not PLURAL.VERSION.GROUP");
        assert_eq!(why("qd://a/pods.v1/b/c%1b"), "a part has control characters");
        assert_eq!(why("qd://a/pods.v1/b/c%ff"), "a part is no UTF-8");
        assert_eq!(why("qd://a/pods.v1/b/..%2fsecrets"), "a part cannot be a name");
    }
}
