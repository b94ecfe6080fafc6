//! The token that the API knows its caller by. It is read from the environment or from a file, sent to the API's own server, and
//! shown nowhere.

use std::fmt;
use std::path::Path;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::Error;

/// What a token gives access to, and so how it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One environment of one project.
    Project,
    /// What an account, a workspace or an application may see.
    Account,
}

/// What a request proves its right with; it is never shown.
#[derive(Clone)]
pub struct Token {
    secret: HeaderValue,
    /// Whose it is.
    pub access: Access,
    /// Where it is from, for messages.
    pub from: String,
}

/// The variables that Railway's own command line reads.
const PROJECT: &str = "RAILWAY_TOKEN";
const ACCOUNT: &str = "RAILWAY_API_TOKEN";

impl Token {
    /// The token of a file if one is named, else of the environment. Of a file it is not known which kind it holds: the second
    /// token is the same as the other kind.
    pub fn find(
        file: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(Token, Option<Token>), Error> {
        if let Some(path) = file {
            let from = crate::text::escape(&path.display().to_string());
            let text = std::fs::read_to_string(path)
                .map_err(|error| Error::Asked(format!("--token-file {from}: cannot be read: {error}")))?;
            let token = |access| Token::new(text.trim(), access, &format!("--token-file {from}"));
            return Ok((token(Access::Project)?, Some(token(Access::Account)?)));
        }
        for (name, access) in [(PROJECT, Access::Project), (ACCOUNT, Access::Account)] {
            if let Some(text) = variable(name).filter(|text| !text.trim().is_empty()) {
                return Ok((Token::new(text.trim(), access, name)?, None));
            }
        }
        Err(Error::Asked(format!(
            "no token for Railway: set {PROJECT} to a project token (made in the project's Settings > Tokens; it needs no --project \
             and no --environment), or {ACCOUNT} to an account token (https://railway.com/account/tokens), or name a file with \
             --token-file"
        )))
    }

    fn new(text: &str, access: Access, from: &str) -> Result<Token, Error> {
        let sent = match access {
            Access::Project => text.to_string(),
            Access::Account => format!("Bearer {text}"),
        };
        let wrong =
            || Error::Asked(format!("{from} holds no token: a token is one word of letters, digits and dashes"));
        let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let mut secret = HeaderValue::from_str(&sent).ok().filter(|_| is_word).ok_or_else(wrong)?;
        secret.set_sensitive(true);
        Ok(Token { secret, access, from: from.into() })
    }

    /// The header it is sent in.
    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let name = match self.access {
            Access::Project => HeaderName::from_static("project-access-token"),
            Access::Account => AUTHORIZATION,
        };
        (name, self.secret.clone())
    }

    /// What to do about a token that is not accepted.
    pub fn advice(&self) -> String {
        match (self.access, self.from.as_str()) {
            (_, from) if from.starts_with("--token-file") => {
                format!("is the token in {from} complete, and not deleted or expired?")
            }
            (Access::Project, _) => format!(
                "is the token in {PROJECT} complete, and not deleted or expired? It has to be a project token; an account token goes into {ACCOUNT}"
            ),
            (Access::Account, _) => format!(
                "is the token in {ACCOUNT} complete, not expired, and may its account see this? It has to be an account or workspace token; a project token goes into {PROJECT}"
            ),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("access", &self.access).field("from", &self.from).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<Token, Error> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| text.to_string());
        Token::find(None, variable).map(|(token, _)| token)
    }

    #[test]
    fn a_token_is_known_by_where_it_is_from() {
        let project = found(&[(PROJECT, " abc-1 \n"), (ACCOUNT, "def")]).unwrap();
        assert_eq!(
            project.header(),
            (HeaderName::from_static("project-access-token"), HeaderValue::from_static("abc-1"))
        );
        let account = found(&[(PROJECT, ""), (ACCOUNT, "def")]).unwrap();
        assert_eq!(account.header(), (AUTHORIZATION, HeaderValue::from_static("Bearer def")));
        let message = found(&[]).unwrap_err().to_string();
        assert!(
            message.contains(PROJECT) && message.contains(ACCOUNT) && message.contains("--token-file"),
            "{message}"
        );
    }

    #[test]
    fn a_token_is_never_shown() {
        let token = found(&[(ACCOUNT, "s3cret-word")]).unwrap();
        assert!(!format!("{token:?} {:?} {}", token.header(), token.advice()).contains("s3cret"));
        let message = found(&[(ACCOUNT, "s3cret word")]).unwrap_err().to_string();
        assert!(!message.contains("s3cret"), "{message}");
    }
}
