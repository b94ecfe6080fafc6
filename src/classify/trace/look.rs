//! One look at a text, for what no language can read a failure without: most texts are no failure, and nine languages would
//! each search the whole of them.
//!
//! Without it a replay of an app log takes 6 % more instructions.

use std::sync::LazyLock;

use super::super::several::Several;
use super::Language;
use Language::{Dotnet, Elixir, Go, Java, Javascript, Php, Python, Ruby, Rust};

/// A set of languages, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Languages(u16);

impl Languages {
    pub fn has(self, language: Language) -> bool {
        self.0 & (1 << language as u16) != 0
    }
}

/// A text, and the languages that need it.
type Needed = (&'static str, &'static [Language]);

/// Texts of which one stands in every failure that a language reads ([`Language::read`]), and whose they are.
static ANYWHERE: [Needed; 18] = [
    ("Exception in thread \"", &[Java]),
    ("Unhandled exception. ", &[Dotnet]),
    ("Unhandled Exception: ", &[Dotnet]),
    ("Fatal error: ", &[Php]),
    ("PHP Parse error: ", &[Php]),
    ("\"exception\":\"[object] (", &[Php]),
    ("Uncaught PHP Exception ", &[Php]),
    (":in `", &[Ruby]),
    (":in '", &[Ruby]),
    ("Rack app (", &[Ruby]),
    ("goroutine ", &[Go]),
    ("panic recovered:", &[Go]),
    ("[PANIC RECOVER] ", &[Go]),
    (" panicked at ", &[Rust]),
    ("** (", &[Elixir]),
    ("Uncaught ", &[Javascript]),
    ("UnhandledPromiseRejection", &[Javascript]),
    ("FATAL ERROR: ", &[Javascript]),
];

/// The same for failures of several lines: a frame, say, tells nothing without a line before it.
static IN_LINES: [Needed; 11] = [
    ("Traceback (most recent call last):", &[Python]),
    ("File \"", &[Python]),
    ("above exception", &[Python]),
    ("at ", &[Java, Dotnet, Javascript]),
    ("---> ", &[Dotnet]),
    ("--- End of ", &[Dotnet]),
    ("#", &[Php]),
    (" -> ", &[Go]),
    ("Caused by:", &[Rust]),
    ("Stack backtrace:", &[Rust]),
    ("^", &[Javascript]),
];

/// Finds both.
static TEXTS: LazyLock<Several> = LazyLock::new(|| Several::new(&texts(ANYWHERE.iter().chain(&IN_LINES))));
/// Finds those of one line.
static OF_ONE_LINE: LazyLock<Several> = LazyLock::new(|| Several::new(&texts(ANYWHERE.iter())));

fn texts(needed: impl Iterator<Item = &'static Needed>) -> Vec<&'static str> {
    needed.map(|(text, _)| *text).collect()
}

/// The languages that can read a failure in a text; none of the others does.
pub fn look(text: &[u8]) -> Languages {
    let is_one_line = memchr::memchr(b'\n', text).is_none();
    let finds = if is_one_line { &OF_ONE_LINE } else { &TEXTS };
    let mut found = Languages::default();
    finds.find(text, |index| {
        let (_, languages) = ANYWHERE.get(index).unwrap_or_else(|| &IN_LINES[index - ANYWHERE.len()]);
        languages.iter().for_each(|language| found.0 |= 1 << *language as u16);
    });
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::classify::prefilter::{Candidates, Prefilter};
    use proptest::prelude::*;

    /// What has to hold of any text: the look keeps no language from reading it.
    fn is_kept_from_none(text: &[u8]) -> bool {
        let able = look(text);
        Language::ALL.into_iter().all(|language| able.has(language) || language.read(text).is_none())
    }

    /// Words of every language, such as may stand anywhere in a line.
    const WORDS: [&str; 80] = [
        "Traceback (most recent call last):",
        "  + Exception Group Traceback (most recent call last):",
        "  | ",
        "    +---------------- 1 ----------------",
        "  File \"/app/a.py\", line 1, in f",
        "KeyError: 'x'",
        "a.b.Stop",
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
        "[Previous line repeated 3 more times]",
        "Exception in thread \"main\" ",
        "java.lang.IllegalStateException: no",
        "a.B",
        "at a.B.c(B.java:1)",
        "at a.B.c(Native Method)",
        "... 3 more",
        "Caused by: a.C: d",
        "Suppressed: a.C: d",
        "Unhandled exception. ",
        "Unhandled Exception: ",
        "System.AException: no",
        " ---> ",
        "---> A.BException: c",
        "--- End of inner exception stack trace ---",
        "at A.B.C() in /a.cs:line 1",
        "at A.B.C()",
        "fail: A.B[0]",
        "PHP Fatal error:  Uncaught ",
        "Fatal error: ",
        "PHP Parse error: ",
        "PHP message: ",
        "RuntimeException: no in /app/x.php:3",
        "Stack trace:",
        "#0 /app/x.php(7): A->b(17)",
        "#1 {main}",
        "Next ",
        "thrown in /app/x.php on line 3",
        "{\"exception\":\"[object] (A\\\\B(code: 0): no at /a.php:1)",
        "Uncaught PHP Exception A: \"no\" at /a.php line 1",
        "a.rb:1:in `f': no (KeyError)",
        "a.rb:1:in 'f': no (KeyError)",
        "from a.rb:1:in `f'",
        "2: from a.rb:1:in 'A#f'",
        "KeyError (no):",
        "F, [2025-08-25T13:50:00.123456 #17] FATAL -- : ",
        "panic: no [recovered]",
        "fatal error: no",
        "http: panic serving 1.2.3.4:5: no",
        "panic recovered:",
        "[PANIC RECOVER] no goroutine 1 [running]:",
        " panic: no",
        " -> main.main.func2",
        " ->   /app/main.go:3",
        "goroutine 1 [running]:",
        "main.main()",
        "/a.go:1 +0x1",
        "/app/main.go:12 (0x6b3e80)",
        "main.handler: panic(\"boom\")",
        "thread 'main' panicked at a.rs:1:2:",
        "thread 'main' panicked at 'no', a.rs:1:2",
        "Error: no",
        "Caused by:",
        "Stack backtrace:",
        "   1: a::b",
        "             at ./a.rs:1:2",
        "** (ArgumentError) no",
        "** (EXIT) no",
        "(a 1.0.0) lib/a.ex:1: A.b/1",
        "GenServer #PID<0.1.0> terminating",
        "Uncaught ",
        "(in promise) ",
        "(node:1) UnhandledPromiseRejection: ",
        "FATAL ERROR: JavaScript heap out of memory",
        "TypeError: no {",
        "error: no",
        "    at f (/a.js:1:2)",
        "at async /a.js:1:2",
        "[cause]: Error: no",
        "/app/a.js:3",
        "^",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn no_language_is_kept_from_what_it_reads(
            picks in prop::collection::vec(
                (prop::sample::select(&WORDS[..]), prop::sample::select(&["\n", "\n", "\n", "\n\t", "\n  ", "", " "][..])),
                0..9,
            )
        ) {
            let text: String = picks.into_iter().flat_map(|(word, behind)| [word, behind]).collect();
            prop_assert!(is_kept_from_none(text.as_bytes()), "{text:?}: {:?}", look(text.as_bytes()));
        }

        #[test]
        fn nor_from_a_part_of_a_line(picks in prop::collection::vec(prop::sample::select(&WORDS[..]), 1..5), cut in any::<prop::sample::Index>()) {
            let text = picks.join("\n");
            let cut = cut.index(text.len() + 1);
            prop_assert!(is_kept_from_none(&text.as_bytes()[cut..]) && is_kept_from_none(&text.as_bytes()[..cut]), "{text:?}, {cut}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_usual_head_without_what_begins_a_failure_stands_alone(
            head in prop::sample::select(&["INFO:", "WARNING:", "ERROR:"][..]),
            picks in prop::collection::vec((prop::sample::select(&WORDS[..]), prop::sample::select(&["", " ", ":", "\t"][..])), 0..5),
        ) {
            let text: String = picks.into_iter().flat_map(|(word, behind)| [behind, word]).collect();
            let text = format!("{head}{text}").replace('\n', " ");
            let mut found = Candidates::default();
            Prefilter::new(&[]).scan(text.as_bytes(), &mut found);
            if !found.trace && !text.trim_end().ends_with(')') {
                prop_assert!(super::super::stands_alone(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn nor_from_what_real_programs_said() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captured");
        let (mut folders, mut read) = (vec![root], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder of fixtures").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read(&path).expect("a fixture");
                let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').take(400).collect();
                for (first, length) in
                    (0..lines.len()).flat_map(|first| (1..=6).chain([12, 30]).map(move |n| (first, n)))
                {
                    let text = lines[first..lines.len().min(first + length)].join(&b'\n');
                    assert!(is_kept_from_none(&text), "{}:{}", path.display(), first + 1);
                    read += usize::from(super::super::language(&text).is_some());
                }
            }
        }
        assert!(read > 500, "{read}");
    }

    #[test]
    fn most_texts_are_read_by_none() {
        for text in ["ERROR: no route for /a at all, #7", "Error: lost\n  it was 3"] {
            assert_eq!(look(text.as_bytes()), Languages::default(), "{text}");
        }
    }
}
