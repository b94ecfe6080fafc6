//! Whom a plan tells of what happens: `[[notify]]`, and where its addresses and secrets are.

use reqwest::Url;
use serde::Deserialize;
use toml::Spanned;

use super::{Error, Plan};
use crate::source::railway::is_loopback;
use crate::time::Time;
use crate::zone::Zone;

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
    /// `env:NAME`, which holds the key of an integration.
    pub pagerduty: Option<Spanned<String>>,
    /// `env:NAME`, which holds the token of a bot.
    pub telegram: Option<Spanned<String>>,
    /// The id of a chat, or `env:NAME`, for `telegram`.
    pub chat: Option<Spanned<String>>,
    /// Where `pagerduty` or `telegram` is asked, if not at its usual place.
    pub url: Option<Spanned<String>>,
    /// Addresses of mail.
    pub email: Option<Spanned<Vec<String>>>,
    /// The address it is from.
    pub from: Option<Spanned<String>>,
    /// `env:NAME`, which holds the address of a server with user and password.
    pub smtp: Option<Spanned<String>>,
    /// When nothing but a rollback is sent.
    pub quiet: Option<Spanned<WrittenQuiet>>,
    /// Of triggers only those that begin to fire and make the verdict graver.
    #[serde(default)]
    pub only_verdict_changes: bool,
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
    /// What actions do, or leave to a person.
    Action,
}

/// Hours of each day, by a clock.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenQuiet {
    /// `22:00`
    pub from: String,
    pub until: String,
    /// UTC when left out.
    pub zone: Option<String>,
}

/// Hours of each day in which nobody is told of what can wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// As a clock shows them, to compare with what it shows: `22:00:00`.
    from: String,
    until: String,
    zone: Zone,
}

impl Quiet {
    /// Whether a time lies in them; they may reach beyond midnight.
    pub fn holds(&self, time: Time) -> bool {
        let clock = self.zone.clock(time);
        if self.from <= self.until {
            (&self.from..&self.until).contains(&&clock)
        } else {
            clock >= self.from || clock < self.until
        }
    }
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
    pub quiet: Option<Quiet>,
    pub only_verdict_changes: bool,
}

/// How a receiver is reached.
#[derive(Clone)]
pub enum Way {
    Command(Vec<String>),
    Webhook {
        url: Url,
        secret: Option<String>,
    },
    Slack(Url),
    Discord(Url),
    PagerDuty {
        url: Url,
        key: String,
    },
    Telegram {
        url: Url,
        chat: String,
    },
    /// `smtp` is an address as the client of mail takes it.
    Email {
        smtp: String,
        from: String,
        to: Vec<String>,
    },
}

/// Addresses and secrets are never shown.
impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Way::Command(_) => "Command",
            Way::Webhook { .. } => "Webhook",
            Way::Slack(_) => "Slack",
            Way::Discord(_) => "Discord",
            Way::PagerDuty { .. } => "PagerDuty",
            Way::Telegram { .. } => "Telegram",
            Way::Email { .. } => "Email",
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
            let Notify { on, quiet, only_verdict_changes, .. } = written.get_ref().clone();
            let quiet = quiet.map(|quiet| self.quiet(&quiet)).transpose()?;
            all.extend(way.map(|way| Receiver { name, way, on, quiet, only_verdict_changes }));
        }
        Ok(all)
    }

    /// How many receivers it has, with those it inherits.
    pub fn notifies(&self) -> usize {
        self.document.notify.len() + self.base.as_ref().map_or(0, |base| base.notifies())
    }

    fn way(&self, written: &Spanned<Notify>, variables: Variables<'_>) -> Result<(&'static str, Option<Way>), Error> {
        let Notify { command, webhook, secret, slack, discord, pagerduty, telegram, email, on, .. } = written.get_ref();
        let many = [
            command.is_some(),
            webhook.is_some(),
            slack.is_some(),
            discord.is_some(),
            pagerduty.is_some(),
            telegram.is_some(),
            email.is_some(),
        ];
        if many.iter().filter(|is_there| **is_there).count() != 1 {
            let message = "a `[[notify]]` has one of `command`, `webhook`, `slack`, `discord`, `pagerduty`, `telegram` and `email`";
            return Err(self.error(written, message.into()));
        }
        if on.is_empty() {
            return Err(self.error(written, "`on` is empty: nothing would be sent".into()));
        }
        if let (Some(secret), None) = (secret, webhook) {
            return Err(self.error(secret, "`secret` signs what a `webhook` gets, and nothing else".into()));
        }
        self.misplaced(written.get_ref())?;
        if let Some(command) = command {
            if command.get_ref().first().is_none_or(|program| program.is_empty()) {
                return Err(self.error(command, "`command` is empty; name a program and its arguments".into()));
            }
            return Ok(("command", Some(Way::Command(command.get_ref().clone()))));
        }
        if let Some(webhook) = webhook {
            let secret = secret.as_ref().map(|secret| self.variable(secret, variables)).transpose()?;
            let url = match is_reference(webhook.get_ref()) {
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
        if let Some(key) = pagerduty {
            return Ok(("pagerduty", self.pagerduty(written.get_ref(), key, variables)?));
        }
        if let Some(token) = telegram {
            return Ok(("telegram", self.telegram(written, token, variables)?));
        }
        if let Some(to) = email {
            return Ok(("email", self.email(written, to, variables)?));
        }
        let discord = discord.as_ref().map_or(Ok(None), url)?;
        Ok(("discord", discord.map(Way::Discord)))
    }

    /// Refuses keys that are for another kind of receiver.
    fn misplaced(&self, written: &Notify) -> Result<(), Error> {
        let Notify { pagerduty, telegram, chat, url, email, from, smtp, .. } = written;
        for (key, name, of, is_right) in [
            (chat, "chat", "`telegram`", telegram.is_some()),
            (url, "url", "`pagerduty` and `telegram`", pagerduty.is_some() || telegram.is_some()),
            (from, "from", "`email`", email.is_some()),
            (smtp, "smtp", "`email`", email.is_some()),
        ] {
            if let (Some(key), false) = (key, is_right) {
                return Err(self.error(key, format!("`{name}` is for {of}")));
            }
        }
        Ok(())
    }

    fn pagerduty(
        &self,
        written: &Notify,
        key: &Spanned<String>,
        variables: Variables<'_>,
    ) -> Result<Option<Way>, Error> {
        /// The Events API v2, of accounts in the United States; those in Europe have another server.
        const EVENTS: &str = "https://events.pagerduty.com";
        let url = self.base(written, EVENTS)?.join("v2/enqueue");
        let url = url.map_err(|error| self.error(key, error.to_string()))?;
        Ok(self.variable(key, variables)?.map(|key| Way::PagerDuty { url, key }))
    }

    fn telegram(
        &self,
        written: &Spanned<Notify>,
        token: &Spanned<String>,
        variables: Variables<'_>,
    ) -> Result<Option<Way>, Error> {
        const BOTS: &str = "https://api.telegram.org";
        let Some(chat) = &written.get_ref().chat else {
            return Err(self.error(written, "`telegram` needs a `chat`: its id, or env:NAME".into()));
        };
        let chat = match is_reference(chat.get_ref()) {
            true => self.variable(chat, variables)?,
            false => Some(chat.get_ref().clone()),
        };
        let base = self.base(written.get_ref(), BOTS)?;
        let Some(text) = self.variable(token, variables)? else { return Ok(None) };
        let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-');
        let url = base.join(&format!("./bot{text}/sendMessage"));
        match url {
            Ok(url) if text.chars().all(is_token) => Ok(chat.map(|chat| Way::Telegram { url, chat })),
            _ => Err(self.error(token, "its variable holds no token of a bot".into())),
        }
    }

    fn email(
        &self,
        written: &Spanned<Notify>,
        to: &Spanned<Vec<String>>,
        variables: Variables<'_>,
    ) -> Result<Option<Way>, Error> {
        let (Some(from), Some(smtp)) = (&written.get_ref().from, &written.get_ref().smtp) else {
            return Err(self.error(written, "`email` needs `from`, and `smtp = \"env:NAME\"`".into()));
        };
        let is_address = |text: &str| text.parse::<lettre::message::Mailbox>().is_ok();
        if to.get_ref().is_empty() {
            return Err(self.error(to, "`email` is empty; name whom to write to".into()));
        }
        if let Some(wrong) = to.get_ref().iter().find(|text| !is_address(text)) {
            return Err(self.error(to, format!("`{wrong}` is no address of mail")));
        }
        if !is_address(from.get_ref()) {
            return Err(self.error(from, format!("`{}` is no address of mail", from.get_ref())));
        }
        let Some(text) = self.variable(smtp, variables)? else { return Ok(None) };
        let wrong =
            || self.error(smtp, "its variable holds no server of mail, such as smtps://user:password@host:465".into());
        let mut url = Url::parse(&text).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        // Neither what is written nor a password goes out in the open, but on this machine, if nothing else is asked for.
        let is_open = url.scheme() == "smtp" && is_loopback(&url) && url.query() != Some("tls=required");
        url.set_query((!is_open).then_some("tls=required"));
        let (from, to) = (from.get_ref().clone(), to.get_ref().clone());
        Ok(Some(Way::Email { smtp: url.into(), from, to }))
    }

    /// Where a service is asked: at its usual place unless `url` says otherwise.
    fn base(&self, written: &Notify, usual: &str) -> Result<Url, Error> {
        match &written.url {
            Some(url) => self.address(url, &format!("{}/", url.get_ref().trim_end_matches('/'))),
            None => Url::parse(usual).map_err(|error| self.error(&Spanned::new(0..0, ()), error.to_string())),
        }
    }

    fn quiet(&self, written: &Spanned<WrittenQuiet>) -> Result<Quiet, Error> {
        let WrittenQuiet { from, until, zone } = written.get_ref();
        let clock = |text: &String| {
            let is_clock = text.len() == 5 && chrono::NaiveTime::parse_from_str(text, "%H:%M").is_ok();
            // The end of a day is one, too.
            let is_one = is_clock || text == "24:00";
            is_one
                .then(|| format!("{text}:00"))
                .ok_or_else(|| self.error(written, format!("`{text}` is no time of day; write for example 22:00")))
        };
        let zone = zone.as_deref().map_or(Ok(Zone::Utc), str::parse).map_err(|error| self.error(written, error))?;
        Ok(Quiet { from: clock(from)?, until: clock(until)?, zone })
    }

    /// What the variable that `env:NAME` names, or the file of `file:PATH`, holds.
    pub(super) fn variable(&self, text: &Spanned<String>, variables: Variables<'_>) -> Result<Option<String>, Error> {
        let name = text.get_ref().strip_prefix("env:").map(str::trim).filter(|name| is_name(name));
        let path = text.get_ref().strip_prefix("file:").map(str::trim).filter(|path| !path.is_empty());
        let held = match (name, path) {
            (None, None) => {
                // What stands here instead may be the secret itself, and is not repeated.
                let what = "this is a secret: put it into an environment variable, and write `env:NAME` here, or into a file, and write `file:PATH`";
                return Err(self.error(text, what.into()));
            }
            (Some(name), _) => {
                let Some(variables) = variables else { return Ok(None) };
                variables(name).ok_or_else(|| format!("the environment variable {name} is not set"))
            }
            (None, Some(path)) => {
                if variables.is_none() {
                    return Ok(None);
                }
                std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
            }
        };
        let held = held.map_err(|what| self.error(text, what))?.trim().to_string();
        match (held.is_empty(), name, path) {
            (false, ..) => Ok(Some(held)),
            (true, Some(name), _) => Err(self.error(text, format!("the environment variable {name} is not set"))),
            (true, ..) => Err(self.error(text, format!("{} is empty", path.unwrap_or_default()))),
        }
    }

    /// An address that may be sent to. It is not repeated where it is none.
    fn address(&self, text: &Spanned<String>, url: &str) -> Result<Url, Error> {
        let of = match text.get_ref().split_once(':') {
            Some(("env" | "file", name)) => format!("what {} holds", name.trim()),
            _ => "this".into(),
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

/// Whether it says where a text is, in place of the text.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with("env:") || text.starts_with("file:")
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
