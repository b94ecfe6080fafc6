//! The examples of the documentation are what they say.

use std::fs;

use super::program::logwatch;

fn document(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The blocks of a language, in order.
fn blocks(name: &str, language: &str) -> Vec<String> {
    let text = document(name);
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n').map(String::from)).collect()
}

/// The README's pattern and plan, and those of their own documents.
#[test]
fn patterns_and_plans_pass_their_own_samples() {
    for [patterns, plans] in [["README.md"; 2], ["docs/patterns.md", "docs/plans.md"]] {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("my-patterns");
        fs::create_dir(&packs).unwrap();
        let is_pack = |block: &&String| block.contains("[[pattern]]");
        let pack = blocks(patterns, "toml").into_iter().filter(|block| is_pack(&block)).collect::<String>();
        fs::write(packs.join("payments.toml"), pack).unwrap();
        let plan = folder.path().join("plan.toml").display().to_string();
        // Patterns in a document of plans are a plan's own.
        let is_plan = |block: &String| patterns != plans || !is_pack(&block);
        fs::write(&plan, blocks(plans, "toml").into_iter().filter(is_plan).collect::<String>()).unwrap();
        let packs = packs.to_str().unwrap();
        for arguments in [&["patterns", "test"][..], &["plan", "check", &plan], &["plan", "test", &plan]] {
            let ran = logwatch(&[arguments, &["--patterns", packs]].concat());
            assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{plans}: {}", ran.out);
        }
    }
}

/// Where a document is linked, it is there.
#[test]
fn links_lead_somewhere() {
    let folder = format!("{}/docs", env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(folder).unwrap().map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    for name in docs.chain(["README.md".into()]) {
        for link in document(&name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let base = if name.starts_with("docs/") { "docs/" } else { "" };
            let path = format!("{}/{base}{link}", env!("CARGO_MANIFEST_DIR"));
            assert!(link.contains("://") || fs::exists(&path).unwrap(), "{name}: {link}");
        }
    }
}

/// The commands that the README and the documents name are there, with their options.
#[test]
fn commands_are_understood() {
    let names = ["README.md", "docs/sources.md", "docs/screen.md", "docs/patterns.md", "docs/plans.md"];
    let lines = names.iter().flat_map(|name| blocks(name, "sh")).collect::<String>();
    let commands = lines.lines().filter_map(|line| line.split("logwatch ").nth(1));
    let mut checked = 0;
    for command in commands {
        let command = command.split(['#', '|', ';']).next().unwrap();
        let options = command.split_whitespace().filter(|word| word.starts_with("--"));
        let words =
            command.split_whitespace().take_while(|word| word.chars().all(char::is_lowercase)).collect::<Vec<_>>();
        let commands: &[&str] = match words.first() {
            Some(&("patterns" | "plan")) => &words[..2],
            Some(&("replay" | "lines" | "check" | "signal")) => &words[..1],
            _ => &[],
        };
        let help = logwatch(&[commands, &["--help"]].concat());
        assert_eq!(help.status, Some(0), "{command}");
        for option in options {
            assert!(help.out.contains(option), "{command}: {option}");
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
}

/// The table of stacks is that of the samples.
#[test]
fn stacks_are_those_of_the_samples() {
    let table = logwatch(&["patterns", "list", "--format", "stacks"]).out;
    assert!(table.lines().count() > 60, "{table}");
    assert!(
        document("docs/stacks.md").ends_with(&table),
        "write what `logwatch patterns list --format stacks` prints to the end of docs/stacks.md"
    );
}
