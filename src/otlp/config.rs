//! What is sent where, by the environment variables of OpenTelemetry's specification.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// How often metrics are sent, and how long an attempt may take, by the specification.
const EVERY: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

/// The only protocol that is spoken.
const PROTOCOL: &str = "http/protobuf";

#[derive(Debug)]
pub struct Config {
    pub metrics: Option<Target>,
    pub logs: Option<Target>,
    /// What the run is, for whoever receives it.
    pub resource: Vec<(String, String)>,
    /// How often metrics are sent.
    pub every: Duration,
}

/// Where one kind of data is sent.
#[derive(Debug)]
pub struct Target {
    pub url: Url,
    pub headers: HeaderMap,
    /// How long an attempt may take.
    pub timeout: Duration,
    pub is_packed: bool,
}

impl Config {
    /// `None` where nothing is to be sent: no address is named.
    ///
    /// # Errors
    ///
    /// Says which variable cannot be used, without its value where that may be a secret.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Config>, String> {
        // A variable that is empty counts as none.
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let (metrics, logs) = (Target::of("METRICS", &variable)?, Target::of("LOGS", &variable)?);
        if metrics.is_none() && logs.is_none() {
            return Ok(None);
        }
        let every = milliseconds("OTEL_METRIC_EXPORT_INTERVAL", &variable)?.unwrap_or(EVERY);
        let mut resource = vec![
            ("service.name".to_string(), "logwatch".to_string()),
            ("service.version".to_string(), env!("CARGO_PKG_VERSION").to_string()),
        ];
        let given = pairs("OTEL_RESOURCE_ATTRIBUTES", &variable)?;
        let name = variable("OTEL_SERVICE_NAME").map(|name| ("service.name".to_string(), name));
        for (key, value) in given.into_iter().chain(name) {
            resource.retain(|(known, _)| *known != key);
            resource.push((key, value));
        }
        Ok(Some(Config { metrics, logs, resource, every }))
    }
}

impl Target {
    /// Of `METRICS` or `LOGS`, whose own variables come before those for both.
    fn of(kind: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Target>, String> {
        if variable(&format!("OTEL_{kind}_EXPORTER")).is_some_and(|exporter| exporter == "none") {
            return Ok(None);
        }
        let own = |what: &str| format!("OTEL_EXPORTER_OTLP_{kind}_{what}");
        let either = |what: &str| {
            let (own, both) = (own(what), format!("OTEL_EXPORTER_OTLP_{what}"));
            variable(&own).map(|value| (own, value)).or_else(|| variable(&both).map(|value| (both, value)))
        };
        let Some((named, address)) = either("ENDPOINT") else { return Ok(None) };
        let mut url = Url::parse(address.trim()).map_err(|error| format!("{named}: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{named}: an address of http or https is needed"));
        }
        if named != own("ENDPOINT") {
            let path = url.path().trim_end_matches('/').to_string();
            url.set_path(&format!("{path}/v1/{}", kind.to_lowercase()));
        }
        if let Some((named, protocol)) = either("PROTOCOL").filter(|(_, protocol)| protocol != PROTOCOL) {
            return Err(format!("{named}: {protocol:?} is not spoken here; {PROTOCOL} is"));
        }
        let is_packed = match either("COMPRESSION") {
            None => false,
            Some((_, how)) if how == "gzip" || how == "none" => how == "gzip",
            Some((named, how)) => return Err(format!("{named}: {how:?} is not known here; gzip and none are")),
        };
        let named = either("TIMEOUT").map_or(own("TIMEOUT"), |(named, _)| named);
        let timeout = milliseconds(&named, variable)?.unwrap_or(TIMEOUT);
        let named = either("HEADERS").map_or(own("HEADERS"), |(named, _)| named);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs(&named, variable)? {
            let unfit = || format!("{named}: a name or a value is none that a header can have");
            let mut value = HeaderValue::try_from(value).map_err(|_| unfit())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|_| unfit())?, value);
        }
        Ok(Some(Target { url, headers, timeout, is_packed }))
    }
}

fn milliseconds(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Duration>, String> {
    let Some(value) = variable(name) else { return Ok(None) };
    match value.trim().parse() {
        Ok(milliseconds @ 1..=86_400_000) => Ok(Some(Duration::from_millis(milliseconds))),
        _ => Err(format!("{name}: {value:?} is no number of milliseconds from 1 to those of a day")),
    }
}

/// `key=value,key=value`, with what is written as `%2C` and the like.
fn pairs(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, String> {
    let written = variable(name).unwrap_or_default();
    let decoded = |text: &str| percent_decode_str(text.trim()).decode_utf8().map(String::from);
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        decoded(key).ok().zip(decoded(value).ok())
    };
    let pairs = written.split(',').filter(|pair| !pair.trim().is_empty());
    pairs.map(|text| pair(text).ok_or_else(|| format!("{name}: it has to be key=value,key=value"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Option<Config>, String> {
        Config::of(&|name| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn addresses_are_those_of_the_specification() {
        assert!(config(&[]).unwrap().is_none());
        assert!(config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).unwrap().is_none());
        let both = config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")]).unwrap().unwrap();
        assert_eq!(both.metrics.unwrap().url.as_str(), "http://collector:4318/v1/metrics");
        assert_eq!(both.logs.unwrap().url.as_str(), "http://collector:4318/v1/logs");
        let one = config(&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://example.com/in?key=1")]).unwrap().unwrap();
        assert_eq!(one.metrics.unwrap().url.as_str(), "https://example.com/in?key=1");
        assert!(one.logs.is_none());
        let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"), ("OTEL_SDK_DISABLED", "true")];
        assert!(config(&off).unwrap().is_none());
        let without = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"), ("OTEL_LOGS_EXPORTER", "none")];
        let without = config(&without).unwrap().unwrap();
        assert!(without.logs.is_none() && without.metrics.is_some());
    }

    #[test]
    fn what_is_of_one_kind_comes_before_what_is_of_both() {
        let config = config(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of%20both, x-tenant = a%2Cb"),
            ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-key=of-logs"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "500"),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=production"),
            ("OTEL_SERVICE_NAME", "watcher"),
        ]);
        let Config { metrics, logs, resource, every } = config.unwrap().unwrap();
        let (metrics, logs) = (metrics.unwrap(), logs.unwrap());
        assert_eq!(metrics.url.path(), "/base/v1/metrics");
        assert_eq!(
            (&metrics.headers["x-key"], &metrics.headers["x-tenant"]),
            (&"of both".parse().unwrap(), &"a,b".parse().unwrap())
        );
        assert_eq!((logs.headers.len(), logs.headers["x-key"].to_str().unwrap()), (1, "of-logs"));
        assert_eq!([metrics.timeout, logs.timeout, every].map(|time| time.as_millis()), [2_500, 500, 15_000]);
        assert!(metrics.is_packed && !logs.is_packed);
        let resource: Vec<(&str, &str)> = resource.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let version = ("service.version", env!("CARGO_PKG_VERSION"));
        assert_eq!(resource, [version, ("deployment.environment.name", "production"), ("service.name", "watcher")]);
    }

    #[test]
    fn what_cannot_be_used_is_told_and_no_secret_with_it() {
        let address = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        for (name, value, expected) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http or https"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "not an address", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "0", "milliseconds"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization", "key=value"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret", "header"),
        ] {
            let error = config(&[(name, value), address]).unwrap_err();
            assert!(error.contains(expected) && error.starts_with("OTEL_"), "{name}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
