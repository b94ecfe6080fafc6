//! Whom a plan tells of what happens: `[[notify]]`, and where its addresses and secrets are.

use reqwest::Url;
use serde::Deserialize;
use toml::Spanned;

use super::{Error, Plan};
use crate::source::railway::is_loopback;

/// A `[[notify]]`: one receiver, and what it is told of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// A program and its arguments, run without a shell.
    pub command: Option<Spanned<Vec<String>>>,
    /// An address, or `env:NAME`.
    pub webhook: Option<Spanned<String>>,
    /// `env:NAME`, for a webhook.
    pub secret: Option<Spanned<String>>,
    /// `env:NAME`, which holds the address.
    pub slack: Option<Spanned<String>>,
    /// `env:NAME`, which holds the address.
    pub discord: Option<Spanned<String>>,
    #[serde(default = "rollback_and_verdict")]
    pub on: Vec<On>,
}

/// What a receiver is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Triggers of this severity that begin to fire, or resolve.
    Rollback,
    Investigate,
    /// Changes of the verdict.
    Verdict,
    /// Checkpoints and criteria of success that are reached.
    Checkpoint,
}

fn rollback_and_verdict() -> Vec<On> {
    vec![On::Rollback, On::Verdict]
}

/// A receiver whose address is known.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// `notify 2 (slack)`: which table of the plan it is, counted from 1, without its address.
    pub name: String,
    pub way: Way,
    pub on: Vec<On>,
}

/// How a receiver is reached.
#[derive(Clone)]
pub enum Way {
    Command(Vec<String>),
    Webhook { url: Url, secret: Option<String> },
    Slack(Url),
    Discord(Url),
}

/// Addresses and secrets are never shown.
impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Way::Command(_) => "Command",
            Way::Webhook { .. } => "Webhook",
            Way::Slack(_) => "Slack",
            Way::Discord(_) => "Discord",
        })
    }
}

/// Gives what an environment variable holds. Without one only the plan itself is checked.
pub type Variables<'a> = Option<&'a dyn Fn(&str) -> Option<String>>;

impl Plan {
    /// The receivers: those of the plan it extends, then its own. Without `variables` those whose address is in one are left out.
    ///
    /// # Errors
    ///
    /// Tables that say nothing clear, addresses that are not safe to send to, and variables that are not set, each with its place.
    pub fn receivers(&self, variables: Variables<'_>) -> Result<Vec<Receiver>, Error> {
        let mut all = self.base.as_ref().map_or(Ok(Vec::new()), |base| base.receivers(variables))?;
        let first = self.base.as_ref().map_or(0, |base| base.notifies());
        for (at, written) in self.document.notify.iter().enumerate() {
            let (kind, way) = self.way(written, variables)?;
            let name = format!("notify {} ({kind})", first + at + 1);
            all.extend(way.map(|way| Receiver { name, way, on: written.get_ref().on.clone() }));
        }
        Ok(all)
    }

    /// How many receivers it has, with those it inherits.
    pub fn notifies(&self) -> usize {
        self.document.notify.len() + self.base.as_ref().map_or(0, |base| base.notifies())
    }

    fn way(&self, written: &Spanned<Notify>, variables: Variables<'_>) -> Result<(&'static str, Option<Way>), Error> {
        let Notify { command, webhook, secret, slack, discord, on } = written.get_ref();
        let many = [command.is_some(), webhook.is_some(), slack.is_some(), discord.is_some()];
        if many.iter().filter(|is_there| **is_there).count() != 1 {
            let message = "a `[[notify]]` has one of `command`, `webhook`, `slack` and `discord`";
            return Err(self.error(written, message.into()));
        }
        if on.is_empty() {
            return Err(self.error(written, "`on` is empty: nothing would be sent".into()));
        }
        if let (Some(secret), None) = (secret, webhook) {
            return Err(self.error(secret, "`secret` signs what a `webhook` gets, and nothing else".into()));
        }
        if let Some(command) = command {
            if command.get_ref().first().is_none_or(|program| program.is_empty()) {
                return Err(self.error(command, "`command` is empty; name a program and its arguments".into()));
            }
            return Ok(("command", Some(Way::Command(command.get_ref().clone()))));
        }
        if let Some(webhook) = webhook {
            let secret = secret.as_ref().map(|secret| self.variable(secret, variables)).transpose()?;
            let url = match webhook.get_ref().starts_with("env:") {
                true => self.variable(webhook, variables)?,
                false => Some(webhook.get_ref().clone()),
            };
            let url = url.map(|url| self.address(webhook, &url)).transpose()?;
            let secret = secret.flatten();
            return Ok(("webhook", url.map(|url| Way::Webhook { url, secret })));
        }
        let url = |text| self.variable(text, variables)?.map(|url| self.address(text, &url)).transpose();
        if let Some(slack) = slack {
            return Ok(("slack", url(slack)?.map(Way::Slack)));
        }
        let discord = discord.as_ref().map_or(Ok(None), url)?;
        Ok(("discord", discord.map(Way::Discord)))
    }

    /// What the variable that `env:NAME` names holds.
    pub(super) fn variable(&self, text: &Spanned<String>, variables: Variables<'_>) -> Result<Option<String>, Error> {
        let name = text.get_ref().strip_prefix("env:").map(str::trim).filter(|name| is_name(name));
        // What stands here instead may be the secret itself, and is not repeated.
        let name = name.ok_or_else(|| {
            self.error(text, "this is a secret: put it into an environment variable, and write `env:NAME` here".into())
        })?;
        let Some(variables) = variables else { return Ok(None) };
        let value = variables(name).map(|value| value.trim().to_string()).filter(|value| !value.is_empty());
        value.map(Some).ok_or_else(|| self.error(text, format!("the environment variable {name} is not set")))
    }

    /// An address that may be sent to. It is not repeated where it is none.
    fn address(&self, text: &Spanned<String>, url: &str) -> Result<Url, Error> {
        let of = match text.get_ref().strip_prefix("env:") {
            Some(name) => format!("what {} holds", name.trim()),
            None => "this".into(),
        };
        let wrong = |what: &str| self.error(text, format!("{of} {what}"));
        let url = Url::parse(url).map_err(|error| wrong(&format!("is no address ({error})")))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) => Ok(url),
            "http" => Err(wrong("is an address without TLS, which only this machine's may be; begin it with https://")),
            _ => Err(wrong("is no address of the web; begin it with https://")),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
