//! `logwatch patterns list|show|test|try|explain`: what the library knows, shown, tested and explained.

mod explain;
mod stacks;
mod trial;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use regex_syntax::ast;
use regex_syntax::hir::{Hir, HirKind};

use crate::classify::library::{Class, Pattern};
use crate::classify::{ClassId, Library};
use crate::explain::samples;
use crate::expr::suggest;
use crate::mask::Masking;
use crate::text::escape;

pub use explain::explain;
pub use stacks::stacks;
pub use trial::{Trial, try_regex};

/// Columns of a line of output.
const WIDTH: usize = 100;

/// One line a class, under the pack that defines it. `regexes_only`: instead the library's own regexes, one a line and
/// each once, as ripgrep's `-f` takes them.
pub fn list(library: &Library, regexes_only: bool, out: &mut impl Write) -> io::Result<()> {
    if regexes_only {
        return regexes(library, out);
    }
    let carried = library.classes.map(|_, class| carried(class));
    let widest = |lengths: &mut dyn Iterator<Item = usize>, most: usize| lengths.max().unwrap_or(0).min(most);
    let name_width = widest(&mut library.classes.iter().map(|class| class.name.len()), 40);
    // Enough for what most classes carry; `show` has the rest.
    let carried_width = widest(&mut carried.iter().map(|text| text.chars().count()), 20);
    let mut heading = String::new();
    for (id, class) in library.classes.with_ids() {
        let packs: Vec<String> = packs(library, id).into_iter().collect();
        let [first, others @ ..] = packs.as_slice() else { continue };
        if *first != heading {
            heading.clone_from(first);
            writeln!(out, "{heading}")?;
        }
        let also = if others.is_empty() { String::new() } else { format!(" (also {})", others.join(", ")) };
        let severity = class.severity.name();
        let carried = cut(&carried[id], carried_width);
        let (name, about) = (&class.name, &class.about);
        let text = format!("  {name:name_width$}  {severity:7}  {carried:carried_width$}  {about}{also}");
        writeln!(out, "{}", cut(&text, WIDTH))?;
    }
    Ok(())
}

/// Labels, then values with their units: `size overflow · timeout`.
fn carried(class: &Class) -> String {
    let values: Vec<&str> = class.values.iter().map(|(name, _)| name.as_str()).collect();
    match (class.labels.is_empty(), values.is_empty()) {
        (_, true) => class.labels.join(" "),
        (true, false) => format!("· {}", values.join(" ")),
        (false, false) => format!("{} · {}", class.labels.join(" "), values.join(" ")),
    }
}

/// The packs that have a pattern of the class.
fn packs(library: &Library, class: ClassId) -> BTreeSet<String> {
    library
        .patterns
        .iter()
        .filter(|pattern| pattern.class == class)
        .map(|pattern| pattern.origin.pack().into_owned())
        .collect()
}

fn regexes(library: &Library, out: &mut impl Write) -> io::Result<()> {
    let mut seen = BTreeSet::new();
    for pattern in &library.patterns {
        if let Some(text) = one_line(pattern).filter(|text| seen.insert(text.clone())) {
            writeln!(out, "{text}")?;
        }
    }
    Ok(())
}

/// Makes groups with names groups without: line tools join all regexes to one, in which no name may come twice.
fn forget_names(tree: &mut ast::Ast) {
    match tree {
        ast::Ast::Group(group) => {
            if group.capture_index().is_some() {
                let flags = ast::Flags { span: group.span, items: Vec::new() };
                group.kind = ast::GroupKind::NonCapturing(flags);
            }
            forget_names(&mut group.ast);
        }
        ast::Ast::Repetition(repetition) => forget_names(&mut repetition.ast),
        ast::Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(forget_names),
        ast::Ast::Concat(concat) => concat.asts.iter_mut().for_each(forget_names),
        _ => {}
    }
}

/// A pattern's regex on one line, ASCII classes switched on in it; `None` without one, and for one that spans lines,
/// which line tools refuse.
fn one_line(pattern: &Pattern) -> Option<String> {
    let text = pattern.regex.as_ref()?.as_str();
    let syntax = regex_syntax::ParserBuilder::new().unicode(pattern.unicode).utf8(false).build().parse(text).ok()?;
    if spans_lines(&syntax) {
        return None;
    }
    // Printed from its syntax tree, a regex in verbose mode has neither its blanks nor its comments.
    let mut tree = ast::parse::Parser::new().parse(text).ok()?;
    forget_names(&mut tree);
    let mut printed = String::new();
    ast::print::Printer::new().print(&tree, &mut printed).ok()?;
    let text = printed.replace('\n', r"\n");
    Some(if pattern.unicode { text } else { format!("(?-u:{text})") })
}

/// Whether some match holds a line end that the regex spells out.
fn spans_lines(syntax: &Hir) -> bool {
    match syntax.kind() {
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Capture(capture) => spans_lines(&capture.sub),
        HirKind::Repetition(repetition) => spans_lines(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(spans_lines),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// Everything about a class, or about the classes of a pack; `false` when there is neither, which is told with the
/// nearest names.
pub fn show(library: &Library, name: &str, out: &mut impl Write) -> io::Result<bool> {
    let chosen = |id: ClassId, class: &Class| class.name == name || packs(library, id).contains(name);
    let classes: Vec<(ClassId, &Class)> = library.classes.with_ids().filter(|(id, class)| chosen(*id, class)).collect();
    for (at, (id, class)) in classes.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}  {}  in {}", class.name, class.severity.name(), join(packs(library, *id)))?;
        writeln!(out, "{}", class.about)?;
        for pattern in library.patterns.iter().filter(|pattern| pattern.class == *id) {
            writeln!(out, "\n{}", pattern.origin)?;
            show_pattern(pattern, &class.about, out)?;
        }
    }
    if classes.is_empty() {
        writeln!(out, "no class or pack is called `{}`{}", escape(name), nearest(library, name))?;
    }
    Ok(!classes.is_empty())
}

fn join(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// `; did you mean a, b?`, from the names that contain the one asked for and the one nearest to it.
fn nearest(library: &Library, name: &str) -> String {
    let packs = library.patterns.iter().map(|pattern| pattern.origin.pack().into_owned());
    let names: BTreeSet<String> = library.classes.iter().map(|class| class.name.clone()).chain(packs).collect();
    let holds = |known: &&String| name.len() > 1 && known.contains(&name.to_lowercase());
    let mut meant: Vec<&str> = suggest::nearest(name, names.iter().map(String::as_str)).into_iter().collect();
    meant.extend(
        names.iter().filter(holds).map(String::as_str).filter(|known| !meant.contains(known)).collect::<Vec<_>>(),
    );
    meant.truncate(5);
    if meant.is_empty() {
        "; `logwatch patterns list` has them all".into()
    } else {
        format!("; did you mean {}?", meant.join(", "))
    }
}

fn show_pattern(pattern: &Pattern, class_about: &str, out: &mut impl Write) -> io::Result<()> {
    let mut field = |name: &str, text: &str| match text.is_empty() {
        true => Ok(()),
        false => writeln!(out, "  {name:8}  {}", text.trim_end().replace('\n', "\n            ")),
    };
    if pattern.about != class_about {
        field("about", &pattern.about)?;
    }
    field("parser", pattern.parser.map_or("", |parser| parser.name()))?;
    let regex = pattern.regex.as_ref().map_or("", |regex| regex.as_str());
    field(if pattern.raw { "match raw" } else { "match" }, regex)?;
    field("where", &conditions(pattern))?;
    let labels = pattern.labels.iter().map(|label| match &label.clean {
        Some((regex, replacement)) => format!("{} (cleaned: {} → {replacement})", label.name, regex.as_str()),
        None => label.name.clone(),
    });
    field("labels", &join(labels))?;
    let values = pattern.values.iter().map(|value| match value.unit.suffix() {
        "" => format!("{} = {}", value.name, value.capture),
        unit => format!("{} = {} in {unit}", value.name, value.capture),
    });
    field("values", &join(values))?;
    if pattern.regex.is_some() {
        let quoted = |literal: &Vec<u8>| format!("{:?}", String::from_utf8_lossy(literal));
        let literals = pattern.required.any.iter().map(quoted);
        let literals = match pattern.required.any.is_empty() {
            true => "none: tried on every line".into(),
            false => join(literals),
        };
        field("literals", &literals)?;
    }
    for (number, (_, sample)) in pattern.samples.iter().enumerate() {
        let sign = if sample.matches { "is    " } else { "is not" };
        let text = format!("{sign}  {}", one_row(sample.line.get_ref(), Masking::default()));
        field(if number == 0 { "samples" } else { "" }, &cut(&text, WIDTH - 12))?;
    }
    Ok(())
}

fn conditions(pattern: &Pattern) -> String {
    let mut all = Vec::new();
    all.extend(pattern.level.map(|level| format!("level at least {}", level.name())));
    all.extend(pattern.logger.as_ref().map(|glob| format!("logger = {glob}")));
    all.extend(pattern.attributes.iter().map(|(name, glob)| format!("attribute {name} = {glob}")));
    all.extend(pattern.label_globs.iter().map(|(name, glob)| format!("label {name} = {glob}")));
    all.join(", ")
}

/// Runs every sample: a line for each that fails and for each pattern that is slow or has none, then the tally. Gives
/// the number of failures.
pub fn test(library: &Arc<Library>, out: &mut impl Write) -> io::Result<usize> {
    let outcomes = samples::run(library);
    let mut failures = 0;
    for outcome in &outcomes {
        let Some(problem) = &outcome.problem else { continue };
        failures += 1;
        let (origin, class, number, line) = (&outcome.origin, &outcome.class, outcome.number, escape(&outcome.line));
        writeln!(out, "{origin}: {class}, sample {number}: {}: {line}", escape(problem))?;
    }
    for warning in samples::warnings(library) {
        writeln!(out, "{}: {}: warning: {}", warning.origin, warning.class, warning.text)?;
    }
    let packs: BTreeSet<&str> = library.patterns.iter().map(|pattern| pattern.origin.path.as_str()).collect();
    let (count, patterns, packs) = (outcomes.len(), library.patterns.len(), packs.len());
    match failures {
        0 => writeln!(out, "{count} samples of {patterns} patterns in {packs} packs: all as stated")?,
        _ => writeln!(out, "{failures} of {count} samples failed")?,
    }
    Ok(failures)
}

/// Log text for a terminal: secrets masked, line ends and other control characters visible.
pub(super) fn one_row(text: &str, masking: Masking) -> String {
    escape(&masking.text(text).replace('\n', " ⏎ "))
}

/// The text, cut with an ellipsis to as many columns.
fn cut(text: &str, columns: usize) -> String {
    if text.len() <= columns {
        return text.trim_end().to_string();
    }
    let mut used = 0;
    let mut end = text.len();
    for (at, character) in text.char_indices() {
        // One column before the last is where the ellipsis would have to go.
        if used + width(character) < columns {
            end = at + character.len_utf8();
        }
        used += width(character);
        if used > columns {
            return format!("{}…", text[..end.min(at)].trim_end());
        }
    }
    text.trim_end().to_string()
}

/// Columns a character takes: two for East Asian wide ones and most emoji, none for joiners and variation selectors.
fn width(character: char) -> usize {
    match character {
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{0300}'..='\u{036f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 2,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = r#"
[[pattern]]
class    = "shop.sale"
about    = "Something was sold, and this sentence is so long that not all of it can stand on one line"
severity = "warning"
match    = '''(?x)
sold \ (?<count>\d+)   # how many
\ (?<item>\w+)'''
labels   = ["item"]
values   = { count = { capture = "count", unit = "1" } }
where    = { level = "info", logger = "shop.*" }

[[pattern.sample]]
line   = 'INFO:shop.a:sold 3 pears'
labels = { item = "apples" }
"#;

    fn library() -> Arc<Library> {
        Arc::new(Library::compile([("packs/shop.toml", PACK)]).unwrap())
    }

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_has_a_line_a_class() {
        let text = written(|out| list(&library(), false, out).unwrap());
        let expected = "shop\n  shop.sale  warning  item · count  Something was sold, and this sentence is so long that not all o…\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_built_in_class_is_listed_within_100_columns() {
        let library = Library::load(&[] as &[&std::path::Path]).unwrap();
        let text = written(|out| list(&library, false, out).unwrap());
        assert!(library.classes.iter().all(|class| text.contains(&class.name)));
        assert!(text.lines().all(|line| line.chars().map(width).sum::<usize>() <= WIDTH));
    }

    #[test]
    fn regexes_stand_on_one_line_each_and_mean_the_same() {
        assert_eq!(written(|out| list(&library(), true, out).unwrap()), "(?-u:(?x)sold\\ (?:\\d+)\\ (?:\\w+))\n");
        let library = Library::load(&[] as &[&std::path::Path]).unwrap();
        let all = written(|out| list(&library, true, out).unwrap());
        assert!(!all.contains("Traceback"));
        // As line tools join what they read from a file.
        let joined: Vec<String> = all.lines().map(|line| format!("(?:{line})")).collect();
        regex::bytes::Regex::new(&joined.join("|")).unwrap();
        for pattern in &library.patterns {
            let Some(text) = one_line(pattern) else { continue };
            assert!(!text.contains('\n'));
            let regex = regex::bytes::Regex::new(&text).unwrap();
            for (_, sample) in &pattern.samples {
                let line = sample.line.get_ref().as_bytes();
                let own = pattern.regex.as_ref().unwrap();
                assert_eq!(regex.is_match(line), own.is_match(line), "{}", pattern.origin);
            }
        }
    }

    #[test]
    fn a_class_is_shown_by_its_name_and_by_its_pack() {
        let text = written(|out| assert!(show(&library(), "shop.sale", out).unwrap()));
        for part in [
            "shop.sale  warning  in shop\n",
            "packs/shop.toml:3\n",
            "  where     level at least info, logger = shop.*\n",
            "  values    count = count\n",
            "  literals  \"sold \"\n",
            "  samples   is      INFO:shop.a:sold 3 pears\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(written(|out| assert!(show(&library(), "shop", out).unwrap())), text);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let text = written(|out| assert!(!show(&library(), "shop.sail", out).unwrap()));
        assert_eq!(text, "no class or pack is called `shop.sail`; did you mean shop.sale?\n");
        let text = written(|out| assert!(!show(&library(), "db", out).unwrap()));
        assert_eq!(text, "no class or pack is called `db`; `logwatch patterns list` has them all\n");
    }

    #[test]
    fn failures_are_counted_and_say_where_they_are() {
        let text = written(|out| assert_eq!(test(&library(), out).unwrap(), 1));
        let expected = "packs/shop.toml:14: shop.sale, sample 1: label `item` should be \"apples\", but is \"pears\": \
                        INFO:shop.a:sold 3 pears\n1 of 1 samples failed\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("ab 🔥🔥", 6), "ab 🔥…");
        assert_eq!(cut("ñññ", 3), "ñññ");
        assert_eq!(cut("", 3), "");
    }
}
