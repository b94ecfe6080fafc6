//! The access lines without quotes, morgan's `dev` and `tiny`.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while_m_n, take_while1};
use nom::combinator::{all_consuming, map_opt, peek, recognize};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::duration::{NS_PER_MS, decimal};
use super::{AccessLine, method, path_and_query, status};

pub(super) fn morgan(message: &[u8]) -> Option<AccessLine<'_>> {
    let (_, after) = method(message)?;
    if !after.starts_with(b"/") {
        return None;
    }
    all_consuming(morgan_line).parse(message).ok().map(|(_, line)| line)
}

fn morgan_line(input: &[u8]) -> IResult<&[u8], AccessLine<'_>> {
    let upper = |byte: u8| byte.is_ascii_uppercase();
    let target = preceded(peek(tag("/")), take_till(|byte| byte == b' '));
    let (input, (method, (path, query), status)) = (
        take_while_m_n(1, 16, upper),
        delimited(tag(" "), map_opt(target, path_and_query), tag(" ")),
        terminated(map_opt(take_while_m_n(3, 3, |byte: u8| byte != b' '), status), tag(" ")),
    )
        .parse(input)?;
    let (input, duration_ns) =
        alt((terminated(millis, (tag(" - "), length)), preceded((length, tag(" - ")), millis))).parse(input)?;
    Ok((input, AccessLine { client: None, method, path, query, status, duration_ns: Some(duration_ns) }))
}

fn millis(input: &[u8]) -> IResult<&[u8], i64> {
    let number = take_while1(|byte: u8| byte.is_ascii_digit() || byte == b'.');
    map_opt(terminated(number, tag(" ms")), |text| decimal(text, NS_PER_MS)).parse(input)
}

/// A content length, or `-` for none.
fn length(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(alt((tag("-"), take_while1(|byte: u8| byte.is_ascii_digit())))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn morgan_dev_and_tiny() {
        check(&[
            ("GET /x?y 200 12.3 ms - 45", "- GET /x ?y 200 12300000"),
            ("DELETE /x 204 0.004 ms - -", "- DELETE /x - 204 4000"),
            ("GET /x 200 45 - 12.3 ms", "- GET /x - 200 12300000"),
        ]);
    }
}
