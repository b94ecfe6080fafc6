//! A case: a small log, a small plan, a run of the program, and what it said.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program;

/// Every log of these tests is of this day.
pub const DAY: &str = "2025-08-25";

/// A class of the tests' own: labels and values that its lines may lack.
pub const PACK: &str = r#"
[[pattern]]
class  = "job.done"
about  = "A job came to its end"
match  = '^job done(?: by (?<worker>\w+))?(?: in (?<took>[\d.]+) ms)?'
labels = ["worker"]
values = { took = { capture = "took", unit = "ms" } }

[[pattern]]
class  = "job.timed"
about  = "A job told how long it ran, under the name that requests use for it"
match  = '^job timed (?<duration>\d+) ms'
values = { duration = { capture = "duration", unit = "ms" } }

[[pattern]]
class  = "job.trouble"
about  = "What a trigger can be hung on"
match  = '^job trouble'
"#;

pub fn stamp(clock: &str) -> String {
    format!("{DAY}T{clock}Z")
}

/// A record of `railway logs --json`.
pub fn app(clock: &str, level: &str, message: &str) -> String {
    json!({"timestamp": stamp(clock), "level": level, "message": message}).to_string()
}

/// The same, of one of several replicas.
pub fn replica(name: &str, clock: &str, message: &str) -> String {
    json!({"timestamp": stamp(clock), "level": "error", "message": message, "deploymentInstanceId": name}).to_string()
}

/// A record of `railway logs --http --json`; the clock is the request's start.
pub fn edge(clock: &str, path: &str, status: u16, milliseconds: u64) -> String {
    json!({"timestamp": stamp(clock), "method": "GET", "path": path, "httpStatus": status, "totalDuration": milliseconds,
           "requestId": format!("{clock}{path}")})
    .to_string()
}

/// A line of uvicorn's access log, as the platform wraps it.
pub fn access(clock: &str, path: &str, status: u16) -> String {
    app(clock, "info", &format!("INFO:     100.64.0.2:40112 - \"GET {path} HTTP/1.1\" {status} Whatever"))
}

/// `job done`, and what follows these words, such as `by w1 in 200 ms`.
pub fn job(clock: &str, rest: &str) -> String {
    app(clock, "info", &format!("INFO:jobs:job done {rest}"))
}

pub fn trouble(clock: &str) -> String {
    app(clock, "info", "INFO:jobs:job trouble")
}

/// A line that no pattern knows: it moves time, and nothing else.
pub fn noise(clock: &str) -> String {
    app(clock, "info", "INFO:jobs:nothing to do")
}

/// The clock so many seconds after another.
pub fn after(clock: &str, seconds: u32) -> String {
    let part = |at: usize| -> u32 { clock[at..at + 2].parse().expect("a clock is hh:mm:ss") };
    let total = part(0) * 3_600 + part(3) * 60 + part(6) + seconds;
    format!("{:02}:{:02}:{:02}{}", total / 3_600, total / 60 % 60, total % 60, &clock[8..])
}

/// One line a second, from `clock` on.
pub fn every_second(clock: &str, seconds: u32, line: impl Fn(&str) -> String) -> Vec<String> {
    (0..seconds).map(|second| line(&after(clock, second))).collect()
}

/// A log, a plan and options.
pub struct Case {
    pub folder: TempDir,
    header: String,
    rules: String,
    arguments: Vec<String>,
    inputs: Vec<PathBuf>,
}

impl Case {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("packs")).expect("a folder for the pack");
        std::fs::write(folder.path().join("packs/jobs.toml"), PACK).expect("the pack is written");
        Case { folder, header: String::new(), rules: String::new(), arguments: Vec::new(), inputs: Vec::new() }
    }

    /// Adds a line to the plan's `[plan]`.
    pub fn header(mut self, line: &str) -> Self {
        self.header += &format!("{line}\n");
        self
    }

    /// Adds an investigation trigger.
    pub fn trigger(self, id: &str, when: &str) -> Self {
        self.rule("investigate", id, when, "")
    }

    /// Adds a trigger with more members, such as `for = "30s"`.
    pub fn rule(mut self, severity: &str, id: &str, when: &str, more: &str) -> Self {
        self.rules += &format!("[[trigger]]\nid = '{id}'\nseverity = '{severity}'\nwhen = '''{when}'''\n{more}\n");
        self
    }

    /// Adds a trigger as written, such as a part of an inherited one.
    pub fn part(mut self, members: &str) -> Self {
        self.rules += &format!("[[trigger]]\n{members}\n");
        self
    }

    /// Adds tables as written, such as a checkpoint.
    pub fn written(mut self, tables: &str) -> Self {
        self.rules += &format!("{tables}\n");
        self
    }

    /// Adds a KPI, named after its value.
    pub fn kpi(self, value: &str, target: &str) -> Self {
        self.kpi_of(value, target, 1)
    }

    pub fn kpi_of(mut self, value: &str, target: &str, min_samples: u64) -> Self {
        self.rules += &format!(
            "[[kpi]]\nid = '''{value}'''\ntitle = 'a number'\nvalue = '''{value}'''\ntarget = '{target}'\nmin_samples = {min_samples}\n"
        );
        self
    }

    pub fn argument(mut self, text: &str) -> Self {
        self.arguments.push(text.into());
        self
    }

    /// Adds an input of these lines.
    pub fn log(self, name: &str, lines: impl AsRef<[String]>) -> Self {
        self.bytes(name, (lines.as_ref().join("\n") + "\n").as_bytes())
    }

    pub fn bytes(mut self, name: &str, bytes: &[u8]) -> Self {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("the log is written");
        self.inputs.push(path);
        self
    }

    pub fn plan_text(&self) -> String {
        // These logs last seconds.
        let healthy = if self.header.contains("healthy.") { "" } else { "healthy.after = '0s'\n" };
        format!("[plan]\nid = 'test'\ntitle = 'A test'\n{healthy}{}\n{}", self.header, self.rules)
    }

    pub fn packs(&self) -> PathBuf {
        self.folder.path().join("packs")
    }

    /// The program with this case's plan and options, reading `inputs`.
    pub fn command(&self, subcommand: &[&str], inputs: &[PathBuf]) -> Command {
        let plan = self.folder.path().join("plan.toml");
        std::fs::write(&plan, self.plan_text()).expect("the plan is written");
        let mut command = program::command(subcommand);
        command.args(["--format", "json", "--patterns"]).arg(self.packs());
        if !self.arguments.iter().any(|argument| argument == "--plan") {
            command.arg("--plan").arg(plan);
        }
        command.args(&self.arguments).args(inputs);
        command
    }

    /// Replays the logs.
    pub fn run(&self) -> Outcome {
        Outcome::of(&mut self.command(&["replay"], &self.inputs))
    }

    /// Replays the logs in the order of these numbers.
    pub fn run_in_order(&self, order: &[usize]) -> Outcome {
        let inputs: Vec<PathBuf> = order.iter().map(|at| self.inputs[*at].clone()).collect();
        Outcome::of(&mut self.command(&["replay"], &inputs))
    }

    /// Gives the first log to the program's standard input, through a pipe.
    pub fn pipe(&self) -> Outcome {
        let mut cat = Command::new("cat").arg(&self.inputs[0]).stdout(Stdio::piped()).spawn().expect("cat runs");
        let output = cat.stdout.take().expect("cat's output is a pipe");
        let outcome = Outcome::of(self.command(&[], &[]).stdin(output));
        cat.wait().expect("cat ends");
        outcome
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What a run said.
pub struct Outcome {
    pub status: i32,
    pub objects: Vec<Value>,
    pub errors: String,
}

impl Outcome {
    pub fn of(command: &mut Command) -> Outcome {
        let output = command.output().expect("the program runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{errors}"));
        let objects = String::from_utf8_lossy(&output.stdout).lines().map(read).collect();
        Outcome { status: output.status.code().unwrap_or_else(|| panic!("no exit status\n{errors}")), objects, errors }
    }

    pub fn summary(&self) -> &Value {
        let last = self.objects.last().filter(|object| object["type"] == "summary");
        last.unwrap_or_else(|| panic!("no summary; exit status {}\n{}", self.status, self.errors))
    }

    pub fn verdict(&self) -> &str {
        self.summary()["verdict"].as_str().expect("a verdict")
    }

    /// The trigger's events.
    pub fn events(&self, id: &str) -> Vec<&Value> {
        self.objects.iter().filter(|object| object["type"] == "trigger" && object["id"] == id).collect()
    }

    /// The trigger's changes of state, as `firing 13:30:11`, with the labels of the group where it has one.
    pub fn changes(&self, id: &str) -> Vec<String> {
        self.events(id).into_iter().map(change).collect()
    }

    /// A trigger as the summary has it.
    pub fn trigger(&self, id: &str) -> &Value {
        find(&self.summary()["triggers"], id)
    }

    /// A KPI as the summary has it.
    pub fn kpi(&self, id: &str) -> &Value {
        find(&self.summary()["kpis"], id)
    }

    /// The value of a KPI; `None` is unknown.
    pub fn value(&self, id: &str) -> Option<f64> {
        self.kpi(id)["value"].as_f64()
    }

    /// Events of a class.
    pub fn count(&self, class: &str) -> u64 {
        self.summary()["classes"][class]["count"].as_u64().unwrap_or(0)
    }

    /// When the first event of a class happened, without the day.
    pub fn first(&self, class: &str) -> &str {
        clock(&self.summary()["classes"][class]["first"])
    }

    /// A count of lines.
    pub fn input(&self, name: &str) -> u64 {
        self.summary()["input"][name].as_u64().unwrap_or_else(|| panic!("no count `{name}`"))
    }

    pub fn requests(&self) -> u64 {
        self.summary()["http"]["requests"].as_u64().expect("a number of requests")
    }

    /// Everything that is not known, with its remedy, as one text.
    pub fn unknown(&self) -> String {
        self.summary()["unknown"].to_string()
    }
}

fn change(event: &Value) -> String {
    let mut text = format!("{} {}", event["state"].as_str().expect("a state"), clock(&event["at"]));
    for (label, value) in event["group"].as_object().into_iter().flatten() {
        text += &format!(" {label}={}", value.as_str().unwrap_or_default());
    }
    text
}

fn find<'a>(list: &'a Value, id: &str) -> &'a Value {
    let list = list.as_array().expect("a list");
    list.iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("no `{id}`"))
}

/// The time of day of a time, without its `Z`.
pub fn clock(time: &Value) -> &str {
    let text = time.as_str().unwrap_or_else(|| panic!("{time} is no time"));
    text.strip_prefix(DAY).unwrap_or(text).trim_start_matches('T').trim_end_matches('Z')
}

/// The exit status and message of a plan that is to be refused.
pub fn refusal(case: &Case) -> (i32, String) {
    let outcome = case.run();
    assert!(outcome.objects.is_empty(), "a wrong plan is refused before any input is read");
    (outcome.status, outcome.errors)
}
