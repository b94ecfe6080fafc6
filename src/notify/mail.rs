//! A message by mail.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::{Message as Mail, SmtpTransport, Transport};

use super::message::Message;
use super::send::Failed;

/// Writes to some people, over a server that may take so long for each answer.
pub fn send(smtp: &str, from: &str, to: &[String], message: &Message, timeout: Duration) -> Result<(), Failed> {
    let mail = written(from, to, message).map_err(|error| Failed::ForGood(error.to_string()))?;
    let transport = SmtpTransport::from_url(smtp).map_err(|error| refused(&error))?;
    let sent = transport.timeout(Some(timeout)).build().send(&mail);
    sent.map(drop).map_err(|error| match error.is_permanent() {
        true => refused(&error),
        false => Failed::ForNow { why: describe(&error), wait: None },
    })
}

fn written(from: &str, to: &[String], message: &Message) -> anyhow::Result<Mail> {
    let from: Mailbox = from.parse()?;
    // Who gets it twice sees that it is the same.
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let mut mail = Mail::builder().message_id(Some(id)).from(from);
    for address in to {
        mail = mail.to(address.parse()?);
    }
    let subject = message.lines.first().map_or("", String::as_str);
    Ok(mail.subject(subject).header(ContentType::TEXT_PLAIN).body(message.mail())?)
}

fn refused(error: &Error) -> Failed {
    Failed::ForGood(describe(error))
}

/// What went wrong, with its cause. Neither shows the address of the server.
fn describe(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
