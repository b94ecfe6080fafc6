//! What is sent: one message for each change, as JSON for programs and as lines for people.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::deployment::Deployment;
use crate::output::Measured;
use crate::output::json::Object;
use crate::rules::checkpoint::Status;
use crate::rules::plan::{Kind, On, Severity};
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::summary::{ActionEvent, ActionState, CheckpointEvent, TriggerEvent, VerdictEvent};
use crate::text::escape;
use crate::time::Time;

/// Version of the shape of the body.
const VERSION: u32 = 1;
/// Bytes of what people read: Discord takes 2000 characters.
const LONGEST: usize = 1_800;
/// Bytes of a line of evidence in it.
const LONGEST_LINE: usize = 400;
/// Bytes of what PagerDuty shows first.
const LONGEST_SUMMARY: usize = 1_000;
/// Lines of evidence in it.
const EVIDENCE: usize = 3;

/// Of what the messages of a run are.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub plan: String,
    pub sources: Vec<String>,
    pub deployed_at: Option<Time>,
}

/// A change, ready to be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Message {
    /// Its number in the state of the run, where there is one.
    #[serde(skip)]
    pub seq: Option<i64>,
    /// What it is of; `None` for a sample, which goes to everybody.
    #[serde(skip)]
    pub on: Option<On>,
    #[serde(skip)]
    pub at: Option<Time>,
    /// Whether it says to roll back, or to look into something, for the first time.
    #[serde(skip)]
    pub asks: Option<Verdict>,
    /// The same for all changes of one thing, such as the firing and the resolving of a trigger.
    pub key: String,
    /// Whether it is the beginning of an incident, or its end.
    pub is_end: Option<bool>,
    /// Identifies the message.
    pub id: String,
    /// The JSON object that programs get.
    pub body: String,
    /// The first line says what to do.
    pub lines: Vec<String>,
    /// Lines of the log, masked.
    pub evidence: Vec<String>,
}

#[derive(Serialize)]
struct Body<'a, E: Serialize> {
    v: u32,
    id: String,
    plan: &'a str,
    sources: &'a [String],
    deployed_at: Option<Time>,
    text: &'a str,
    event: E,
}

impl Subject {
    pub fn deployed(&mut self, deployment: &Deployment) {
        self.deployed_at = Some(deployment.at);
    }

    /// A trigger that begins to fire, or resolves; of other changes, and of mere information, nobody is told.
    pub fn trigger(&self, event: &TriggerEvent) -> Option<Message> {
        let (on, asks, todo) = match event.severity {
            Severity::Rollback => (On::Rollback, Verdict::Rollback, "ROLL BACK"),
            Severity::Investigate => (On::Investigate, Verdict::Investigate, "look into"),
            Severity::Info => return None,
        };
        let (asks, todo) = match event.state {
            State::Firing => (Some(asks), todo),
            State::Resolved => (None, "resolved:"),
            State::Ok | State::Pending => return None,
        };
        let group: Vec<String> = event.group.values().map(|value| escape(value)).collect();
        let group = if group.is_empty() { String::new() } else { format!("{{{}}}", group.join(" ")) };
        let measured = Measured::of(event);
        let reading = measured
            .tell(&event.expr)
            .filter(|_| asks.is_some())
            .map_or(String::new(), |reading| format!("  {reading}"));
        let mut lines = vec![format!("{todo} {}: {}{group}{reading}", self.name(), escape(&event.id))];
        if event.also_before && asks.is_some() {
            lines.push("also before this deployment: going back would not mend it".into());
        }
        lines.extend(event.about.as_deref().map(escape));
        lines.extend(event.runbook.as_deref().map(|runbook| format!("runbook: {}", escape(runbook))));
        let evidence = event.evidence.iter().take(EVIDENCE).map(|line| escape(&line.line)).collect();
        self.message(Some(on), Some(event.at), asks, &Object::Trigger(event), lines, evidence)
    }

    /// A change of the verdict.
    pub fn verdict(&self, event: &VerdictEvent) -> Option<Message> {
        let todo = match event.verdict {
            Verdict::Rollback => "ROLL BACK",
            Verdict::Investigate => "look into",
            Verdict::Healthy if event.complete => "healthy:",
            Verdict::Healthy => "healthy so far:",
            Verdict::Unknown => "not known:",
        };
        let asks = matches!(event.verdict, Verdict::Rollback | Verdict::Investigate).then_some(event.verdict);
        let mut lines = vec![format!("{todo} {}", self.name())];
        lines.extend(event.reasons.iter().take(5).map(|reason| format!("- {}", escape(reason))));
        self.message(Some(On::Verdict), Some(event.at), asks, &Object::Verdict(event), lines, Vec::new())
    }

    /// A checkpoint, or a criterion of success.
    pub fn reached(&self, event: &CheckpointEvent) -> Option<Message> {
        let (object, what) = match event.kind {
            Kind::Checkpoint => (Object::Checkpoint(event), "checkpoint"),
            Kind::Success => (Object::Success(event), "success"),
        };
        let todo = match event.status {
            Status::Pass => "passed:",
            Status::Fail => "look into",
            Status::Manual => "to be answered:",
            Status::Unknown | Status::Pending => "not known:",
        };
        let (id, title) = (escape(&event.id), escape(&event.title));
        let mut lines = vec![format!("{todo} {}: {what} {id}, {title}", self.name())];
        for check in event.checks.iter().filter(|check| check.status != Status::Pass) {
            let status = match check.status {
                Status::Fail => "failed",
                Status::Manual => "to be answered",
                _ => "not known",
            };
            lines.push(format!("- {status}: {}", escape(&check.about)));
        }
        self.message(Some(On::Checkpoint), event.at, None, &object, lines, Vec::new())
    }

    /// What an action does, or leaves to a person.
    pub fn action(&self, event: &ActionEvent) -> Option<Message> {
        let todo = match event.state {
            ActionState::Held => "to be done by you:",
            ActionState::Started => "begun:",
            ActionState::Done => "done:",
            ActionState::Failed => "FAILED:",
        };
        let ActionEvent { id, trigger, does, because, .. } = event;
        let mut lines = vec![format!("{todo} {}: {}, {}", self.name(), escape(id), escape(does))];
        lines.push(format!("for {}", escape(trigger)));
        lines.extend(because.as_deref().map(escape));
        self.message(Some(On::Action), Some(event.at), None, &Object::Action(event), lines, Vec::new())
    }

    /// What `notify test` sends.
    pub fn sample(&self) -> Option<Message> {
        let lines = vec![format!("test of {}: this is a sample, nothing is to be done", self.name())];
        self.message(None, None, None, &json!({"type": "test"}), lines, Vec::new())
    }

    /// The plan, and the services where they are named.
    fn name(&self) -> String {
        let sources: Vec<String> = self.sources.iter().map(|source| escape(source)).collect();
        let plan = escape(&self.plan);
        if sources.is_empty() { plan } else { format!("{} ({plan})", sources.join(", ")) }
    }

    fn message(
        &self,
        on: Option<On>,
        at: Option<Time>,
        asks: Option<Verdict>,
        event: &impl Serialize,
        lines: Vec<String>,
        evidence: Vec<String>,
    ) -> Option<Message> {
        let Subject { plan, sources, deployed_at } = self;
        let event: Value = serde_json::to_value(event).ok()?;
        let is_end = match (event["type"].as_str(), event["state"].as_str(), event["status"].as_str()) {
            (Some("trigger"), state, _) => Some(state == Some("resolved")),
            (Some("verdict"), _, _) => match event["verdict"].as_str() {
                Some("healthy") => Some(true),
                _ => asks.is_some().then_some(false),
            },
            (Some("checkpoint" | "success"), _, Some("fail")) => Some(false),
            (Some("checkpoint" | "success"), _, Some("pass")) => Some(true),
            (Some("action"), Some("held" | "failed"), _) => Some(false),
            (Some("action"), Some("done"), _) => Some(true),
            _ => None,
        };
        let thing = json!([plan, sources, deployed_at, event["type"], event["id"], event["group"]]);
        // The same change read again has the same id.
        let seed = json!([
            plan,
            sources,
            deployed_at,
            event["type"],
            event["id"],
            event["group"],
            event["at"],
            event["state"],
            event["status"],
            event["verdict"]
        ]);
        let (key, id) = (hash(&thing), hash(&seed));
        let text = lines.first().map_or("", String::as_str);
        let body = Body { v: VERSION, id: id.clone(), plan, sources, deployed_at: *deployed_at, text, event };
        let body = serde_json::to_string(&body).ok()?;
        Some(Message { seq: None, on, at, asks, key, is_end, id, body, lines, evidence })
    }
}

impl Message {
    /// For Slack's incoming webhooks, in which `&`, `<` and `>` would begin links and mentions.
    pub fn slack(&self) -> String {
        let text = self.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        json!({ "text": text }).to_string()
    }

    /// For Discord's webhooks. Nobody is mentioned by what stands in a log.
    pub fn discord(&self) -> String {
        json!({ "content": self.text(), "allowed_mentions": { "parse": [] } }).to_string()
    }

    /// For the Events API v2 of PagerDuty; `None` for what is neither the beginning of an incident nor its end.
    pub fn pagerduty(&self, key: &str) -> Option<String> {
        let is_sample = self.on.is_none();
        if self.is_end == Some(true) && !is_sample {
            let event = json!({"routing_key": key, "event_action": "resolve", "dedup_key": self.key});
            return Some(event.to_string());
        }
        if self.is_end.is_none() && !is_sample {
            return None;
        }
        let severity = match self.asks {
            Some(Verdict::Rollback) => "critical",
            _ if is_sample => "info",
            _ => "warning",
        };
        let event: Value = serde_json::from_str(&self.body).ok()?;
        let source = event["sources"][0].as_str().or(event["plan"].as_str()).unwrap_or("logwatch");
        let summary = cut(self.lines.first().map_or("", String::as_str), LONGEST_SUMMARY);
        let details = json!({"text": self.text(), "id": self.id});
        let payload = json!({"summary": summary, "source": source, "severity": severity, "custom_details": details});
        Some(
            json!({"routing_key": key, "event_action": "trigger", "dedup_key": self.key, "payload": payload})
                .to_string(),
        )
    }

    /// For a bot of Telegram, which takes it as it is.
    pub fn telegram(&self, chat: &str) -> String {
        json!({ "chat_id": chat, "text": self.text(), "link_preview_options": { "is_disabled": true } }).to_string()
    }

    /// What mail says below its subject, the first line.
    pub fn mail(&self) -> String {
        let evidence = self.evidence.iter().map(|line| format!("> {}", cut(line, LONGEST_LINE)));
        let lines: Vec<String> = self.lines.iter().cloned().chain(evidence).collect();
        lines.join("\n") + "\n"
    }

    fn text(&self) -> String {
        let mut text = cut(&self.lines.join("\n"), LONGEST).to_string();
        let fence = "```";
        for line in &self.evidence {
            // A line of the log does not end the block that it stands in.
            let line = cut(line, LONGEST_LINE).replace('`', "'");
            if text.len() + line.len() + 2 * fence.len() + 2 > LONGEST {
                break;
            }
            text.push_str(&format!("\n{fence}{line}{fence}"));
        }
        text
    }
}

fn hash(value: &Value) -> String {
    Sha256::digest(value.to_string())[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// At most so many bytes of a text, in whole characters.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_log_mentions_nobody_and_fits() {
        let line = format!("<!channel> @everyone ```{}", "ü".repeat(3_000));
        let message = Message {
            lines: vec!["ROLL BACK <!here>".into()],
            evidence: vec![line.clone(), line.clone(), line.clone(), line],
            ..Message::default()
        };
        let slack: Value = serde_json::from_str(&message.slack()).unwrap();
        let text = slack["text"].as_str().unwrap();
        assert!(!text.contains('<') && text.starts_with("ROLL BACK &lt;!here&gt;\n"), "{text}");
        let discord: Value = serde_json::from_str(&message.discord()).unwrap();
        assert_eq!(discord["allowed_mentions"], json!({"parse": []}));
        let content = discord["content"].as_str().unwrap();
        assert!(content.chars().count() < 2_000 && content.matches("```").count().is_multiple_of(2), "{content}");
    }
}
