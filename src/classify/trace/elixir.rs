//! Failures of Elixir and Erlang: exceptions, and processes that they end.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memmem};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Reach, contains, file_and_line};

/// An exception behind the head of the logger.
static LOGGED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("[error] ** ("));

/// Applications of the platform, and what services are usually built on.
const FOREIGN: [&[u8]; 20] = [
    b"elixir",
    b"stdlib",
    b"kernel",
    b"erts",
    b"ssl",
    b"inets",
    b"mix",
    b"ex_unit",
    b"phoenix",
    b"phoenix_live_view",
    b"phoenix_pubsub",
    b"plug",
    b"plug_cowboy",
    b"cowboy",
    b"ranch",
    b"bandit",
    b"thousand_island",
    b"ecto",
    b"ecto_sql",
    b"db_connection",
];

pub fn head(line: &[u8]) -> Head {
    if raised(line).is_some() {
        Head::Certain
    } else if ended(line) {
        Head::Perhaps
    } else {
        Head::No
    }
}

pub fn is_part(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    let starts: [&[u8]; 12] = [
        b"** (",
        b"Last message",
        b"State: ",
        b"Function: ",
        b"Args: ",
        b"Server: ",
        b"Request: ",
        b"Client ",
        b"Initial Call: ",
        b"Ancestors: ",
        b"Start Call: ",
        b"(stop) ",
    ];
    starts.iter().any(|start| text.starts_with(start)) || (text.len() < line.len() && frame(text).is_some())
}

/// What is raised within is indented; another at column 0 is the next failure.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    let reach = Language::Elixir.head_and_parts(lines)?;
    let mut raised = (0..reach.length).filter(|at| lines[*at].text.starts_with(b"** ("));
    let length = raised.nth(1).unwrap_or(reach.length);
    Some(Reach { length, ..reach })
}

/// Type and message are those of the innermost `** (Type) message`; the place is the first frame of an application that is not
/// known as a library.
pub fn read(text: &[u8]) -> Option<Exception> {
    let mut said: Option<(&[u8], &[u8])> = None;
    let (mut own, mut any) = (None, None);
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(raised) = raised(line) {
            let is_exit = |kind: &[u8]| kind == b"exit" || kind.starts_with(b"EXIT");
            if any.is_none() && said.is_none_or(|(kind, _)| is_exit(kind)) {
                said = Some(raised);
            }
        } else if let (Some(frame), true) = (frame(line), said.is_some()) {
            let Some((file, line)) = frame.place else { continue };
            let place = (file, line, frame.function);
            if own.is_none() && !frame.application.is_some_and(is_foreign) {
                own = Some(place);
            }
            any = any.or(Some(place));
        }
    }
    let (kind, message) = said?;
    Some(Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: own.or(any).map(|(file, line, function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: None,
    })
}

/// `** (ArgumentError) message`, also behind the head of the logger, `08:00:00.123 [error] `.
fn raised(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    let logged = || Some(&line[LOGGED.find(line)? + 8..]);
    let rest = line.strip_prefix(b"** (").or_else(|| logged()?.strip_prefix(b"** ("))?;
    let close = memchr(b')', rest)?;
    Some((&rest[..close], rest[close + 1..].trim_ascii()))
}

/// `GenServer #PID<0.1.0> terminating`, `Task #PID<0.2.0> started from #PID<0.1.0> terminating`, `#PID<0.3.0> running … terminated`,
/// behind the logger's time and level.
fn ended(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let ends: [&[u8]; 3] = [b" terminating", b" terminated", b" raised an exception"];
    let process: [&[u8]; 4] = [b"GenServer ", b"Task ", b"Process ", b"#PID<"];
    ends.iter().any(|end| line.ends_with(end)) && process.iter().any(|begin| contains(line, begin))
}

struct Frame<'a> {
    application: Option<&'a [u8]>,
    /// File and line; `None` for what was compiled without.
    place: Option<(&'a [u8], u32)>,
    function: &'a [u8],
}

/// `(shop 0.1.0) lib/shop/orders.ex:5: Shop.Orders.load/1`, without its indentation; the application is left out of scripts.
fn frame(text: &[u8]) -> Option<Frame<'_>> {
    let (application, rest) = match text.strip_prefix(b"(") {
        Some(inside) => {
            let close = memmem::find(inside, b") ")?;
            let name = inside[..close].split(|byte| *byte == b' ').next();
            (name, &inside[close + 2..])
        }
        None => (None, text),
    };
    let end = memmem::find(rest, b": ");
    let place = end.and_then(|end| file_and_line(&rest[..end]));
    let is_source =
        |file: &[u8]| [&b".ex"[..], b".exs", b".erl", b".eex", b".heex"].iter().any(|kind| file.ends_with(kind));
    match place.filter(|(file, _)| is_source(file)) {
        Some(place) => Some(Frame { application, place: Some(place), function: &rest[end? + 2..] }),
        None => application.map(|_| Frame { application, place: None, function: rest }),
    }
}

fn is_foreign(application: &[u8]) -> bool {
    FOREIGN.contains(&application)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ends() {
        let text = "13:50:00.585 [error] GenServer #PID<0.106.0> terminating
** (exit) an exception was raised:
    ** (ArgumentError) order 17 is no number
        (stdlib 4.2) gen_server.erl:1123: :gen_server.try_dispatch/4
        (shop 0.1.0) lib/shop/orders.ex:3: Shop.Orders.load/1
Last message: {:\"$gen_cast\", :load}
State: []";
        let read = read(text.as_bytes()).expect("a failure");
        assert_eq!((&*read.kind, &*read.message), ("ArgumentError", "order 17 is no number"));
        assert_eq!(
            read.place.map(|place| place.to_string()).as_deref(),
            Some("lib/shop/orders.ex:3 in Shop.Orders.load/1")
        );
        assert_eq!(head(text.lines().next().unwrap_or_default().as_bytes()), Head::Perhaps);
        for line in text.lines().skip(1) {
            assert!(is_part(line.as_bytes()), "{line}");
        }
    }
}
