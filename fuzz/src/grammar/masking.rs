//! Lines in which secrets stand: words that announce them, what stands between, and what they look like.

use fastrand::Rng;

use super::pipeline;
use crate::mutate::{lines, pick, pieces};

pub fn mutate(text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    match random.u8(..8) {
        0 => pipeline::mutate(text, random),
        _ => pieces(lines(&text), |_, random| line(random).into_bytes(), random),
    }
}

const PARTS: [&str; 48] = [
    "password",
    "passwd",
    "userPassword",
    "api_key",
    "accessToken",
    "token",
    "secret",
    "Authorization",
    "Cookie",
    "Set-Cookie",
    "session_id",
    "otp",
    "pass",
    "credentials",
    "key",
    "signature",
    "X-Amz-Signature",
    "=",
    ":",
    ": ",
    " = ",
    "\"",
    "'",
    "\\\"",
    "\":\"",
    "Bearer ",
    "Basic ",
    "Token ",
    "hunter2",
    "0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    "sk-ant-api03-0123456789abcdef",
    "https://",
    "user:",
    "@db:5432/x",
    "?",
    "&",
    ";",
    ",",
    " ",
    "{",
    "}",
    "%3D",
    "%22",
    "***",
    "-----BEGIN PRIVATE KEY-----",
];

fn line(random: &mut Rng) -> String {
    let parts: String = (0..random.usize(1..20)).map(|_| pick(&PARTS, random)).collect();
    parts + if random.u8(..3) == 0 { "" } else { "\n" }
}
