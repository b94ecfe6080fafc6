//! Failures of the JVM, as `Throwable.printStackTrace` and the usual layouts of log4j and logback print them.

use memchr::{memchr, memmem};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Reach, file_and_line};

const UNCAUGHT: &[u8] = b"Exception in thread \"";
const CAUSE: &[u8] = b"Caused by: ";
const SUPPRESSED: &[u8] = b"Suppressed: ";

/// Packages of the platform and of what services are usually built on: no code of the service's own.
const FOREIGN: [&[u8]; 44] = [
    b"java.",
    b"javax.",
    b"jakarta.",
    b"jdk.",
    b"sun.",
    b"com.sun.",
    b"kotlin.",
    b"kotlinx.",
    b"scala.",
    b"groovy.",
    b"clojure.",
    b"akka.",
    b"reactor.",
    b"rx.",
    b"org.springframework.",
    b"org.apache.",
    b"org.hibernate.",
    b"org.eclipse.",
    b"org.postgresql.",
    b"org.jetbrains.",
    b"org.junit.",
    b"org.jooq.",
    b"org.flywaydb.",
    b"org.slf4j.",
    b"org.mongodb.",
    b"com.mongodb.",
    b"com.mysql.",
    b"com.zaxxer.",
    b"com.fasterxml.",
    b"com.google.",
    b"com.amazonaws.",
    b"software.amazon.",
    b"ch.qos.logback.",
    b"io.netty.",
    b"io.ktor.",
    b"io.micronaut.",
    b"io.quarkus.",
    b"io.vertx.",
    b"io.undertow.",
    b"io.lettuce.",
    b"io.reactivex.",
    b"redis.clients.",
    b"okhttp3.",
    b"play.",
];

pub fn head(line: &[u8]) -> Head {
    if line.starts_with(UNCAUGHT) {
        Head::Certain
    } else if throwable(line).is_some() {
        Head::Perhaps
    } else {
        Head::No
    }
}

pub fn is_part(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    frame(text).is_some()
        || is_elision(text)
        || [CAUSE, SUPPRESSED, b"Wrapped by: ", b"(Coroutine boundary)", b"[CIRCULAR REFERENCE"]
            .iter()
            .any(|start| text.starts_with(start))
}

/// Tomcat moves the whole of it to the right, behind the line that says what failed.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    let [first, rest @ ..] = lines else { return None };
    let is_moved = first.text.starts_with(b"\t") && throwable(first.text.trim_ascii_start()).is_some();
    if !is_moved {
        return Language::Java.head_and_parts(lines);
    }
    let parts = rest.iter().take_while(|line| is_part(line.text)).count();
    (parts > 0).then_some(Reach { length: 1 + parts, complete: true })
}

/// The head is the last line before the first frame that names a type. The place is the first frame of the service's own code,
/// before that of the causes; the cause is the type of the last `Caused by`.
pub fn read(text: &[u8]) -> Option<Exception> {
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let framed = lines.iter().position(|line| frame(line.trim_ascii()).is_some());
    let at = match framed {
        Some(first) => (0..first).rev().find(|at| head(lines[*at].trim_ascii_start()) != Head::No)?,
        None => lines.iter().position(|line| line.starts_with(UNCAUGHT))?,
    };
    let (kind, message) = kind_and_message(lines[at].trim_ascii_start())?;
    let (mut own, mut any, mut cause) = (None, None, None);
    for line in &lines[at + 1..] {
        let line = line.trim_ascii();
        if let Some((kind, _)) = line.strip_prefix(CAUSE).and_then(throwable) {
            cause = Some(kind);
        } else if let Some(place) = frame(line).and_then(place) {
            if own.is_none() && !is_foreign(place.2) {
                own = Some(place);
            }
            any = any.or(Some(place));
        }
    }
    Some(Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: own.or(any).map(|(file, line, function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: cause.map(lossy),
    })
}

fn kind_and_message(head: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(rest) = head.strip_prefix(UNCAUGHT) else { return throwable(head) };
    let thrown = rest[memchr(b'"', rest)? + 1..].trim_ascii();
    // Any class can be thrown here, and one without a package stands alone.
    let end = memmem::find(thrown, b": ").unwrap_or(thrown.len());
    let message = thrown.get(end + 2..).unwrap_or_default();
    Some((thrown[..end].strip_suffix(b":").unwrap_or(&thrown[..end]), message))
}

/// `java.lang.IllegalStateException: message`: packages in small letters, a class, and a message unless there is none.
fn throwable(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii_end();
    let end = line
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$')))
        .unwrap_or(line.len());
    let (kind, rest) = line.split_at(end);
    let message = match rest {
        [] | [b':'] => &[],
        [b':', b' ', message @ ..] => message.trim_ascii_start(),
        _ => return None,
    };
    let dot = memchr::memrchr(b'.', kind)?;
    let packages = kind[..dot].split(|&byte| byte == b'.');
    let named = |part: &[u8]| part.first().is_some_and(|byte| byte.is_ascii_lowercase() || *byte == b'_');
    let class = kind[dot + 1..].first()?.is_ascii_uppercase();
    (class && packages.into_iter().all(named)).then_some((kind, message))
}

/// What stands behind `at` in `at com.foo.Bar.run(Bar.java:12)`, and in the same with `~[app.jar:1.0]` behind it.
fn frame(text: &[u8]) -> Option<&[u8]> {
    let target = text.strip_prefix(b"at ")?;
    let close = memchr(b')', target)?;
    let rest = target[close + 1..].trim_ascii_start();
    let target = &target[..=close];
    let open = memchr(b'(', target)?;
    let (method, source) = (&target[..open], &target[open + 1..close]);
    let is_method = memchr(b'.', method).is_some() && memchr(b' ', method).is_none();
    let is_source = matches!(source, b"Native Method" | b"Unknown Source" | b"<generated>" | b"SourceFile")
        || file_and_line(source).is_some_and(|(file, _)| memchr(b'.', file).is_some() && memchr(b'/', file).is_none())
        || [&b".java"[..], b".kt", b".scala", b".groovy"].iter().any(|ending| source.ends_with(ending));
    let is_end = rest.is_empty() || rest.starts_with(b"~[") || rest.starts_with(b"[");
    (is_method && is_source && is_end).then_some(target)
}

/// File, line and method of a frame that names them.
fn place(frame: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let open = memchr(b'(', frame)?;
    let (file, line) = file_and_line(&frame[open + 1..frame.len() - 1])?;
    let method = &frame[..open];
    // `java.base/java.util…`, `app//com.foo…`: the class loader and the module.
    let method = memchr::memrchr(b'/', method).map_or(method, |slash| &method[slash + 1..]);
    Some((file, line, method))
}

fn is_foreign(method: &[u8]) -> bool {
    FOREIGN.iter().any(|package| method.starts_with(package))
}

/// `... 34 more`, `... 34 common frames omitted`.
fn is_elision(text: &[u8]) -> bool {
    text.strip_prefix(b"... ").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::trace::Follows;

    const WRAPPED: &str = "Exception in thread \"main\" java.lang.IllegalStateException: boom
\tat org.springframework.web.Dispatcher.run(Dispatcher.java:9)
\tat com.shop.Orders.load(Orders.java:41)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
\tSuppressed: java.io.IOException: close
\t\tat com.shop.Connection.close(Connection.java:8)
Caused by: java.sql.SQLException: lost
\tat com.shop.Db.query(Db.kt:7)
\t... 2 more";

    #[test]
    fn a_wrapped_failure_tells_both_types_and_its_own_frame() {
        let read = read(WRAPPED.as_bytes()).expect("a failure");
        assert_eq!((&*read.kind, &*read.message), ("java.lang.IllegalStateException", "boom"));
        assert_eq!(
            read.place.map(|place| place.to_string()).as_deref(),
            Some("Orders.java:41 in com.shop.Orders.load")
        );
        assert_eq!(read.cause.as_deref(), Some("java.sql.SQLException"));
        assert!(WRAPPED.lines().skip(1).all(|line| is_part(line.as_bytes())));
    }

    #[test]
    fn tomcat_moves_all_of_it_to_the_right() {
        let text =
            "\tjava.lang.IllegalStateException: no price\n\t\tat com.shop.Orders.load(Orders.java:41)\n\t\t... 2 more";
        let of = |line: &'static str| Line { text: line.as_bytes(), follows: Follows::Untold, apart: false };
        let lines: Vec<Line<'_>> = text.lines().chain(["listening"]).map(of).collect();
        assert_eq!(reach(&lines), Some(Reach { length: 3, complete: true }));
        assert_eq!(reach(&lines[3..]), None);
        assert_eq!(reach(&[lines[0], lines[3]]), None);
        let read = read(text.as_bytes()).expect("a failure");
        assert_eq!((&*read.kind, &*read.message), ("java.lang.IllegalStateException", "no price"));
    }

    #[test]
    fn frames_of_others_are_none() {
        for line in [
            "    at load (/app/dist/orders.js:12:9)",
            "   at App.Program.Main(String[] args) in /app/Program.cs:line 5",
            "   at App.Program.Main()",
            "at home",
            "    at /app/a.js:1:2",
        ] {
            assert!(!is_part(line.as_bytes()), "{line}");
        }
        for line in ["\tat a.B.c(Native Method)", "    at a.B.lambda$c$0(B.java:3) ~[app.jar!/:1.0]"] {
            assert!(is_part(line.as_bytes()), "{line}");
        }
    }
}
