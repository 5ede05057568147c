//! Kubernetes quantities as numbers: `500m`, `8Gi`, `1e3`.

/// The value in base units; `None` for what is no quantity.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    // `1e3` and `1E3` are exponents, `1E` alone is exa.
    if let Ok(value) = text.parse::<f64>() {
        return value.is_finite().then_some(value);
    }
    let number: f64 = text[..split].parse().ok()?;
    let factor = match &text[split..] {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn quantities_are_read_as_the_api_writes_them() {
        for (text, value) in
            [("500m", 0.5), ("8Gi", 8_589_934_592.0), ("20", 20.0), ("1e3", 1000.0), ("2k", 2000.0), ("0", 0.0)]
        {
            assert_eq!(parse(text), Some(value), "{text}");
        }
        for text in ["", "x", "1Qi", "NaN", "inf"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
