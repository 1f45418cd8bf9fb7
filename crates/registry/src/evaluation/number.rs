//! Numbers in sentences.

/// A number with four significant digits and no needless zeros: `0.2131`, `31.24`, `1234`.
pub(crate) fn shown(value: f64) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let digits = usize::try_from(3 - magnitude).unwrap_or(0).min(9);
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    text.replacen('-', "−", 1)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn numbers_are_short_and_keep_their_meaning() {
        let shown: Vec<_> = [0.0, 0.213_14, 31.236, 1234.56, -13.8, 1e-4, 20.0, f64::NAN]
            .map(shown)
            .into();
        assert_eq!(
            shown,
            [
                "0",
                "0.2131",
                "31.24",
                "1235",
                "−13.8",
                "0.0001",
                "20",
                "not a number"
            ]
        );
    }
}
