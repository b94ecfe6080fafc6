//! Takes the numbers out of the path of a request line, so that requests for one thing and another are known as alike.
//!
//! `GET /api/bots/17 HTTP/1.1` becomes `GET /api/bots/:id HTTP/1.1`. Only whole segments are taken out, as
//! [`Routes`](crate::classify::route::Routes) does it, and none of the query.

use std::ops::Range;

use wide::u8x16;

use crate::classify::route::ID;

/// Bytes that are looked at, one bit of a word each. A path that ends behind them keeps its numbers.
const BLOCK: usize = 64;

/// A request line without the numbers in its path: `line` itself or what is in `out`, and where in `line` the path is taken
/// to be, between the first two blanks and before its query. The caller must see that it is.
pub fn without_numbers<'a>(line: &'a [u8], out: &'a mut Vec<u8>) -> (&'a [u8], Range<usize>) {
    let padded;
    let block = match line.first_chunk() {
        Some(block) => block,
        None => {
            let mut bytes = [0; BLOCK];
            bytes[..line.len()].copy_from_slice(line);
            padded = bytes;
            &padded
        }
    };
    let blanks = places(block, |bytes| bytes.simd_eq(u8x16::splat(b' ')));
    let ends = places(block, |bytes| {
        bytes.simd_eq(u8x16::splat(b' ')) | bytes.simd_eq(u8x16::splat(b'?')) | bytes.simd_eq(u8x16::splat(b'#'))
    });
    let first = blanks.trailing_zeros();
    let end = (ends & (u64::MAX << 1).unbounded_shl(first)).trailing_zeros();
    let path = first as usize + 1..end as usize;
    if end == u64::BITS {
        return (line, 0..0);
    }
    let inside = u64::MAX << first & !(u64::MAX << end);
    let slashes = inside & places(block, |bytes| bytes.simd_eq(u8x16::splat(b'/')));
    let digits = inside
        & places(block, |bytes| {
            bytes.max(u8x16::splat(b'0')).simd_eq(bytes) & bytes.min(u8x16::splat(b'9')).simd_eq(bytes)
        });
    // Added to its run of digits, the first of them moves to the place behind the run.
    let numbers = digits & slashes << 1;
    let mut behind = digits.wrapping_add(numbers) & !digits & (slashes | 1 << end);
    if behind == 0 {
        return (line, path);
    }
    out.clear();
    let mut done = 0;
    while behind != 0 {
        let end = behind.trailing_zeros();
        let start = u64::BITS - (slashes & !(u64::MAX << end)).leading_zeros();
        out.extend_from_slice(&line[done..start as usize]);
        out.extend_from_slice(ID);
        done = end as usize;
        behind &= behind - 1;
    }
    out.extend_from_slice(&line[done..]);
    (out, path)
}

/// Bit *n* says whether byte *n* is `wanted`.
#[inline]
fn places(block: &[u8; BLOCK], wanted: impl Fn(u8x16) -> u8x16) -> u64 {
    let lanes = block.as_chunks().0.iter().rev();
    lanes.fold(0, |all, bytes| all << 16 | u64::from(wanted(u8x16::new(*bytes)).to_bitmask() as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::route::Routes;
    use proptest::prelude::*;

    fn without(line: &str) -> String {
        let mut out = Vec::new();
        String::from_utf8(without_numbers(line.as_bytes(), &mut out).0.to_vec()).unwrap()
    }

    #[test]
    fn whole_segments_of_digits_are_taken_out() {
        for (line, expected) in [
            ("GET /api/bots/17 HTTP/1.1", "GET /api/bots/:id HTTP/1.1"),
            ("GET /1/22/a/333?x=/4/5 HTTP/1.1", "GET /:id/:id/a/:id?x=/4/5 HTTP/1.1"),
            ("GET /a17/17a/1.5/v2//8/ HTTP/1.1", "GET /a17/17a/1.5/v2//:id/ HTTP/1.1"),
            ("GET 17/a HTTP/1.1", "GET 17/a HTTP/1.1"),
            ("GET /17", "GET /17"),
            ("", ""),
        ] {
            assert_eq!(without(line), expected);
        }
        let long = format!("GET /{}/17 HTTP/1.1", "a".repeat(BLOCK));
        assert_eq!(without(&long), long);
    }

    proptest! {
        #[test]
        fn the_route_stays_and_so_does_all_else(
            path in "/([0-9]{0,3}|[a/]){0,12}", behind in r"( |\?|#)[0-9a /]{0,40}"
        ) {
            let line = format!("GET {path}{behind} ");
            let mut out = Vec::new();
            let (text, place) = without_numbers(line.as_bytes(), &mut out);
            if place.is_empty() {
                prop_assert_eq!(text, line.as_bytes());
            } else {
                prop_assert_eq!(&line.as_bytes()[place], path.as_bytes());
                let kept = text.strip_prefix(b"GET ").and_then(|text| text.strip_suffix(format!("{behind} ").as_bytes()));
                let (routes, mut expected, mut found) = (Routes::default(), Vec::new(), Vec::new());
                routes.route(path.as_bytes(), &mut expected);
                routes.route(kept.unwrap(), &mut found);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
