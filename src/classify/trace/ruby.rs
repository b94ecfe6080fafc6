//! Ruby's errors: as the interpreter prints them in both orders, and as Rails and other loggers do.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memmem, memrchr};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Reach, contains, file_and_line};

/// Between the place of a frame and its method.
static IN: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(":in "));
/// What Puma names the application that failed.
static RACK: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("Rack app ("));
/// Bytes of `2026-11-30 13:08:31`.
const SINATRA_TIME: usize = 19;
/// Bytes of `[2026-11-30 13:08:31]`.
const WEBRICK_TIME: usize = 21;
/// Bytes of Sidekiq's time and process, before the thread.
const LONGEST_CONTEXT: usize = 64;
const REVERSED: &[u8] = b"Traceback (most recent call last):";

pub fn head(whole: &[u8]) -> Head {
    let line = untagged(whole);
    if raised(line).is_some() || behind_request(whole).is_some() {
        Head::Certain
    } else if line.starts_with(REVERSED) || named(line).is_some() || is_spacer(whole) {
        Head::Perhaps
    } else {
        Head::No
    }
}

pub fn is_part(line: &[u8]) -> bool {
    let text = untagged(line).trim_ascii();
    frame(text).is_some()
        || is_spacer(line)
        || (text.starts_with(b"... ") && text.ends_with(b" levels..."))
        || text.starts_with(b"Did you mean?")
        || (text == b"Causes:" || text.starts_with(b"Caused by: "))
}

/// Rails sets an error apart from what it said before.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    let spacer = usize::from(is_spacer(lines.first()?.text));
    let reach = Language::Ruby.head_and_parts(&lines[spacer..])?;
    Some(Reach { length: reach.length + spacer, ..reach })
}

/// Type and message of the first line that names both. The place is the frame nearest to the failure that is neither of a gem
/// nor of Ruby itself.
pub fn read(text: &[u8]) -> Option<Exception> {
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(untagged).collect();
    let framed = lines.iter().position(|line| frame(line.trim_ascii()).is_some());
    // Puma leaves the frames out where it does not debug.
    let framed = framed.or_else(|| behind_request(text).map(|_| 1))?;
    let reversed = lines[..framed].iter().any(|line| line.starts_with(REVERSED));
    let (at, (kind, message)) = match lines.iter().position(|line| raised(line).is_some()) {
        Some(at) => (at, raised(lines[at])?),
        None => (0..framed).rev().find_map(|at| Some((at, named(lines[at])?)))?,
    };
    let mut frames: Vec<_> = match reversed {
        true => lines[..=at].iter().filter_map(|line| frame(line.trim_ascii())).collect(),
        // What follows another error is of its cause.
        false => {
            let next =
                lines[at + 1..].iter().position(|line| raised(line).is_some() || line.starts_with(b"Caused by: "));
            let end = next.map_or(lines.len(), |next| at + 1 + next);
            lines[at..end].iter().filter_map(|line| frame(line.trim_ascii())).collect()
        }
    };
    if reversed {
        frames.reverse();
    }
    let own = frames.iter().find(|(file, ..)| !is_foreign(file)).or(frames.first());
    let mut cause = lines[at + 1..].iter().filter_map(|line| {
        raised(line).or_else(|| named(line.strip_prefix(b"Caused by: ")?)).map(|(kind, _)| lossy(kind))
    });
    Some(Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: own.map(|(file, line, function)| Place { file: lossy(file), line: *line, function: lossy(function) }),
        cause: if reversed { None } else { cause.next_back() },
    })
}

/// Type and message of ``app.rb:3:in `load': message (ArgumentError)``. More lines of the message may follow.
fn raised(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii_end();
    frame(line)?;
    let said = &line[memmem::find(line, b"': ")? + 3..];
    let open = memmem::rfind(said, b"(")?;
    let kind = said[open + 1..].strip_suffix(b")")?;
    is_constant(kind).then(|| (kind, said[..open].trim_ascii_end()))
}

/// Type and message of `NoMethodError (undefined method 'x' for nil):`, as Rails logs it, of `KeyError: key not found`, and of
/// `KeyError - key not found:`, as Sinatra prints it behind the time.
fn named(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii_end();
    let end = line.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')))?;
    let (kind, rest) = line.split_at(end);
    if let Some(message) = kind.strip_suffix(b":").filter(|kind| is_constant(kind) && rest.starts_with(b" ")) {
        return Some((message, rest.trim_ascii_start()));
    }
    if let Some(message) = rest.strip_prefix(b" - ").and_then(|rest| rest.strip_suffix(b":")) {
        return is_constant(kind).then_some((kind, message));
    }
    let message = rest.strip_prefix(b" (")?;
    let message = message.strip_suffix(b"):").or_else(|| message.strip_suffix(b")"))?;
    is_constant(kind).then_some((kind, message))
}

/// `ActiveRecord::ConnectionNotEstablished`: names that begin with a capital, and are no levels.
fn is_constant(name: &[u8]) -> bool {
    let mut parts = name.split(|&byte| byte == b':').filter(|part| !part.is_empty()).peekable();
    let is_name = |part: &[u8]| part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    parts.peek().is_some()
        && parts.all(|part| part[0].is_ascii_uppercase() && is_name(part))
        && name.iter().any(u8::is_ascii_lowercase)
}

/// File, line and method of ``from app.rb:3:in `load'``, ``2: from app.rb:3:in `load'`` or the same without `from`.
fn frame(text: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text[digits..].strip_prefix(b": ").unwrap_or(text);
    let text = text.strip_prefix(b"from ").unwrap_or(text);
    let at = IN.find(text)?;
    let (file, line) = file_and_line(&text[..at])?;
    let method = text[at + 4..].strip_prefix(b"`").or_else(|| text[at + 4..].strip_prefix(b"'"))?;
    let end = memchr(b'\'', method)?;
    let is_file = !contains(file, b": ") && memchr(b'"', file).is_none();
    is_file.then_some((file, line, &method[..end]))
}

/// A line without the head of Ruby's logger (`F, [2025-08-25T13:50:00.123456 #17] FATAL -- : `), and without the tags that Rails
/// puts behind it (`[6b1f4a2e-…] `); without Sidekiq's (`2026-11-30T13:08:31.123Z pid=1 tid=6kx class=Charge WARN: `) and Sinatra's time, too (`2026-11-30 13:08:31 - `), Puma's with the request that failed
/// (`2026-11-30 13:08:31 +0000 Rack app ("GET /a" - (10.0.0.4)): `), and WEBrick's with the level (`[2026-11-30 13:08:31] ERROR `).
fn untagged(line: &[u8]) -> &[u8] {
    let line = match line {
        [b'2', b'0', _, _, b'-', ..] => {
            let sinatra = || line.get(SINATRA_TIME..)?.strip_prefix(b" - ");
            sinatra().or_else(|| behind_request(line)).or_else(|| behind_job(line)).unwrap_or(line)
        }
        [b'R', b'a', b'c', b'k', b' ', ..] => behind_request(line).unwrap_or(line),
        [b'E', b'R', b'R', b'O', b'R', b' ', error @ ..] => error,
        [b'[', b'2', b'0', _, _, b'-', ..] => {
            line.get(WEBRICK_TIME..).and_then(|rest| rest.strip_prefix(b" ERROR ")).unwrap_or(line)
        }
        _ => line.strip_prefix(b"- ").unwrap_or(line),
    };
    let line = match line {
        [b'D' | b'I' | b'W' | b'E' | b'F' | b'A', b',', b' ', b'[', ..] => {
            let program = memmem::find(line, b" -- ").map(|at| &line[at + 4..]);
            program.and_then(|rest| Some(&rest[memmem::find(rest, b": ")? + 2..])).unwrap_or(line)
        }
        _ => line,
    };
    let Some(rest) = line.strip_prefix(b"[") else { return line };
    match memchr(b']', rest) {
        Some(close) if rest[..close].len() >= 32 && memrchr(b' ', &rest[..close]).is_none() => {
            rest[close + 1..].strip_prefix(b" ").unwrap_or(&rest[close + 1..])
        }
        _ => line,
    }
}

/// What Puma says of a request that failed in the application, without the signs around an error that is inspected:
/// `Rack app ("GET /a" - (10.0.0.4)): #<KeyError: key not found>`.
fn behind_request(line: &[u8]) -> Option<&[u8]> {
    let request = RACK.find(line)?;
    let error = &line[request + memmem::find(&line[request..], b")): #<")? + 6..];
    error.strip_suffix(b">")
}

/// What Sidekiq says of a job that failed, behind the job's context and the level.
fn behind_job(line: &[u8]) -> Option<&[u8]> {
    memmem::find(&line[..line.len().min(LONGEST_CONTEXT)], b" tid=")?;
    let level =
        [&b" WARN: "[..], b" ERROR: "].into_iter().find_map(|level| Some(memmem::find(line, level)? + level.len()))?;
    Some(&line[level..])
}

/// A line of Rails that says nothing: it sets the error apart from its frames.
fn is_spacer(line: &[u8]) -> bool {
    let text = untagged(line);
    text.len() < line.len() && text.trim_ascii().is_empty()
}

fn is_foreign(file: &[u8]) -> bool {
    file.starts_with(b"<internal:")
        || [&b"/gems/"[..], b"/lib/ruby/", b"/vendor/bundle/", b"/ruby/3", b"/ruby/2"]
            .iter()
            .any(|part| contains(file, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(String, String, String)> {
        let read = read(text.as_bytes())?;
        Some((read.kind, read.message, read.place.map(|place| place.to_string()).unwrap_or_default()))
    }

    #[test]
    fn in_both_orders() {
        let innermost_first = "app.rb:4:in `load': no price (KeyError)\n\tfrom app.rb:9:in `<main>'";
        let innermost_last = "Traceback (most recent call last):\n\t1: from app.rb:9:in `<main>'\napp.rb:4:in `load': no price (KeyError)";
        let newer = "app.rb:4:in 'Orders#load': no price (KeyError)\n\tfrom app.rb:9:in '<main>'";
        for text in [innermost_first, innermost_last] {
            assert_eq!(told(text), Some(("KeyError".into(), "no price".into(), "app.rb:4 in load".into())));
            assert!(text.lines().skip(1).all(|line| is_part(line.as_bytes())));
        }
        assert_eq!(told(newer).map(|told| told.2), Some("app.rb:4 in Orders#load".into()));
    }

    #[test]
    fn as_rails_logs_it() {
        let tag = "[6b1f4a2e-8f3c-4b1a-9d7e-0123456789ab] ";
        let text = format!(
            "{tag}NoMethodError (undefined method `x' for nil:NilClass):\n{tag}  \n{tag}/usr/lib/ruby/gems/3.1.0/gems/rack-3/lib/rack.rb:5:in `call'\n{tag}app/controllers/orders_controller.rb:12:in `show'"
        );
        let want = "app/controllers/orders_controller.rb:12 in show";
        assert_eq!(
            told(&text),
            Some(("NoMethodError".into(), "undefined method `x' for nil:NilClass".into(), want.into()))
        );
    }

    #[test]
    fn as_sinatra_prints_it() {
        let want = Some(("KeyError".into(), "key not found: \"price\"".into(), "config.ru:3 in fetch".into()));
        for time in ["2026-11-30 13:08:31 - ", "- "] {
            let text = format!(
                "{time}KeyError - key not found: \"price\":\n\tconfig.ru:3:in `fetch'\n\tconfig.ru:3:in `block'"
            );
            assert_eq!(told(&text), want);
            assert_eq!(head(text.lines().next().unwrap().as_bytes()), Head::Perhaps);
        }
        assert_eq!(head(b"2026-11-30 13:08:31 - Worker - it says:  so"), Head::No);
    }

    #[test]
    fn as_the_servers_print_it() {
        let want = Some(("KeyError".into(), "key not found: \"price\"".into(), "app.rb:3 in fetch".into()));
        for head in [
            "[2026-11-30 13:08:31] ERROR KeyError: key not found: \"price\"",
            "ERROR KeyError: key not found: \"price\"",
            "2026-11-30 13:08:31 +0000 Rack app (\"GET /a\" - (10.0.0.4)): #<KeyError: key not found: \"price\">",
            "Rack app (\"GET /a\" - (10.0.0.4)): #<KeyError: key not found: \"price\">",
        ] {
            assert_ne!(super::head(head.as_bytes()), Head::No, "{head}");
            assert_eq!(told(&format!("{head}\n\tapp.rb:3:in `fetch'\n\tapp.rb:3:in `block'")), want, "{head}");
        }
    }

    #[test]
    fn other_lines() {
        for line in ["Order (17) sent", "ERROR (x)", "ERROR: x", "checked in 'x'", "10:00:00: in 'x'"] {
            assert!(raised(line.as_bytes()).is_none() && !is_part(line.as_bytes()), "{line}");
        }
    }
}
