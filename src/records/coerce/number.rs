//! Numbers in text, as Go reads them.

/// The number that a text says; 0 for a text that says none, or one that is too great.
pub fn parse(text: &str) -> f64 {
    let digits = without_underscores(text);
    let Some(digits) = digits.as_deref().filter(|text| !is_signed_nan(text)) else {
        return 0.0;
    };
    let number = hexadecimal(digits).or_else(|| digits.parse().ok());
    let is_said = |number: &f64| !number.is_infinite() || digits.to_lowercase().contains("inf");
    number.filter(is_said).unwrap_or_default()
}

/// The text without what separates its digits; nothing if an underscore stands anywhere else.
fn without_underscores(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split('_').collect();
    let is_between_digits = |pair: &[&str]| {
        pair[0].ends_with(|c: char| c.is_ascii_hexdigit() || "xX".contains(c))
            && pair[1].starts_with(|c: char| c.is_ascii_hexdigit())
    };
    parts
        .windows(2)
        .all(is_between_digits)
        .then(|| parts.concat())
}

fn is_signed_nan(text: &str) -> bool {
    text.trim_start_matches(['+', '-']).len() < text.len() && text.to_lowercase().ends_with("nan")
}

/// A number such as `0x1.8p4`, whose exponent is one of two and has to be there.
fn hexadecimal(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let lower = unsigned.to_lowercase();
    let (mantissa, exponent) = lower.strip_prefix("0x")?.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let value = digits.chars().try_fold(0.0, |value, c| {
        Some(value * 16.0 + f64::from(c.to_digit(16)?))
    })?;
    let exponent = exponent.parse::<i32>().ok()? - 4 * i32::try_from(fraction.len()).ok()?;
    (!digits.is_empty()).then(|| sign * value * f64::from(exponent).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_pocketbase_reads_them() {
        for (text, expected) in [
            ("5", 5.0),
            ("+5", 5.0),
            ("05", 5.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E3", 1000.0),
            ("1_000", 1000.0),
            ("0x1p4", 16.0),
            ("-0x1.8p1", -3.0),
            ("12345678901234567890", 12_345_678_901_234_567_000.0),
            ("0x10", 0.0),
            ("0b11", 0.0),
            ("0o17", 0.0),
            ("_1", 0.0),
            ("1__0", 0.0),
            (" 5 ", 0.0),
            ("\t7", 0.0),
            ("5abc", 0.0),
            ("１２", 0.0),
            ("1e400", 0.0),
            ("-NaN", 0.0),
            ("true", 0.0),
            ("", 0.0),
        ] {
            assert!((parse(text) - expected).abs() < f64::EPSILON, "{text}");
        }
        for text in ["inf", "-Inf", "Infinity", "+INFINITY"] {
            assert!(parse(text).is_infinite(), "{text}");
        }
        assert!(parse("nan").is_nan() && parse("NaN").is_nan());
    }
}
