//! Every sample, and what holds of any text.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Samples {
    group: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    about: String,
    #[serde(default)]
    masks: Vec<(String, String)>,
    #[serde(default)]
    keeps: Vec<String>,
}

/// `«36»` as 36 made-up characters, none of which tells what is one of them.
fn expanded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('«') {
        let (length, behind) = behind.split_once('»').expect("a closing mark");
        let (alphabet, length) = match length.split_at(usize::from(length.starts_with(['x', 'A']))) {
            ("x", length) => ("0f1e2d3c4b5a6978", length),
            ("A", length) => ("EXAMPLE", length),
            (_, length) => ("EXAMPLE0aB1cD2eF3", length),
        };
        out.push_str(before);
        out.extend(alphabet.chars().cycle().take(length.parse().expect("a number")));
        rest = behind;
    }
    out + rest
}

fn samples() -> Vec<Group> {
    let samples: Samples = toml::from_str(include_str!("samples.toml")).expect("the samples are TOML");
    samples.group
}

/// The samples that do not come out as stated, with what they come out as.
pub fn wrong_samples() -> Vec<String> {
    let mut wrong = Vec::new();
    for group in samples() {
        for (text, masked) in &group.masks {
            let (text, expected) = (expanded(text), expanded(masked));
            let found = mask(&text).into_owned();
            if found != expected {
                wrong.push(format!("{}: {text}\n  is  {found}\n  not {expected}", group.about));
            }
        }
        for text in &group.keeps {
            let text = expanded(text);
            let found = mask(&text).into_owned();
            if found != text {
                wrong.push(format!("{}: {text}\n  is  {found}\n  and should not be masked", group.about));
            }
        }
    }
    wrong
}

#[test]
fn every_sample_comes_out_as_stated() {
    let wrong = wrong_samples();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_masked_stays_as_it_is() {
    for (text, _) in samples().iter().flat_map(|group| &group.masks) {
        let once = mask(&expanded(text)).into_owned();
        assert_eq!(mask(&once), once, "{text}");
    }
}

/// Each mask lets the value before it go on, so that a text is masked one step further each time.
#[test]
fn a_text_that_goes_on_behind_every_mask_is_masked_to_its_end() {
    let link = "ccessToken?%2b:5432/xation'3D,%22userPassworduser:passwd***@db:54";
    let chain = |steps: usize| format!("https://Authorization::,api_key=\":\"Cookiea{}", link.repeat(steps));
    for steps in [1, 5, 20, 200] {
        let once = mask(&chain(steps)).into_owned();
        assert_eq!(mask(&once), once, "{steps}");
    }
    assert_eq!(mask(&chain(200)), MASK);
}

/// Pieces that names, values and marks are made of.
#[rustfmt::skip]
const PIECES: [&str; 70] = [
    "password", "accessToken", "api_key", "Authorization", "Cookie", "pass", "code", "key", "Bearer", "Basic", "sid", "token", "session",
    "=", ":", ": ", ", ", ";", "&", "?", "\"", "'", "\\\"", "\\\\\\\"", "%3D", "%22", "%26", "{", "}", "[", "]", "(", ")", "<", ">", "/", "://", "@",
    "***", "hunter2", "ghp_EXAMPLEEXAMPLE1", "eyJhbGciOiJIUzI1NiJ9", "-----BEGIN PRIVATE KEY-----", "-----END", "MIIEEXAMPLE", "$", "x",
    " ", "\n", "\t", "--", "#", "é", "🔥", "None", "b'", "=>", "+", ".", "\\n", "\\", "passphrase", "&quot;", "bot123456", "credentials", "Digest a=", "hash", "-", "_", "SK0f1e2d3c4b5a69780f1e2d3c4b5a6978",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn masking_twice_is_masking_once(text in pieces()) {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once), once.as_str(), "{}", text);
        prop_assert!(once.len() <= text.len() + 3 * text.len());
    }

    #[test]
    fn the_look_misses_nothing(text in pieces()) {
        prop_assert!(scan::secrets(text.as_bytes()).is_empty() || may_hold(text.as_bytes()), "{}", text);
    }

    #[test]
    fn any_bytes_can_be_masked(bytes in prop::collection::vec(any::<u8>(), 0..300), text in r#"([a-zA-Z0-9_.:=&%"'\\ {}\[\]<>;,/@-]|\PC){0,120}"#) {
        for text in [bytes.as_slice(), text.as_bytes()] {
            let masked = mask_bytes(text).into_owned();
            prop_assert_eq!(std::str::from_utf8(text).is_ok(), std::str::from_utf8(&masked).is_ok());
        }
    }

    #[test]
    fn of_a_part_as_much_is_masked_as_of_the_whole(text in pieces(), from in 0usize..80, length in 0usize..80) {
        let secrets = Secrets::of(text.as_bytes());
        let start = from.min(text.len());
        let end = (start + length).min(text.len());
        let parts = [0..start, start..end, end..text.len()].map(|part| secrets.mask(text.as_bytes(), part).into_owned());
        let joined = String::from_utf8_lossy(&parts.concat()).into_owned();
        // Where a part begins within a secret, the mask is there twice.
        prop_assert_eq!(joined.replace('*', ""), mask(&text).replace('*', ""));
    }

    /// However a secret is told, nothing of it is left.
    #[test]
    fn no_frame_shows_its_secret(secret in "[a-zA-Z0-9]{3}[0-9][a-zA-Z0-9_.~-]{6,20}[a-zA-Z0-9]", frame in 0..FRAMES.len(), before in "[b-l ]{0,12}", behind in "( [a-z ]{0,12})?") {
        let text = format!("{before} {}{behind}", FRAMES[frame].replace('§', &secret));
        prop_assert!(!mask(&text).contains(&secret), "{} -> {}", text, mask(&text));
    }
}

/// Where secrets stand; `§` is the secret.
#[rustfmt::skip]
const FRAMES: [&str; 40] = [
    "password=§", "password: §", "PASSWORD='§'", "\"password\": \"§\"", "{'api_key': '§', 'x': 1}", "{\\\"token\\\":\\\"§\\\"}",
    "{\\\\\\\"token\\\\\\\":\\\\\\\"§\\\\\\\"}", "userPassword=§&x=1", "?access_token=§&x=1", "/x?key=§", "Authorization: Bearer §", "authorization: §",
    "Authorization: Token §", "Cookie: a=§; b=c", "Set-Cookie: sid=§; Path=/", "postgres://app:§@db/x", "https://§@host/x", "redis://:§@h:1/0",
    "<password>§</password>", "password%3D§%26x", "%22password%22%3A%22§%22", ":password=>\"§\"", "('password', '§')", "Pwd=§;Server=x",
    "Server=x;Pwd=§", "--password §", "--token=§", "session_id=§", "X-Api-Key: §", "client_secret=§,",
    "password=\"a, § b\"", "{\"password\": \"§", "(password=§)", "secret = §", "credentials: {'x': '§'}", "passphrase: a § b",
    "Key (token)=(§) exists", "token=b'§'", "{\"name\":\"Authorization\",\"value\":\"Bearer §\"}", "password\\u003d§\\u0026x",
];

#[test]
fn long_lines_are_masked_in_no_time() {
    const LENGTH: usize = 1 << 18;
    let pieces = [
        "password=",
        "password=\"",
        "password=\\\"",
        "http://",
        "http://a:",
        "http://h:80/",
        "-----BEGIN PRIVATE KEY-----",
        "{",
        "password={\"",
        "a",
        "a.",
        "eyJ",
        "Cookie: a b ",
        "Cookie: a=b, c",
        "%22",
        "\\",
        "\\\\\"",
        "Bearer ",
        "<password ",
        "a,",
        "password=a,b",
        "--password ",
        "Authorization: Digest a=b, ",
        "bot123456:",
        "a:",
        "passphrase: a ",
        "key ",
        "é",
        "(",
        "code=",
        "?code=",
        "http://h:80/@",
        "a@tcp(",
        "'password','",
        "Server=;Password=",
        "password={}, ",
        "password=\"a\", ",
        "password=%22a%22, ",
        "Digest a=\"b\", ",
    ];
    let mut slow = Vec::new();
    for piece in pieces {
        for end in ["", "@\";"] {
            let text = piece.repeat(LENGTH / piece.len()) + end;
            let start = std::time::Instant::now();
            mask(&text);
            // Far more than it takes, far less than what grows with the square of the length.
            if start.elapsed() > std::time::Duration::from_secs(5) {
                slow.push((piece, end, start.elapsed()));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

/// Quotes of a value that are escaped once and twice: its end was looked for behind the end of the text.
#[test]
fn a_quote_that_is_closed_on_another_level_ends_within_the_text() {
    for text in [r#"sid=>{\\\"\""#, r#"token=[\\\"\""#, r#"password: (\\\'\'"#, r#"sid=>{\"\\\""#] {
        let masked = mask(text);
        assert_eq!(mask(&masked), masked, "{text}");
    }
}
