//! The examples of the documentation are what they say.

use std::collections::BTreeSet;
use std::fs;

use logwatch::Plan;

use crate::support::program::logwatch;

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
    let docs = docs.filter(|name| name.ends_with(".md"));
    for name in docs.chain(["README.md".into()]) {
        for link in document(&name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let base = if name.starts_with("docs/") { "docs/" } else { "" };
            let file = link.split('#').next().unwrap_or_default();
            let path = format!("{}/{base}{file}", env!("CARGO_MANIFEST_DIR"));
            assert!(link.contains("://") || fs::exists(&path).unwrap(), "{name}: {link}");
        }
    }
}

/// The commands that the README and the documents name are there, with their options.
#[test]
fn commands_are_understood() {
    let names = [
        "README.md",
        "docs/sources.md",
        "docs/railway.md",
        "docs/screen.md",
        "docs/patterns.md",
        "docs/plans.md",
        "docs/serve.md",
    ];
    let lines = names.iter().flat_map(|name| blocks(name, "sh")).collect::<String>();
    let commands = lines.lines().filter_map(|line| line.split("logwatch ").nth(1));
    let mut checked = 0;
    for command in commands {
        let command = command.split(['#', '|', ';']).next().unwrap();
        let options = command.split_whitespace().filter(|word| word.starts_with("--"));
        let words =
            command.split_whitespace().take_while(|word| word.chars().all(char::is_lowercase)).collect::<Vec<_>>();
        let commands: &[&str] = match words.first() {
            Some(&("patterns" | "plan" | "notify")) => &words[..2],
            Some(&("replay" | "lines" | "watch" | "rollback" | "exec" | "check" | "signal" | "ack" | "baseline")) => {
                &words[..1]
            }
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
    let rows = table.lines().take_while(|line| !line.is_empty()).skip(2);
    let open: Vec<_> = rows.filter(|row| row.split(" | ").take(5).any(|cell| cell.trim().is_empty())).collect();
    assert!(open.is_empty(), "without a sample of their start, a request, an error or a crash: {open:#?}");
}

/// The ids of everything that a plan has.
fn ids(plan: &Plan) -> BTreeSet<String> {
    let document = &plan.document;
    let mut ids: BTreeSet<String> = document.triggers.iter().map(|trigger| trigger.id.get_ref().clone()).collect();
    ids.extend(document.kpis.iter().map(|kpi| kpi.id.get_ref().clone()));
    ids.extend(document.manual.iter().map(|item| item.id.get_ref().clone()));
    for written in plan.checkpoints().unwrap() {
        ids.insert(written.id.get_ref().clone());
        ids.extend(written.checks.iter().map(|check| check.id.get_ref().clone()));
    }
    ids
}

/// (words of the line, where it went) of each row of the table of DL-034.
fn rows() -> Vec<(String, String)> {
    let rows = document("docs/plans/dl-034.md");
    let rows = rows.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.splitn(3, " | ").map(String::from).collect::<Vec<_>>());
    cells.filter(|cells| cells[0].parse::<u32>().is_ok()).map(|cells| (cells[1].clone(), cells[2].clone())).collect()
}

/// What the table names, the plan has, and the other way round.
#[test]
fn the_table_of_dl_034_is_that_of_its_plan() {
    let ids = ids(&Plan::load("dl-034").unwrap());
    let rows = rows();
    let named = rows.iter().flat_map(|(_, place)| place.split('`').skip(1).step_by(2).map(String::from));
    let named: BTreeSet<String> = named.filter(|name| !name.starts_with("--")).collect();
    let verdicts = ["healthy", "investigate", "rollback"];
    let missing: Vec<_> =
        named.iter().filter(|name| !ids.contains(*name) && !verdicts.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "the plan lacks {missing:?}");
    let unnamed: Vec<_> = ids.difference(&named).collect();
    assert!(unnamed.is_empty(), "the table lacks {unnamed:?}");
    assert_eq!(rows.len(), 137);
}

/// With the document itself, which is not part of the project, in LOGWATCH_PLAN_DOCUMENT: each of its lines has its row.
#[test]
fn each_line_of_the_document_has_a_row() {
    let Ok(path) = std::env::var("LOGWATCH_PLAN_DOCUMENT") else {
        eprintln!("not compared with the document: LOGWATCH_PLAN_DOCUMENT does not name it");
        return;
    };
    let text = fs::read_to_string(path).unwrap();
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        let is_heading = line.starts_with('#') && !is_code;
        let words = line.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), " ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if !is_heading && !words.is_empty() {
            lines.push(words);
        }
    }
    let rows = rows();
    for (line, (words, _)) in lines.iter().zip(&rows) {
        assert!(line.starts_with(words), "`{words}` is no row for `{line}`");
    }
    assert_eq!(lines.len(), rows.len());
}
