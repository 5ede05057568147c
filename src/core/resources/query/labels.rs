//! Label selectors as kubectl's `-l` takes them, equality- and set-based.

use crate::resources::Meta;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Demand {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
}

/// A label selector: all of its demands hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(Vec<(String, Demand)>);

impl Selector {
    /// `app=x,tier!=y,env in (a,b),!legacy`
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut demands = Vec::new();
        let mut depth = 0;
        let mut start = 0;
        for (i, c) in text.char_indices().chain([(text.len(), ',')]) {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 0 || i == text.len() => {
                    if depth != 0 {
                        return Err("a bracket is not closed".into());
                    }
                    let part = text[start..i].trim();
                    if !part.is_empty() {
                        demands.push(demand(part)?);
                    }
                    start = i + 1;
                }
                _ => {}
            }
        }
        if demands.is_empty() {
            return Err("a label selector is needed, as in app=web".into());
        }
        Ok(Self(demands))
    }
    /// Whether an object's labels fulfil it. As in Kubernetes, `!=` and `notin` hold for a missing label.
    pub fn matches(&self, meta: &Meta) -> bool {
        self.0.iter().all(|(key, demand)| {
            let value = meta.label(key);
            match demand {
                Demand::Exists => value.is_some(),
                Demand::Missing => value.is_none(),
                Demand::In(values) => value.is_some_and(|v| values.iter().any(|x| x == v)),
                Demand::NotIn(values) => !value.is_some_and(|v| values.iter().any(|x| x == v)),
            }
        })
    }
}

fn demand(part: &str) -> Result<(String, Demand), String> {
    let key = |k: &str| match k.trim() {
        k if k.is_empty() || k.contains(|c: char| c.is_whitespace() || "()=!,".contains(c)) => {
            Err(format!("`{part}` has no label's name"))
        }
        k => Ok(k.to_owned()),
    };
    if let Some((k, v)) = part.split_once("!=") {
        return Ok((key(k)?, Demand::NotIn(vec![v.trim().into()])));
    }
    if let Some((k, v)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok((key(k)?, Demand::In(vec![v.trim().into()])));
    }
    if let Some(open) = part.find('(') {
        let values = part[open + 1..].strip_suffix(')').ok_or("a bracket is not closed")?;
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        let head: Vec<&str> = part[..open].split_whitespace().collect();
        return match head[..] {
            [k, "in"] => Ok((key(k)?, Demand::In(values))),
            [k, "notin"] => Ok((key(k)?, Demand::NotIn(values))),
            _ => Err(format!("`{part}` is neither `in (…)` nor `notin (…)`")),
        };
    }
    match part.strip_prefix('!') {
        Some(k) => Ok((key(k)?, Demand::Missing)),
        None => Ok((key(part)?, Demand::Exists)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_hold_as_in_kubectl() {
        let meta =
            Meta { labels: [("app".into(), "web".into()), ("tier".into(), "a".into())].into(), ..Meta::default() };
        for (selector, holds) in [
            ("app=web", true),
            ("app==web,tier!=b", true),
            ("app in (api, web)", true),
            ("tier notin (a,b)", false),
            ("zone!=x", true),
            ("!zone,app", true),
            ("!app", false),
        ] {
            assert_eq!(Selector::parse(selector).unwrap().matches(&meta), holds, "{selector}");
        }
        for wrong in ["", "=x", "app in (a", "app of (a)", "a b"] {
            assert!(Selector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
