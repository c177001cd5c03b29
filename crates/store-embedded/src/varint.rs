//! Numbers in as few bytes as they need, and bytes with their length before them.

pub(crate) fn put(bytes: &mut Vec<u8>, mut int: u64) {
    while int >= 0x80 {
        bytes.push((int & 0x7f) as u8 | 0x80);
        int >>= 7;
    }
    bytes.push(int as u8);
}

pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut int = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        int |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(int);
        }
    }
    None
}

pub(crate) fn put_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    put(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

pub(crate) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take(bytes)?).ok()?;
    let (content, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(int in prop_oneof![any::<u64>(), 0..300_u64, Just(u64::MAX)]) {
            let mut bytes = Vec::new();
            put(&mut bytes, int);
            bytes.push(7);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take(&mut rest), Some(int));
            prop_assert_eq!(rest, [7]);
        }
    }

    #[test]
    fn a_number_too_large_is_refused() {
        assert_eq!(take(&mut [0xff; 9].as_slice()), None);
        assert_eq!(take(&mut [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2].as_slice()), None);
    }
}
