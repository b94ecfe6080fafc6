//! Records of the API, turned to the lines that `railway logs --json` prints for them.
//!
//! Beside what it prints, a line of an app has the ids of its deployment and replica, as the lines of the HTTP log do. Members stand
//! in one order whatever order the API gives attributes in, so that a record that is read twice is the same line.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::text::hash;
use crate::time::{self, Time};

/// A record of a log, as a line.
#[derive(Clone, Debug)]
pub struct Record {
    pub time: Time,
    /// Hash of time, replica and content; of the request's id where there is one.
    pub identity: u64,
    /// A request's id makes it one, however often it is given.
    pub is_unique: bool,
    /// Of a request.
    pub status: Option<u16>,
    /// The name of the log that gave it; empty until one has.
    pub log: Arc<str>,
    /// The ids of service and deployment, where the record has them.
    pub service: Option<String>,
    pub deployment: Option<String>,
    /// One line of JSON, with its newline.
    pub line: Vec<u8>,
}

/// A record of what an app wrote.
#[derive(Debug, Deserialize)]
pub struct Log {
    pub timestamp: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    attributes: Option<Vec<Attribute>>,
    #[serde(default)]
    tags: Option<Tags>,
}

#[derive(Debug, Deserialize)]
struct Attribute {
    key: String,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tags {
    service_id: Option<String>,
    deployment_id: Option<String>,
    deployment_instance_id: Option<String>,
}

/// Members that are Railway's own; of an app's attributes of these names one is left out.
const OWN: [&str; 4] = ["timestamp", "message", "deploymentId", "deploymentInstanceId"];

impl Record {
    /// `None` for a record without a time that can be read. The line names its deployment only where it is to tell of one that is
    /// new, which among several services it cannot.
    pub fn app(log: Log, names_deployment: bool) -> Option<Record> {
        let time = time::parse(log.timestamp.as_bytes())?;
        let tags = log.tags.unwrap_or_default();
        let mut line = Vec::with_capacity(256);
        line.push(b'{');
        member(&mut line, "message", &quoted(log.message.as_deref().unwrap_or_default()));
        member(&mut line, "timestamp", &quoted(&log.timestamp));
        let mut attributes = log.attributes.unwrap_or_default();
        attributes.sort_by(|a, b| (&a.key, &a.value).cmp(&(&b.key, &b.value)));
        attributes.dedup_by(|a, b| a.key == b.key);
        if !attributes.iter().any(|attribute| attribute.key == "level")
            && let Some(severity) = log.severity.filter(|severity| !severity.is_empty())
        {
            member(&mut line, "level", &quoted(&severity));
        }
        for Attribute { key, value } in &attributes {
            if !OWN.contains(&key.as_str()) {
                member(&mut line, key, &as_json(value.as_deref().unwrap_or("null")));
            }
        }
        for (name, id) in
            [("deploymentId", &tags.deployment_id), ("deploymentInstanceId", &tags.deployment_instance_id)]
        {
            if let Some(id) = id.as_ref().filter(|_| names_deployment || name != "deploymentId") {
                member(&mut line, name, &quoted(id));
            }
        }
        line.extend_from_slice(b"}\n");
        let identity = hash([&line]);
        let (service, deployment) = (tags.service_id, tags.deployment_id);
        Some(Record { time, identity, is_unique: false, status: None, log: Arc::default(), service, deployment, line })
    }

    /// A request of the HTTP log; the same of its line.
    pub fn http(mut log: Map<String, Value>, names_deployment: bool) -> Option<Record> {
        let text = |name: &str| log.get(name).and_then(Value::as_str);
        let time = time::parse(text("timestamp")?.as_bytes())?;
        let request = text("requestId").filter(|id| !id.is_empty()).map(String::from);
        let deployment = text("deploymentId").map(String::from);
        let status = log.get("httpStatus").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
        if !names_deployment {
            log.remove("deploymentId");
        }
        let mut line = serde_json::to_vec(&log).ok()?;
        line.push(b'\n');
        let identity = request.as_ref().map_or_else(|| hash([&line]), |id| hash([b"request", id.as_bytes()]));
        let is_unique = request.is_some();
        Some(Record { time, identity, is_unique, status, log: Arc::default(), service: None, deployment, line })
    }
}

impl Record {
    /// What the platform saw itself, a flow or a look-up, with a `timestamp` as the command line prints it.
    pub fn seen(mut row: Map<String, Value>, member: &str, names_deployment: bool) -> Option<Record> {
        let written = row.get(member)?.as_str()?.to_string();
        let time = time::parse(written.as_bytes())?;
        let id = |name: &str| row.get(name).and_then(Value::as_str).map(String::from);
        let (service, deployment) = (id("serviceId"), id("deploymentId"));
        if !names_deployment {
            row.remove("deploymentId");
        }
        row.insert("timestamp".into(), written.into());
        let mut line = serde_json::to_vec(&row).ok()?;
        line.push(b'\n');
        let identity = hash([&line]);
        Some(Record { time, identity, is_unique: false, status: None, log: Arc::default(), service, deployment, line })
    }
}

fn member(line: &mut Vec<u8>, name: &str, value: &str) {
    if line.len() > 1 {
        line.push(b',');
    }
    line.extend_from_slice(quoted(name).as_bytes());
    line.push(b':');
    line.extend_from_slice(value.as_bytes());
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// An attribute's value, which is the text of a JSON value, on one line; what is none is a string.
fn as_json(text: &str) -> String {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) if !value.get().contains(['\n', '\r']) => value.get().into(),
        Ok(value) => value.get().replace(['\n', '\r'], " "),
        Err(_) => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(json: &str) -> Record {
        Record::app(serde_json::from_str(json).unwrap(), true).unwrap()
    }

    fn line(record: &Record) -> &str {
        std::str::from_utf8(&record.line).unwrap()
    }

    #[test]
    fn a_line_is_as_the_command_line_prints_it() {
        let record = app(
            r#"{"timestamp":"2025-08-25T13:26:31.123456789Z","message":"a \"b\"\n","severity":"error","attributes":[
                {"key":"n","value":"42"},{"key":"level","value":"\"info\""},{"key":"message","value":"\"x\""},{"key":"t","value":"not json"}],
                "tags":{"serviceId":"s","deploymentId":"d","deploymentInstanceId":"i"}}"#,
        );
        assert_eq!(
            line(&record),
            concat!(
                r#"{"message":"a \"b\"\n","timestamp":"2025-08-25T13:26:31.123456789Z","level":"info","n":42,"t":"not json","#,
                r#""deploymentId":"d","deploymentInstanceId":"i"}"#,
                "\n"
            )
        );
        assert_eq!(record.time.to_string(), "2025-08-25T13:26:31.123456789Z");
        assert_eq!(record.service.as_deref(), Some("s"));
    }

    #[test]
    fn the_severity_is_the_level_where_there_is_no_other() {
        let record =
            app(r#"{"timestamp":"2025-08-25T13:26:31Z","message":"x","severity":"error","attributes":[],"tags":null}"#);
        assert_eq!(line(&record), "{\"message\":\"x\",\"timestamp\":\"2025-08-25T13:26:31Z\",\"level\":\"error\"}\n");
    }

    #[test]
    fn the_order_of_attributes_means_nothing_and_the_replica_does() {
        let with = |attributes: &str, replica: &str| {
            app(&format!(
                r#"{{"timestamp":"2025-08-25T13:26:31Z","message":"x","attributes":[{attributes}],"tags":{{"deploymentInstanceId":"{replica}"}}}}"#
            ))
        };
        let (a, b) = (r#"{"key":"a","value":"1"}"#, r#"{"key":"b","value":"2"}"#);
        assert_eq!(with(&format!("{a},{b}"), "1").identity, with(&format!("{b},{a}"), "1").identity);
        assert_ne!(with(a, "1").identity, with(a, "2").identity);
        assert_ne!(with(a, "1").identity, with(b, "1").identity);
    }

    #[test]
    fn a_value_of_several_lines_is_on_one() {
        let record = app(
            "{\"timestamp\":\"2025-08-25T13:26:31Z\",\"message\":\"x\",\"attributes\":[{\"key\":\"o\",\"value\":\"{\\n\\\"a\\\": 1}\"}]}",
        );
        assert_eq!(line(&record).lines().count(), 1);
        assert!(line(&record).contains(r#""o":{ "a": 1}"#), "{}", line(&record));
    }

    #[test]
    fn a_request_is_known_by_its_id() {
        let http = |json: &str| Record::http(serde_json::from_str(json).unwrap(), true).unwrap();
        let a = http(r#"{"timestamp":"2025-08-25T13:26:31Z","requestId":"r","httpStatus":200}"#);
        let b = http(r#"{"timestamp":"2025-08-25T13:26:31Z","requestId":"r","httpStatus":499}"#);
        assert!(a.identity == b.identity && a.is_unique);
        assert_ne!(a.identity, http(r#"{"timestamp":"2025-08-25T13:26:31Z","requestId":"s"}"#).identity);
        assert!(!http(r#"{"timestamp":"2025-08-25T13:26:31Z","requestId":""}"#).is_unique);
    }

    #[test]
    fn among_several_services_a_line_does_not_name_its_deployment() {
        let log = r#"{"timestamp":"2025-08-25T13:26:31Z","requestId":"r","deploymentId":"d"}"#;
        let read = |names| Record::http(serde_json::from_str(log).unwrap(), names).unwrap();
        let (one, several) = (read(true), read(false));
        assert!(line(&one).contains(r#""deploymentId":"d""#) && !line(&several).contains("deploymentId"));
        assert_eq!((one.identity, &one.deployment), (several.identity, &several.deployment));
    }
}
