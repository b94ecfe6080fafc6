//! Names as words, and that no rule is there for nothing.

use super::*;
use crate::mask::tests::wrong_samples;

/// Masks by other rules while `act` runs.
fn with<T>(file: File, act: impl FnOnce() -> T) -> T {
    OTHERS.set(Some(Box::leak(Box::new(Rules::new(file)))));
    let done = act();
    OTHERS.set(None);
    done
}

/// Without any one rule or list a sample comes out otherwise.
#[test]
fn every_rule_has_a_sample_that_needs_it() {
    let file = File::read();
    let mut tried: Vec<(String, File)> = Vec::new();
    let mut without = |what: &str, remove: &dyn Fn(&mut File)| {
        let mut file = File::read();
        remove(&mut file);
        tried.push((what.to_string(), file));
    };
    for (index, rule) in file.name.iter().enumerate() {
        without(&rule.about, &|file| drop(file.name.remove(index)));
        if !rule.ends.is_empty() {
            without(&format!("ends of {}", rule.about), &|file| file.name[index].ends.clear());
        }
        if rule.value != Value::Any {
            without(&format!("value of {}", rule.about), &|file| file.name[index].value = Value::Any);
        }
        if rule.place != Place::Anywhere {
            without(&format!("where of {}", rule.about), &|file| file.name[index].place = Place::Anywhere);
        }
    }
    for (index, rule) in file.token.iter().enumerate() {
        without(&rule.about, &|file| drop(file.token.remove(index)));
        if rule.mixed {
            without(&format!("mixed of {}", rule.about), &|file| file.token[index].mixed = false);
        }
        if rule.keep {
            without(&format!("keep of {}", rule.about), &|file| file.token[index].keep = false);
        }
    }
    without("harmless names", &|file| file.harmless.names.clear());
    without("harmless values", &|file| file.harmless.values.clear());
    without("placeholders", &|file| file.harmless.placeholders.clear());
    without("schemes", &|file| file.schemes.names.clear());
    without("schemes of URLs", &|file| file.urls.schemes.clear());
    without("users of URLs", &|file| file.urls.users.clear());
    let needless = tried.into_iter().filter_map(|(what, file)| with(file, wrong_samples).is_empty().then_some(what));
    assert_eq!(needless.collect::<Vec<_>>(), [""; 0]);
}

/// No name is there for nothing: each reads otherwise without it.
#[test]
fn every_name_makes_a_difference() {
    let read = |name: &str| rules().name(name.as_bytes());
    let mut needless = Vec::new();
    for (index, rule) in File::read().name.iter().enumerate() {
        for (at, name) in rule.names.iter().enumerate() {
            let mut file = File::read();
            file.name[index].names.remove(at);
            if read(name) == with(file, || read(name)) {
                needless.push(name.clone());
            }
        }
    }
    assert_eq!(needless, [""; 0]);
}

#[test]
fn names_are_words_in_every_case() {
    for (name, words) in [
        ("password", "password"),
        ("userPassword", "user password"),
        ("UserPassword", "user password"),
        ("USER_PASSWORD", "user password"),
        ("x-api-key", "x api key"),
        ("APIKey", "api key"),
        ("password_hash", "password"),
        ("newPassword2", "new password"),
        ("_token", "token"),
        ("db.password", "db password"),
        ("2fa_code", "2fa code"),
    ] {
        let mut found = Vec::new();
        append_words(name.as_bytes(), &mut found);
        assert_eq!(String::from_utf8(found).unwrap(), words);
    }
}

#[test]
fn only_the_last_words_count() {
    for (words, is_secret) in [
        ("user password", true),
        ("password", true),
        ("dbpassword", true),
        ("x refresh access token", true),
        ("token count", false),
        ("max tokens", false),
        ("public key", false),
        ("compass", false),
        ("author", false),
        ("", false),
    ] {
        let named = rules().name(words.as_bytes());
        assert_eq!(named.is_some_and(|named| named.anywhere.is_some()), is_secret, "{words}");
    }
}
