//! Routes: request paths with their ids taken out, so that `/api/bots/17` and `/api/bots/18` are counted together.

use std::borrow::Cow;

use crate::mask::mask_bytes;
use crate::text::glob::Glob;

/// Longest route in bytes. Real routes are far shorter; scanners send paths of kilobytes, and a label must stay small.
const MAX_ROUTE: usize = 200;

/// What stands for an id in a route.
pub(super) const ID: &[u8] = b":id";

/// Maps paths to routes, by the templates of a plan first and by the look of each segment otherwise.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    templates: Vec<Template>,
}

#[derive(Debug, Clone)]
struct Template {
    text: Box<[u8]>,
    /// What every tidy path that fits begins with.
    head: Box<[u8]>,
    segments: Box<[Segment]>,
}

#[derive(Debug, Clone)]
enum Segment {
    Literal(Box<[u8]>),
    /// `{symbol}`, `:symbol`, `{name}.json`
    Any(Glob),
    /// `{path:path}`: all that is left, at least one segment.
    Rest,
}

impl Routes {
    /// Templates in the way of web frameworks, `/api/run-smart-trade/{symbol}`. `{x}` or `:x` is one segment, `{x:path}` the
    /// rest of the path; the first template that fits is taken, as frameworks do.
    #[must_use]
    pub fn new(templates: &[String]) -> Self {
        // No route ends with a slash but the one that is nothing else.
        let written = |text: &String| match text.trim_end_matches('/') {
            "" => Template::new(text),
            rest => Template::new(rest),
        };
        Self { templates: templates.iter().map(written).collect() }
    }

    /// Replaces the content of `out` with the route of `path`, which may still have its query.
    ///
    /// A template's own text where one fits. Otherwise the path, each id (integer, UUID, 8 or more hex digits with a decimal
    /// one among them, 20 or more bytes with a digit) as `:id`, slashes single and none at the end, at most 200 bytes.
    /// Percent-encoding is left alone. Secrets are masked that could not be told from the route any more.
    pub fn route(&self, path: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let path = match memchr::memchr2(b'?', b'#', path) {
            Some(end) => &path[..end],
            None => path,
        };
        let path: &[u8] = &if loses_secrets(path) { mask_bytes(path) } else { Cow::Borrowed(path) };
        if let Some(template) = self.templates.iter().find(|template| template.may_fit(path) && template.fits(path)) {
            out.extend_from_slice(&template.text);
            return;
        }
        out.extend(path.starts_with(b"/").then_some(b'/'));
        for (at, segment) in segments(path).enumerate() {
            if at > 0 {
                out.push(b'/');
            }
            out.extend_from_slice(if is_id(segment) { ID } else { segment });
            if out.len() > MAX_ROUTE {
                break;
            }
        }
        cut(out);
    }
}

impl Template {
    fn new(text: &str) -> Self {
        let segments: Box<[Segment]> = segments(text.as_bytes()).map(Segment::new).collect();
        let mut head = Vec::new();
        for segment in &segments {
            head.push(b'/');
            let Segment::Literal(text) = segment else { break };
            head.extend_from_slice(text);
        }
        Self { text: text.as_bytes().into(), head: head.into(), segments }
    }

    /// A quick look: most paths fit no template.
    fn may_fit(&self, path: &[u8]) -> bool {
        path.starts_with(&self.head) || !is_tidy(path)
    }

    fn fits(&self, path: &[u8]) -> bool {
        let mut path = segments(path);
        for segment in &self.segments {
            let Some(have) = path.next() else {
                return false;
            };
            let fits = match segment {
                Segment::Literal(want) => **want == *have,
                Segment::Any(glob) => glob.is_match(have),
                Segment::Rest => return true,
            };
            if !fits {
                return false;
            }
        }
        path.next().is_none()
    }
}

impl Segment {
    fn new(segment: &[u8]) -> Self {
        let text = String::from_utf8_lossy(segment);
        if text.starts_with('{') && text.ends_with(":path}") {
            return Self::Rest;
        }
        if text.starts_with(':') {
            return Self::Any(Glob::new("*"));
        }
        match (text.find('{'), text.rfind('}')) {
            (Some(open), Some(close)) if open < close => {
                Self::Any(Glob::new(&format!("{}*{}", &text[..open], &text[close + 1..])))
            }
            _ => Self::Literal(segment.into()),
        }
    }
}

/// Whether the route of a path may not tell a secret that the path tells: a URL within it has single slashes there, and of
/// one that is long the end is cut.
pub(super) fn loses_secrets(path: &[u8]) -> bool {
    path.len() > MAX_ROUTE || memchr::memchr(b'@', path).is_some() || memchr::memmem::find(path, b"%40").is_some()
}

/// The non-empty segments: double, leading and trailing slashes leave no trace.
pub(super) fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|segment| !segment.is_empty())
}

/// Whether a path begins with a slash, has no slash too many, and is none.
fn is_tidy(path: &[u8]) -> bool {
    let doubled = path.windows(2).fold(false, |any, pair| any | (pair == b"//"));
    path.first() == Some(&b'/') && !doubled && (path.len() == 1 || path.last() != Some(&b'/'))
}

/// Whether a path segment names one thing rather than a kind of thing.
pub(super) fn is_id(segment: &[u8]) -> bool {
    let kinds = kinds(segment);
    let is_hex = |text: &[u8], kinds: u8| text.len() >= 8 && kinds & OTHER == 0;
    kinds & DIGIT != 0
        && (kinds == DIGIT
            || segment.len() >= 20
            || is_hex(segment, kinds)
            || segment.strip_prefix(b"0x").is_some_and(|text| is_hex(text, self::kinds(text))))
}

const DIGIT: u8 = 1;
const HEX_LETTER: u8 = 2;
const OTHER: u8 = 4;

/// The kinds of bytes there are in a text.
fn kinds(text: &[u8]) -> u8 {
    const KINDS: [u8; 256] = {
        let mut kinds = [OTHER; 256];
        let mut byte = 0;
        while byte < 256 {
            if (byte as u8).is_ascii_hexdigit() {
                kinds[byte] = if (byte as u8).is_ascii_digit() { DIGIT } else { HEX_LETTER };
            }
            byte += 1;
        }
        kinds
    };
    text.iter().fold(0, |all, byte| all | KINDS[usize::from(*byte)])
}

/// Cuts at the limit, before a UTF-8 sequence rather than through it.
fn cut(out: &mut Vec<u8>) {
    if out.len() > MAX_ROUTE {
        let mut end = MAX_ROUTE;
        while end > MAX_ROUTE - 3 && out[end] & 0xC0 == 0x80 {
            end -= 1;
        }
        out.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route(templates: &[&str], path: &str) -> String {
        let templates: Vec<String> = templates.iter().map(|text| (*text).into()).collect();
        let mut out = b"left over".to_vec();
        Routes::new(&templates).route(path.as_bytes(), &mut out);
        String::from_utf8(out).expect("the path was UTF-8")
    }

    #[test]
    fn ids_are_taken_out() {
        for (path, want) in [
            ("/api/user/exchanges", "/api/user/exchanges"),
            ("/api/bots/17/trades?limit=5", "/api/bots/:id/trades"),
            ("/api/v2/bots", "/api/v2/bots"),
            ("/o/6f1c1e0a-33d4-4b5e-9d55-0b6ad7a3c111", "/o/:id"),
            ("/o/deadbee1", "/o/:id"),
            ("/o/0xdeadbee1", "/o/:id"),
            ("/facade/deadbeef", "/facade/deadbeef"),
            ("/s/Zk3_9ab-Qw81mmXyTT0p", "/s/:id"),
            ("/api/trade/BTCUSDT", "/api/trade/BTCUSDT"),
            ("/api/trade/BTC%2FUSDT", "/api/trade/BTC%2FUSDT"),
            ("//api///bots/", "/api/bots"),
            ("/api/bots/", "/api/bots"),
            ("/", "/"),
            ("//", "/"),
            ("/?x=1", "/"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(route(&[], path), want, "{path}");
        }
    }

    #[test]
    fn a_template_is_its_own_route() {
        let templates =
            ["/api/run-smart-trade/{symbol}", "/export/{name}.csv", "/bots/:bot/log", "/static/{file:path}"];
        for (path, want) in [
            ("/api/run-smart-trade/ETHUSDT?scalper_mode=true", templates[0]),
            ("/api//run-smart-trade/ETHUSDT/", templates[0]),
            ("/api/run-smart-trade", "/api/run-smart-trade"),
            ("/api/run-smart-trade/A/b", "/api/run-smart-trade/A/b"),
            ("/export/trades.csv", templates[1]),
            ("/export/trades.txt", "/export/trades.txt"),
            ("/bots/x/log", templates[2]),
            ("/static/css/site.css", templates[3]),
            ("/static", "/static"),
        ] {
            assert_eq!(route(&templates, path), want, "{path}");
        }
    }

    #[test]
    fn long_paths_are_cut_between_characters() {
        let path = format!("/{}é", "a".repeat(MAX_ROUTE - 2));
        assert_eq!(route(&[], &path).len(), MAX_ROUTE - 1);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_short_route_that_maps_to_itself(path in proptest::collection::vec(any::<u8>(), 0..300)) {
            let routes = Routes::new(&["/a/{b}".into()]);
            let (mut once, mut twice) = (Vec::new(), Vec::new());
            routes.route(&path, &mut once);
            prop_assert!(once.len() <= MAX_ROUTE);
            routes.route(&once, &mut twice);
            if once.len() < MAX_ROUTE - 3 {
                prop_assert_eq!(once, twice);
            }
        }
    }
}
