//! A record of `railway logs --http --json`: its stamp is the request's end.

use crate::clock::Stamp;
use crate::play::Request;
use crate::random::Random;
use crate::stack::{object, quoted};

/// `deployment`: its id, and that of its instance.
pub fn write(request: &Request, deployment: &[String; 2], stamp: &mut Stamp, random: &mut Random, out: &mut Vec<u8>) {
    let mut time = Vec::new();
    stamp.write(request.end(), &mut time);
    let served = request.in_app || request.status < 500;
    let [id, instance] = deployment;
    let (address, errors, instance) = if served {
        ("http://[fd12:74c6:9d20::7]:8080", quoted(""), instance.as_str())
    } else {
        ("", upstream_errors(instance, random), "00000000-0000-0000-0000-000000000000")
    };
    let upstream = if served { request.upstream_ms } else { 0.0 };
    let (third, fourth) = request.address;
    let mut members = vec![
        ("timestamp", quoted(&String::from_utf8(time).unwrap_or_default())),
        ("method", quoted(request.method)),
        ("path", quoted(&request.path)),
        ("httpStatus", request.status.to_string()),
        ("totalDuration", format!("{:.0}", request.total_ms)),
        ("upstreamRqDuration", format!("{upstream:.0}")),
        ("requestId", quoted(&request.id)),
        ("host", quoted("shop.up.railway.app")),
        ("clientUa", quoted(request.agent)),
        ("srcIp", quoted(&format!("198.51.{third}.{fourth}"))),
        ("edgeRegion", quoted("europe-west4-drams3a")),
        ("txBytes", random.between(180, 4_200).to_string()),
        ("rxBytes", random.between(240, 900).to_string()),
        ("upstreamAddress", quoted(address)),
        ("upstreamProto", quoted("HTTP/1.1")),
        ("downstreamProto", quoted("HTTP/2.0")),
        ("upstreamErrors", errors),
        ("responseDetails", quoted(if served { "" } else { "Retried single replica" })),
        ("deploymentId", quoted(id)),
        ("deploymentInstanceId", quoted(instance)),
    ];
    random.shuffle(&mut members);
    object(&members, out);
}

/// JSON text of an array, in a string.
fn upstream_errors(instance: &str, random: &mut Random) -> String {
    let error = random.pick(&["connection refused", "connection dial timeout", "connection closed unexpectedly"]);
    let duration = random.between(0, 120);
    quoted(&format!(r#"[{{"deploymentInstanceID":"{instance}","duration":{duration},"error":"{error}"}}]"#))
}
