//! Durations (1.0.3 Data 4.6): ISO 8601:2004 4.4.3.2, checked and compared but never computed with.

/// Whether `text` is a duration such as `PT4H35M59.14S`, `P3Y` or `P4W`. Only its last number may have a
/// fraction; weeks stand alone; the alternative form like a date is refused.
#[must_use]
pub fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    if let Some(weeks) = rest.strip_suffix('W') {
        return is_number(weeks);
    }
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let Some(date_fraction) = components(date, b"YMD") else { return false };
    match time {
        None => !date.is_empty(),
        Some(time) => !time.is_empty() && !date_fraction && components(time, b"HMS").is_some(),
    }
}

/// `duration` as it counts in comparisons: fractions of seconds beyond 0.01 cut, otherwise as written.
#[must_use]
pub fn comparable(duration: &str) -> (&str, &str) {
    if let Some(seconds) = duration.strip_suffix('S')
        && let Some(point) = seconds.rfind(['.', ','])
        && seconds.len() - point > 3
        && seconds.is_ascii()
    {
        return (&seconds[..point + 3], "S");
    }
    (duration, "")
}

/// Reads numbers with units in the order of `units`; says whether the last had a fraction, `None` if malformed.
fn components(mut text: &str, mut units: &[u8]) -> Option<bool> {
    let mut fraction = false;
    while !text.is_empty() {
        let end = text.bytes().position(|byte| byte.is_ascii_uppercase())?;
        let unit = text.as_bytes()[end];
        let order = units.iter().position(|&candidate| candidate == unit)?;
        if fraction || !is_number(&text[..end]) {
            return None;
        }
        fraction = text[..end].contains(['.', ',']);
        units = &units[order + 1..];
        text = &text[end + 1..];
    }
    Some(fraction)
}

fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_iso_8601() {
        for good in [
            "PT1H0M0.1S",
            "PT4H35M59.14S",
            "PT16559.14S",
            "P3Y1M29DT4H35M59.14S",
            "P3Y",
            "P4W",
            "P1DT12H36M0.12567S",
            "P0D",
            "PT0S",
            "PT1,5S",
            "P1.5W",
            "P0.5Y",
            "PT0.5H",
            "P1M",
            "PT1M",
        ] {
            assert!(is_duration(good), "{good}");
        }
        for bad in [
            "",
            "P",
            "PT",
            "P1DT",
            "PA1H0M0S",
            "should fail",
            "P4W1D",
            "P1D4W",
            "1H",
            "PT1S1H",
            "P1H",
            "PT1D",
            "PT1.S",
            "PT.5S",
            "P1.5DT1H",
            "PT1.5H1M",
            "pt1s",
            "-PT1S",
            "P-1D",
            "P0001-01-01T00:00:00",
            "PT1S ",
            "PT1H1H",
            "P１D",
        ] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn only_hundredths_of_seconds_compare() {
        assert_eq!(comparable("P1DT12H36M0.1237S"), ("P1DT12H36M0.12", "S"));
        assert_eq!(comparable("P1DT12H36M0.12S"), ("P1DT12H36M0.12S", ""));
        assert_eq!(comparable("P3Y"), ("P3Y", ""));
    }
}
