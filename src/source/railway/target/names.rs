//! What is called by a name or an id, among what is there.

use super::{Error, Named, Wanted};
use crate::expr::suggest::nearest;
use crate::text::escape;

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

pub(super) fn is_called(named: &Named, text: &str) -> bool {
    named.id.eq_ignore_ascii_case(text) || named.name.to_lowercase() == text.to_lowercase()
}

/// A project token knows its project and environment: what is asked for beside it has to be the same.
pub(super) fn agrees(what: &str, wanted: Option<&str>, is: &Named) -> Result<(), Error> {
    match wanted.filter(|wanted| !is_called(is, wanted)) {
        None => Ok(()),
        Some(wanted) => Err(Error::Asked(format!(
            "the token is for {what} {}, not for {}; leave out --{what}, or set RAILWAY_API_TOKEN to an account token",
            escape(&is.name),
            escape(wanted)
        ))),
    }
}

/// The one that is called so; the only one where none is named.
pub(super) fn one(what: &str, wanted: Option<&str>, there: &[Named], of: &Named) -> Result<Named, Error> {
    let names = || there.iter().map(|named| escape(&named.name)).collect::<Vec<_>>().join(", ");
    let Some(wanted) = wanted else {
        return match there {
            [only] => Ok(only.clone()),
            [] => Err(Error::Asked(format!("there is no {what} in {}", escape(&of.name)))),
            _ => Err(Error::Asked(format!("which {what}? Name one with --{what}: {}", names()))),
        };
    };
    let found: Vec<&Named> = there.iter().filter(|named| is_called(named, wanted)).collect();
    match found[..] {
        [only] => Ok(only.clone()),
        [] => Err(Error::Asked(format!(
            "there is no {what} {} in {}; {}",
            escape(wanted),
            escape(&of.name),
            suggested(wanted, there).unwrap_or_else(|| format!("there are: {}", names()))
        ))),
        _ => {
            let ids = found.iter().map(|named| named.id.as_str()).collect::<Vec<_>>().join(", ");
            Err(Error::Asked(format!("several are called {what} {}; name one by its id: {ids}", escape(wanted))))
        }
    }
}

pub(super) fn suggested(wanted: &str, there: &[Named]) -> Option<String> {
    let near = nearest(wanted, there.iter().map(|named| named.name.as_str()))?;
    Some(format!("did you mean {}?", escape(near)))
}

pub(super) fn services(wanted: &Wanted, there: &[Named], environment: &Named) -> Result<Vec<Named>, Error> {
    let is_own = |named: &Named| wanted.own_service.as_deref() == Some(named.id.as_str());
    let mut found = Vec::new();
    for name in &wanted.services {
        let service = one("service", Some(name), there, environment)?;
        if is_own(&service) {
            return Err(Error::Asked(format!(
                "{} is the service that logwatch itself runs as; its own output is not watched",
                escape(&service.name)
            )));
        }
        if !found.contains(&service) {
            found.push(service);
        }
    }
    if wanted.services.is_empty() {
        found.extend(there.iter().filter(|named| !is_own(named)).cloned());
        found.sort_by(|a, b| a.name.cmp(&b.name));
    }
    match found.is_empty() {
        true => Err(Error::Asked(format!("there is no service to watch in {}", escape(&environment.name)))),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str, name: &str) -> Named {
        Named { id: id.into(), name: name.into() }
    }

    #[test]
    fn names_and_ids_are_found_and_what_is_near_is_suggested() {
        let (there, shop) = ([named("1", "production"), named("2", "staging")], named("p", "shop"));
        let find = |wanted: Option<&str>| one("environment", wanted, &there, &shop).map_err(|error| error.to_string());
        assert_eq!(find(Some("Staging")).unwrap().id, "2");
        assert_eq!(find(Some("1")).unwrap().name, "production");
        assert!(find(Some("prodction")).unwrap_err().contains("did you mean production?"));
        assert!(find(Some("x")).unwrap_err().contains("production, staging"));
        assert!(find(None).unwrap_err().contains("--environment"));
        let twice = [named("1", "api"), named("2", "API")];
        assert!(one("service", Some("api"), &twice, &shop).unwrap_err().to_string().contains("1, 2"));
    }

    #[test]
    fn its_own_service_is_never_watched() {
        let there = [named("1", "api"), named("2", "watcher")];
        let mut wanted = Wanted { own_service: Some("2".into()), ..Wanted::default() };
        assert_eq!(services(&wanted, &there, &named("e", "production")).unwrap(), [named("1", "api")]);
        wanted.services = vec!["watcher".into()];
        assert!(services(&wanted, &there, &named("e", "production")).is_err());
    }
}
