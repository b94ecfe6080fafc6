//! Which lines of a stream are one failure.
//!
//! In order first: where a language's failure begins, as many lines as it says are one. Then, within each burst, what is left
//! over and could not stand where it stands (SEMANTICS 16a).

use super::python;
use super::{Follows, Head, Language, Line, block};

/// Some of the lines that were parted, as indices, in the order in which they make sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub lines: Vec<usize>,
    /// Lines that belong to it, and say nothing that could be believed.
    pub silent: Vec<usize>,
}

/// One run of lines that a language takes in order.
struct Run {
    begin: usize,
    length: usize,
    language: Option<Language>,
    complete: bool,
}

/// Parts lines: each is in one part, alone if it belongs to nothing.
pub fn part(lines: &[Line<'_>]) -> Vec<Part> {
    let runs = runs(lines);
    let mut parts = Vec::new();
    let mut begin = 0;
    while begin < runs.len() {
        // A burst: runs that follow one another closely.
        let mut end = begin + 1;
        while end < runs.len() && is_close(lines[runs[end].begin].follows) {
            end += 1;
        }
        parts.extend(burst(lines, &runs[begin..end]));
        begin = end;
    }
    parts
}

fn is_close(follows: Follows) -> bool {
    matches!(follows, Follows::Directly | Follows::Closely)
}

/// What each language takes in order; a line that none takes is a run of its own.
fn runs(lines: &[Line<'_>]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut begin = 0;
    while begin < lines.len() {
        let rest = &lines[begin..];
        let reaches = Language::ALL.into_iter().filter_map(|language| Some((language, language.reach(rest)?)));
        // The first of those that reach as far, in the order of the languages.
        let best = reaches.reduce(|best, other| {
            let worth = |(_, reach): (Language, super::Reach)| (reach.complete, reach.length);
            if worth(other) > worth(best) { other } else { best }
        });
        let run = match best {
            Some((language, reach)) => {
                Run { begin, length: reach.length, language: Some(language), complete: reach.complete }
            }
            None => Run { begin, length: block::length(rest), language: None, complete: false },
        };
        begin += run.length;
        runs.push(run);
    }
    runs
}

/// Puts the lines of one burst together.
fn burst(lines: &[Line<'_>], runs: &[Run]) -> Vec<Part> {
    let is_loose = |run: &Run| run.language.is_none() && is_inner(lines[run.begin].text);
    let strays = || runs.iter().filter(|run| is_loose(run)).flat_map(Run::indices).map(|at| lines[at].text);
    let failures = || runs.iter().filter_map(|run| run.language.map(|language| (language, run.complete)));
    // A frame that follows no head, or a traceback whose frames do not stand before its end.
    let stray = strays().find_map(|text| Language::ALL.into_iter().find(|language| is_frame(*language, text)));
    let broken = failures().any(|(language, complete)| language == Language::Python && !complete);
    if stray.is_none() && !broken {
        return in_order(runs, is_loose);
    }
    let Some(language) = failures().max_by_key(|(_, complete)| *complete).map(|(language, _)| language).or(stray)
    else {
        return in_order(runs, is_loose);
    };
    // Which frames are whose, nobody can tell of several failures.
    let belongs = |run: &Run| {
        run.language.is_some()
            || is_inner(lines[run.begin].text)
            || rank(language, lines[run.begin].text) != Rank::Other
    };
    let mut members: Vec<usize> = runs.iter().filter(|run| belongs(run)).flat_map(Run::indices).collect();
    members.sort_by_key(|at| rank(language, lines[*at].text));
    let (said, silent): (Vec<usize>, Vec<usize>) = match are_several(language, members.iter().map(|at| lines[*at].text))
    {
        true => members.iter().partition(|at| rank(language, lines[**at].text) != Rank::Frame),
        // Which function a line of Go's is of, its place would tell.
        false if language == Language::Go => members.iter().partition(|at| !super::go::is_call(lines[**at].text)),
        false => (members, Vec::new()),
    };
    let text: Vec<&[u8]> = said.iter().map(|at| lines[*at].text).collect();
    if language.read(&text.join(&b'\n')).is_none() && silent.is_empty() {
        return in_order(runs, is_loose);
    }
    let others =
        runs.iter().filter(|run| !belongs(run)).map(|run| Part { lines: run.indices().collect(), silent: vec![] });
    [Part { lines: said, silent }].into_iter().chain(others).collect()
}

/// The runs as they are; what is loose belongs to the failure before it, or to the first, and says nothing.
fn in_order(runs: &[Run], is_loose: impl Fn(&Run) -> bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut failure: Option<usize> = None;
    let mut before: Vec<usize> = Vec::new();
    let any = runs.iter().any(|run| run.language.is_some());
    for run in runs {
        if any && is_loose(run) {
            match failure {
                Some(at) => parts[at].silent.extend(run.indices()),
                None => before.extend(run.indices()),
            }
            continue;
        }
        let mut part = Part { lines: run.indices().collect(), silent: Vec::new() };
        if run.language.is_some() {
            part.silent.append(&mut before);
            failure = Some(parts.len());
        }
        parts.push(part);
    }
    parts
}

impl Run {
    fn indices(&self) -> std::ops::Range<usize> {
        self.begin..self.begin + self.length
    }
}

fn is_indented(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

/// Whether a line stands within a failure, and never before or beside one.
fn is_inner(text: &[u8]) -> bool {
    is_indented(text) || super::continues(text)
}

/// Whether the lines of a burst are of more than one failure.
fn are_several<'a>(language: Language, lines: impl Iterator<Item = &'a [u8]> + Clone) -> bool {
    let count = |wanted: Rank| lines.clone().filter(|text| rank(language, text) == wanted).count();
    match language {
        Language::Python | Language::Javascript => count(Rank::Head).max(count(Rank::Final)) > 1,
        // Ruby tells causes as it tells failures, each with its place.
        Language::Ruby => false,
        _ => lines.clone().filter(|text| language.head(text) == Head::Certain && !language.part(text)).count() > 1,
    }
}

fn is_frame(language: Language, text: &[u8]) -> bool {
    match language {
        Language::Python => python::is_frame(text),
        Language::Javascript => super::javascript::is_frame_line(text),
        _ => language.part(text),
    }
}

/// Where in a failure a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Head,
    Frame,
    Source,
    Final,
    Other,
}

fn rank(language: Language, text: &[u8]) -> Rank {
    let is_frame = is_frame(language, text);
    match language {
        Language::Python => match python::role(text) {
            python::Role::Head => Rank::Head,
            python::Role::Body if is_frame => Rank::Frame,
            python::Role::Final if super::begins_with_type(text) => Rank::Final,
            python::Role::Chain => Rank::Final,
            _ if is_indented(text) => Rank::Source,
            _ => Rank::Other,
        },
        _ if !is_indented(text) && language.head(text) != Head::No => Rank::Head,
        _ if is_frame => Rank::Frame,
        _ if is_inner(text) => Rank::Source,
        _ => Rank::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The parts of lines that follow one another as said.
    fn parted(text: &str, follows: Follows) -> Vec<Vec<usize>> {
        let lines: Vec<Line<'_>> =
            text.lines().map(|line| Line { text: line.as_bytes(), follows, apart: false }).collect();
        part(&lines).into_iter().map(|part| [part.lines, part.silent].concat()).collect()
    }

    #[test]
    fn an_error_s_message_may_have_several_lines_if_frames_follow() {
        let text = "Error: no module\nRequire stack:\n- /app/a.js\n    at f (/app/a.js:1:2)\nlistening";
        for follows in [Follows::Untold, Follows::Directly] {
            assert_eq!(parted(text, follows), [vec![0, 1, 2, 3], vec![4]]);
        }
        assert_eq!(parted("Error: no\nlistening\nready", Follows::Directly), [[0], [1], [2]]);
    }

    #[test]
    fn a_burst_out_of_order_is_put_in_order() {
        let text = "    return rows[0]\n  File \"/app/a.py\", line 7, in f\nTraceback (most recent call last):\nIndexError: no";
        assert_eq!(parted(text, Follows::Directly), [[2, 1, 0, 3]]);
        assert_eq!(
            parted("    at g (/app/a.js:1:2)\nTypeError: no\n    at f (/app/b.js:3:4)", Follows::Closely),
            [[1, 0, 2]]
        );
    }

    #[test]
    fn of_two_in_one_burst_out_of_order_no_place_is_told() {
        let text = "Traceback (most recent call last):\nTraceback (most recent call last):\n  File \"/app/a.py\", line 7, in f\nIndexError: no\n  File \"/app/b.py\", line 7, in g\nKeyError: 'x'";
        let lines: Vec<Line<'_>> =
            text.lines().map(|line| Line { text: line.as_bytes(), follows: Follows::Directly, apart: false }).collect();
        let parts = part(&lines);
        assert_eq!(parts, [Part { lines: vec![0, 1, 3, 5], silent: vec![2, 4] }]);
    }

    #[test]
    fn two_in_order_are_two() {
        let one = "Traceback (most recent call last):\n  File \"/app/a.py\", line 7, in f\n    g()\nIndexError: no";
        assert_eq!(parted(&format!("{one}\n{one}"), Follows::Directly).len(), 2);
        assert_eq!(parted(&format!("{one}\n{one}"), Follows::Untold).len(), 2);
    }

    #[test]
    fn a_chain_without_the_prefix_of_its_traceback_is_of_no_traceback() {
        let text = "x Traceback (most recent call last):\nx   File \"/app/a.py\", line 7, in f\nx IndexError: no\nDuring handling of the above exception, another exception occurred:";
        assert_eq!(parted(text, Follows::Untold), [vec![0, 1, 2], vec![3]]);
    }

    proptest! {
        /// Whatever comes, each line is in one part.
        #[test]
        fn every_line_is_in_one_part(
            picks in prop::collection::vec((prop::sample::select(vec![
                "Traceback (most recent call last):", "  File \"/a.py\", line 1, in f", "KeyError: 'x'", "    x()", "Error: no {",
                "    at f (/a.js:1:2)", "}", "  code: 1", "panic: no", "goroutine 1 [running]:", "main.main()", "\t/a.go:1 +0x1",
                "Exception in thread \"main\" a.B: c", "\tat a.B.c(B.java:1)", "Caused by: a.C: d", "thread 'main' panicked at a.rs:1:2:",
                "note: x", "a.rb:1:in `f': no (KeyError)", "\tfrom a.rb:1:in `f'", "PHP Fatal error:  Uncaught A: b in /a.php:1", "#0 {main}",
                "** (A) b", "    (a 1) lib/a.ex:1: A.b/1", "Unhandled exception. A.BException: c", "   at A.B.C() in /a.cs:line 1",
                "x Traceback (most recent call last):", "x   File \"/a.py\", line 1, in f", "x KeyError: 'x'",
                "During handling of the above exception, another exception occurred:", "npm error code 1", "future: <x>", "/app/a.js:3", "^", "Node.js v20", "plain", "",
            ]), 0usize..4), 0..24)
        ) {
            let follows = [Follows::Directly, Follows::Closely, Follows::Untold, Follows::Later];
            let lines: Vec<Line<'_>> = picks
                .iter()
                .map(|(text, at)| Line { text: text.as_bytes(), follows: follows[*at], apart: at % 2 == 1 })
                .collect();
            let mut all: Vec<usize> = part(&lines).into_iter().flat_map(|part| [part.lines, part.silent].concat()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..lines.len()).collect::<Vec<_>>());
        }
    }
}
