//! JSON numbers by value, exactly: digits and a power of ten, without the limits of `f64`.

use smallvec::SmallVec;

/// `digits × 10^exponent`, digits without zeros at either end; zero has no digits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    pub(crate) digits: SmallVec<[u8; 24]>,
    pub(crate) exponent: i64,
}

impl Decimal {
    /// Reads a literal that is known to be a JSON number.
    pub(crate) fn parse(literal: &str) -> Self {
        let (negative, unsigned) = match literal.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, literal),
        };
        let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // Exponents beyond i64 collapse into one: no value that anybody can mean lies there.
        let limit = if power.starts_with('-') { i64::MIN } else { i64::MAX };
        let mut exponent = power.trim_start_matches('+').parse::<i64>().unwrap_or(limit);
        exponent = exponent.saturating_sub_unsigned(fraction.len() as u64);

        let mut digits: SmallVec<[u8; 24]> = SmallVec::new();
        digits.extend(whole.bytes().chain(fraction.bytes()).skip_while(|&digit| digit == b'0'));
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent = exponent.saturating_add(1);
        }
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent }
    }

    /// The value, if it is a whole number that fits.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        if self.negative || self.exponent < 0 {
            return None;
        }
        let mut value: u64 = 0;
        for digit in &self.digits {
            value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        }
        if value == 0 {
            return Some(0);
        }
        value.checked_mul(10_u64.checked_pow(u32::try_from(self.exponent).ok()?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_equal(spellings: &[&str]) {
        let values: Vec<_> = spellings.iter().map(|literal| Decimal::parse(literal)).collect();
        assert!(values.windows(2).all(|pair| pair[0] == pair[1]), "{spellings:?}: {values:?}");
    }

    #[test]
    fn spelling_does_not_change_the_value() {
        check_equal(&["1", "1.0", "1e0", "10E-1", "0.1e+1", "0.001e3"]);
        check_equal(&["0", "-0", "0.00", "0e99"]);
        check_equal(&["-1200", "-1.2e3", "-0.12e4"]);
        assert_ne!(Decimal::parse("1"), Decimal::parse("-1"));
        assert_ne!(Decimal::parse("9007199254740993"), Decimal::parse("9007199254740992"));
    }

    #[test]
    fn whole_numbers_are_recognised() {
        for (literal, value) in
            [("27", Some(27)), ("27.0", Some(27)), ("2.7e1", Some(27)), ("0.0", Some(0)), ("2.5", None)]
        {
            assert_eq!(Decimal::parse(literal).to_u64(), value, "{literal}");
        }
        assert_eq!(Decimal::parse("-1").to_u64(), None);
        assert_eq!(Decimal::parse("18446744073709551616").to_u64(), None);
    }
}
