//! JSON numbers by value, exactly: digits and a power of ten, without the limits of `f64`.

use smallvec::SmallVec;

/// `±digits × 10^exponent`, without zeros at the end of the digits; zero has the digits 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    pub(crate) digits: Digits,
    pub(crate) exponent: i64,
}

/// Up to 19 digits as a number, more than that one by one. Each value has exactly one form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Digits {
    Few(u64),
    Many(SmallVec<[u8; 32]>),
}

/// Every number of so many digits fits into `u64`.
const FEW_DIGITS_MAX: usize = 19;

impl Decimal {
    /// Reads a literal that is known to be a JSON number.
    pub(crate) fn parse(literal: &str) -> Self {
        let bytes = literal.as_bytes();
        let negative = bytes.first() == Some(&b'-');
        let bytes = &bytes[usize::from(negative)..];
        let end = bytes.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(bytes.len());
        let (mantissa, power) = bytes.split_at(end);
        let fraction = mantissa.iter().position(|&byte| byte == b'.').map_or(0, |point| end - point - 1);
        let exponent = exponent(power).saturating_sub_unsigned(fraction as u64);
        let (digits, zeros) = if mantissa.len() <= FEW_DIGITS_MAX { few(mantissa) } else { many(mantissa) };
        if digits == Digits::Few(0) {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent: exponent.saturating_add(zeros) }
    }

    /// The value, if it is a whole number that fits.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        match self.digits {
            Digits::Few(0) => Some(0),
            Digits::Few(digits) if !self.negative => {
                digits.checked_mul(10_u64.checked_pow(u32::try_from(self.exponent).ok()?)?)
            }
            // The largest u64 has 20 digits.
            Digits::Many(ref digits) if !self.negative && self.exponent == 0 => {
                std::str::from_utf8(digits).ok()?.parse().ok()
            }
            _ => None,
        }
    }

    /// The nearest `f64`; `literal` is what this was read from.
    pub(crate) fn to_f64(&self, literal: &str) -> f64 {
        // Both operands are exact, so the one division or product is rounded right.
        const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;
        match (&self.digits, self.exponent) {
            (&Digits::Few(digits), -15..=0) if digits <= EXACT_MAX => {
                let divisor = 10_u64.pow(self.exponent.unsigned_abs() as u32);
                let value = digits as f64 / divisor as f64;
                if self.negative { -value } else { value }
            }
            _ => literal.parse().expect("every JSON number is a Rust float literal"),
        }
    }
}

/// The digits of a short mantissa, and how many zeros were cut from their end.
fn few(mantissa: &[u8]) -> (Digits, i64) {
    let mut value: u64 = 0;
    for byte in mantissa {
        if byte.is_ascii_digit() {
            value = value * 10 + u64::from(byte - b'0');
        }
    }
    let mut zeros = 0;
    while value != 0 && value.is_multiple_of(10) {
        value /= 10;
        zeros += 1;
    }
    (Digits::Few(value), zeros)
}

fn many(mantissa: &[u8]) -> (Digits, i64) {
    let digits = mantissa.iter().copied().filter(u8::is_ascii_digit);
    let mut digits: SmallVec<[u8; 32]> = digits.skip_while(|&digit| digit == b'0').collect();
    let mut zeros = 0;
    while digits.last() == Some(&b'0') {
        digits.pop();
        zeros += 1;
    }
    if digits.len() <= FEW_DIGITS_MAX {
        return (few(&digits).0, zeros);
    }
    (Digits::Many(digits), zeros)
}

/// The power of ten after `e`. What lies beyond i64 collapses into one: no value that anybody can mean is there.
fn exponent(power: &[u8]) -> i64 {
    let Some(text) = power.get(1..).and_then(|power| std::str::from_utf8(power).ok()) else { return 0 };
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    text.parse().unwrap_or(limit)
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
    fn many_digits_are_exact() {
        check_equal(&["1", "1.0000000000000000000000000", "10000000000000000000000000e-25"]);
        check_equal(&["12345678901234567890123", "1234567890123456789012.30e1"]);
        assert_ne!(Decimal::parse("12345678901234567890123"), Decimal::parse("12345678901234567890124"));
        assert_ne!(Decimal::parse("1e99999999999999999999"), Decimal::parse("1e-99999999999999999999"));
    }

    #[test]
    fn the_nearest_float_is_found() {
        for literal in
            ["0", "-0.85", "12.5", "1e-7", "9007199254740993", "0.1", "123456789.123456", "-3e22", "1e400"]
        {
            let expected: f64 = literal.parse().unwrap();
            assert_eq!(Decimal::parse(literal).to_f64(literal), expected, "{literal}");
        }
    }

    #[test]
    fn whole_numbers_are_recognised() {
        for (literal, value) in
            [("27", Some(27)), ("27.0", Some(27)), ("2.7e1", Some(27)), ("0.0", Some(0)), ("2.5", None)]
        {
            assert_eq!(Decimal::parse(literal).to_u64(), value, "{literal}");
        }
        assert_eq!(Decimal::parse("-1").to_u64(), None);
        assert_eq!(Decimal::parse("18446744073709551615").to_u64(), Some(u64::MAX));
        assert_eq!(Decimal::parse("18446744073709551616").to_u64(), None);
        assert_eq!(Decimal::parse("1e20").to_u64(), None);
    }
}
