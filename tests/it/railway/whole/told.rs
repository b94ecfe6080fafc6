//! What a whole run came to, and whether two came to the same.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a whole run came to.
pub struct Told {
    pub status: Option<i32>,
    pub events: Vec<Value>,
    pub summary: Value,
    pub hook: Vec<Value>,
    pub slack: Vec<Value>,
    pub rolled_back: Vec<String>,
}

impl Told {
    /// `14:30:02 checkpoint 30m pass`, each once, in the order in which they were first told.
    pub fn course(&self) -> Vec<String> {
        let mut course = Vec::new();
        for event in &self.events {
            let text = |member: &str| event[member].as_str().unwrap_or_default();
            let clock = text("at").get(11..19).unwrap_or_default();
            let states = [text("id"), text("state"), text("status"), text("verdict")];
            let line = format!(
                "{clock} {} {}",
                text("type"),
                states.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
            );
            if !course.contains(&line) {
                course.push(line);
            }
        }
        course
    }

    /// All events, each once, but for when an action was done.
    fn all_events(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for event in &self.events {
            let mut event = event.clone();
            if event["type"] == "action" && event["state"] != "held" {
                event["at"].take();
            }
            unnumbered(&mut event);
            all.insert(event.to_string());
        }
        all
    }

    /// The summary, but for how often the probe has asked.
    fn outcome(&self) -> Value {
        let mut summary = self.summary.clone();
        unnumbered(&mut summary);
        let classes = summary["classes"].as_object_mut().unwrap();
        classes.retain(|class, _| !class.starts_with("probe."));
        summary
    }

    /// What the webhook was told, by the ids of its messages.
    pub fn messages(&self) -> BTreeSet<(String, String)> {
        let of = |body: &Value| {
            let is_timed = body["event"]["type"] != "action" || body["event"]["state"] == "held";
            let id = if is_timed { body["id"].as_str().unwrap() } else { "" };
            (id.to_string(), body["text"].as_str().unwrap().to_string())
        };
        self.hook.iter().map(of).collect()
    }

    pub fn assert_same(&self, other: &Told) {
        assert_eq!(self.all_events(), other.all_events());
        assert_eq!(self.outcome(), other.outcome());
        assert_eq!(self.messages(), other.messages());
        let texts = |told: &Told| told.slack.iter().map(|body| body["text"].to_string()).collect::<BTreeSet<_>>();
        assert_eq!(texts(self), texts(other));
        assert_eq!((self.status, &self.rolled_back), (other.status, &other.rolled_back));
    }
}

/// Leaves out the numbers of lines: which of two logs gives a line first is not said.
fn unnumbered(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("line_no");
            members.values_mut().for_each(unnumbered);
        }
        Value::Array(values) => values.iter_mut().for_each(unnumbered),
        _ => {}
    }
}
