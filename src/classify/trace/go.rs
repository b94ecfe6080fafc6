//! Go's panics and fatal errors, with the goroutines that the runtime prints.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memmem, memrchr};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Reach, contains, file_and_line};

/// What the head begins with, and the type it is told as.
const HEADS: [(&[u8], &[u8]); 2] = [(b"panic: ", b"panic"), (b"fatal error: ", b"fatal error")];
/// `net/http` recovers, and logs the panic of a handler.
static SERVING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("http: panic serving "));
/// gin recovers, too, and prints the request, what was said, and a stack of its own form.
static RECOVERED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("panic recovered:"));
/// Echo recovers, and logs what was said and the goroutine behind it in one line: `[PANIC RECOVER] no price goroutine 9 [running]:`.
static ECHO: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("[PANIC RECOVER] "));
/// chi recovers, and prints the panic and the frame it came from with marks before them.
const CHI: &[u8] = b" panic: ";
const CHI_FRAME: &[u8] = b" -> ";
/// Between a file of Go and a line of it.
static PLACE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(".go:"));

pub fn head(line: &[u8]) -> Head {
    let begins = HEADS.iter().any(|(start, _)| line.starts_with(start));
    let precedes = line.starts_with(b"runtime: goroutine stack exceeds") || line.starts_with(b"SIGSEGV: ");
    let recovers = || [&SERVING, &RECOVERED, &ECHO].iter().any(|finder| finder.find(line).is_some());
    if begins || precedes || recovers() { Head::Perhaps } else { Head::No }
}

pub fn is_part(line: &[u8]) -> bool {
    let starts: [&[u8]; 12] = [
        b"[signal ",
        b"created by ",
        b"exit status ",
        b"runtime stack:",
        b"\tpanic: ",
        b"...additional frames elided...",
        b"goroutine running on other thread",
        b"fatal error: ",
        b"panic: ",
        b"[recovered]",
        b"\t",
        b"sp=0x",
    ];
    is_goroutine(line)
        || call(line).is_some()
        || is_register(line)
        || recovered_source(line).is_some()
        || recovered_call(line).is_some()
        || starts.iter().any(|start| line.starts_with(start) && (*start != b"\t" || source(line).is_some()))
}

/// Before the goroutines a panic may say more than once what it is; behind them another one begins.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    if let Some(length) = chi(lines.iter().map(|line| line.text)) {
        return Some(Reach { length, complete: true });
    }
    let has_goroutines = |line: &Line<'_>| is_goroutine(line.text) || recovered_source(line.text).is_some();
    let goroutines = lines.iter().position(has_goroutines).unwrap_or(lines.len());
    let next = lines[goroutines..].iter().position(|line| head(line.text) != Head::No);
    Language::Go.head_and_parts(&lines[..next.map_or(lines.len(), |next| goroutines + next)])
}

/// The place is the first frame of the first goroutine that is neither of the standard library nor of a module that was
/// downloaded, else the first.
pub fn read(text: &[u8]) -> Option<Exception> {
    if RECOVERED.find(text).is_some() {
        return recovered(text);
    }
    if text.starts_with(CHI) {
        return recovered_by_chi(text);
    }
    let lines = || text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let (kind, message) = lines().find_map(kind_and_message)?;
    let (mut own, mut any, mut function, mut goroutines) = (None, None, &b""[..], 0);
    for line in lines() {
        if is_goroutine(line) || ECHO.find(line).is_some() {
            goroutines += 1;
        } else if let Some(called) = call(line) {
            function = called;
        } else if let Some((file, number)) = source(line).filter(|_| goroutines == 1) {
            let place = (file, number, function);
            let library = function.starts_with(b"runtime.") || matches!(function, b"panic" | b"testing.tRunner");
            if own.is_none() && !library && !is_foreign(file) {
                own = Some(place);
            }
            any = any.or(Some(place).filter(|_| !library));
        }
    }
    if goroutines == 0 {
        return None;
    }
    Some(Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: own.or(any).map(|(file, line, function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: None,
    })
}

fn kind_and_message(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(at) = ECHO.find(line) {
        let message = &line[at + ECHO.needle().len()..];
        return Some((b"panic", memmem::rfind(message, b" goroutine ").map_or(message, |end| &message[..end])));
    }
    if let Some(at) = SERVING.find(line) {
        let rest = &line[at + SERVING.needle().len()..];
        let message = memmem::find(rest, b": ").map_or(rest, |peer| &rest[peer + 2..]);
        return Some((b"panic", message));
    }
    let (start, kind) = HEADS.iter().find(|(start, _)| line.starts_with(start))?;
    let message = &line[start.len()..];
    Some((kind, memmem::find(message, b" [recovered]").map_or(message, |end| &message[..end])))
}

/// `goroutine 1 [running]:`, `goroutine 7 [chan receive, 2 minutes]:`, `goroutine 1 gp=0x… m=0 mp=0x… [running]:`
fn is_goroutine(line: &[u8]) -> bool {
    line.strip_prefix(b"goroutine ").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
        && line.trim_ascii_end().ends_with(b"]:")
}

/// Whether a line names a function, whose place the next one tells.
pub fn is_call(line: &[u8]) -> bool {
    call(line).is_some()
}

/// The function of `main.(*Server).handle(0xc000102000, {0x1, 0x2})`, without its arguments; of `created by main.run in …`, too.
fn call(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    if let Some(created) = line.strip_prefix(b"created by ") {
        return Some(memchr(b' ', created).map_or(created, |end| &created[..end]));
    }
    let open = memrchr(b'(', line.strip_suffix(b")")?)?;
    let name = &line[..open];
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/%*()[]~$@".contains(byte) || *byte >= 0x80;
    let is_name = !name.is_empty() && name.iter().all(in_name) && !name[0].is_ascii_digit();
    (is_name && (name == b"panic" || memchr(b'.', name).is_some())).then_some(name)
}

/// File and line of `<tab>/app/main.go:94 +0x18`.
fn source(line: &[u8]) -> Option<(&[u8], u32)> {
    let text = line.strip_prefix(b"\t")?.trim_ascii_end();
    let place = memmem::rfind(text, b" +0x").map_or(text, |end| &text[..end]);
    file_and_line(place).filter(|(file, _)| file.ends_with(b".go") || file.ends_with(b".s"))
}

/// `rax    0xca`, as printed after a fatal signal.
fn is_register(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(line.len());
    (2..=6).contains(&end) && line[end..].trim_ascii_start().starts_with(b"0x") && line[end] == b' '
}

/// How many lines are a panic that chi recovered: ` panic: no price`, ` -> main.handler`, ` ->   /app/main.go:3`, and what called that,
/// further in.
fn chi<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<usize> {
    let mut lines = lines.peekable();
    lines.next_if(|line| line.starts_with(CHI))?;
    let is_caller = |line: &[u8]| line.starts_with(b"    ");
    let (mut length, mut framed) = (1, false);
    for line in lines {
        framed |= line.starts_with(CHI_FRAME);
        if !line.starts_with(CHI_FRAME) && !is_caller(line) && !line.trim_ascii().is_empty() {
            break;
        }
        length += 1;
    }
    framed.then_some(length)
}

fn recovered_by_chi(text: &[u8]) -> Option<Exception> {
    let lines = || text.split(|&byte| byte == b'\n');
    chi(lines())?;
    let message = lines().next()?.strip_prefix(CHI)?;
    let mut marked = lines().filter_map(|line| line.strip_prefix(CHI_FRAME)).map(<[u8]>::trim_ascii);
    let (function, place) = (marked.next()?, marked.next().and_then(file_and_line));
    Some(Exception {
        kind: "panic".into(),
        message: lossy(message.trim_ascii()),
        place: place.map(|(file, line)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: None,
    })
}

/// What gin tells of a panic that it recovered: the message stands on the line before the first frame.
fn recovered(text: &[u8]) -> Option<Exception> {
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let first = lines.iter().position(|line| recovered_source(line).is_some())?;
    let message = lines[..first].iter().rev().find(|line| !line.is_empty()).copied().unwrap_or_default();
    let frames = lines.windows(2).filter_map(|pair| Some((recovered_source(pair[0])?, recovered_call(pair[1])?)));
    let mut frames = frames.filter(|(_, function)| !function.starts_with(b"runtime.")).peekable();
    let any = frames.peek().copied();
    let place = frames.find(|((file, _), _)| !is_foreign(file)).or(any);
    Some(Exception {
        kind: "panic".into(),
        message: lossy(message),
        place: place.map(|((file, line), function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: None,
    })
}

/// File and line of `/app/main.go:12 (0x6b3e80)`.
fn recovered_source(line: &[u8]) -> Option<(&[u8], u32)> {
    let end = PLACE.find(line)?;
    let pc = memmem::find(&line[end..], b" (0x").filter(|_| line.trim_ascii_end().ends_with(b")"))?;
    file_and_line(&line[..end + pc])
}

/// The function of `<tab>main.handler: panic("boom")`, the frame's line of source behind it.
fn recovered_call(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_prefix(b"\t")?;
    let end = memmem::find(text, b": ")?;
    let is_name = !text[..end].is_empty() && !text[..end].contains(&b' ');
    is_name.then_some(&text[..end])
}

fn is_foreign(file: &[u8]) -> bool {
    let parts: [&[u8]; 5] = [b"/go/src/", b"/pkg/mod/", b"/vendor/", b"/lib/go", b"/share/go"];
    parts.iter().any(|part| contains(file, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::trace::Follows;

    const PANIC: &str = "panic: runtime error: index out of range [5] with length 3
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]
goroutine 1 [running]:
panic({0x45c9a0?, 0xc0000140c0?})
\t/usr/local/go/src/runtime/panic.go:770 +0x132
github.com/lib/pq.(*conn).query(0xc000102000, {0x1, 0x2})
\t/root/go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go:5 +0x8
main.(*Server).load(...)
\t/app/orders.go:31
main.main()
\t/app/main.go:94 +0x18
goroutine 18 [chan receive, 2 minutes]:
main.other()
\t/app/other.go:1 +0x1
created by main.main in goroutine 1
\t/app/main.go:90 +0x2
exit status 2";

    #[test]
    fn a_panic_with_its_goroutines() {
        let read = read(PANIC.as_bytes()).expect("a failure");
        assert_eq!((&*read.kind, &*read.message), ("panic", "runtime error: index out of range [5] with length 3"));
        assert_eq!(
            read.place.map(|place| place.to_string()).as_deref(),
            Some("/app/orders.go:31 in main.(*Server).load")
        );
        for line in PANIC.lines().skip(1) {
            assert!(is_part(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn what_chi_and_echo_recovered() {
        let chi = " panic: no price\n -> main.load\n ->   /app/orders.go:12\n    net/http.HandlerFunc.ServeHTTP\n      /usr/lib/go-1.19/src/net/http/server.go:2109";
        let echo = "[PANIC RECOVER] no price goroutine 9 [running]:\ngithub.com/labstack/echo/v4/middleware.Recover.func1.1()\n\t/root/go/pkg/mod/github.com/labstack/echo/v4@v4.11.4/middleware/recover.go:77 +0x10d\npanic({0x69ec40, 0x762db0})\n\t/usr/local/go/src/runtime/panic.go:884 +0x212\nmain.load({0x0?, 0x0?})\n\t/app/orders.go:12 +0x2e\n";
        for text in [chi, echo] {
            let read = read(text.as_bytes()).expect("a failure");
            assert_eq!((&*read.kind, &*read.message), ("panic", "no price"));
            assert_eq!(read.place.map(|place| place.to_string()).as_deref(), Some("/app/orders.go:12 in main.load"));
        }
        let length = |text: &'static str| super::chi(text.lines().map(str::as_bytes));
        assert_eq!(length(&*String::leak(format!("{chi}\nlistening"))), Some(5));
        assert_eq!(length(" panic: no price\n    it says"), None);
    }

    #[test]
    fn another_panic_behind_the_goroutines_is_another_failure() {
        let reached = |text: &str| {
            let of = |line: &'static str| super::super::Line {
                text: line.as_bytes(),
                follows: Follows::Untold,
                apart: false,
            };
            let lines: Vec<_> = String::leak(text.to_string()).lines().map(of).collect();
            reach(&lines).map_or(0, |reach| reach.length)
        };
        for next in
            ["http: panic serving 10.0.0.7:4000: boom", "fatal error: concurrent map writes", "panic: pool is gone"]
        {
            assert_eq!(reached(&format!("{PANIC}\n{next}\ngoroutine 7 [running]:")), PANIC.lines().count(), "{next}");
        }
        let twice = "panic: a [recovered]\n\tpanic: b\ngoroutine 1 [running]:\nmain.main()";
        assert_eq!(reached(twice), 4);
    }

    #[test]
    fn what_is_no_part() {
        for line in ["listening on :8080", "GET /a (slow)", "\tindented text", "see fmt.Println", "10 (ten)"] {
            assert!(!is_part(line.as_bytes()), "{line}");
        }
        assert!(read(b"panic: only said").is_none());
        let gin = b"[Recovery] 2025/11/25 - 10:00:00 panic recovered:\nGET /x HTTP/1.1\nHost: a\nboom\n/usr/local/go/src/runtime/panic.go:9 (0x6)\n\truntime.gopanic: done()\n/app/main.go:12 (0x6b3e80)\n\tmain.handler: panic(\"boom\")";
        let place = read(gin).map(|read| (read.message, read.place.map(|place| place.to_string()).unwrap_or_default()));
        assert_eq!(place, Some(("boom".into(), "/app/main.go:12 in main.handler".into())));
        let served = b"http: panic serving 10.0.0.7:4000: boom\ngoroutine 7 [running]:\nmain.h()\n\t/app/h.go:3 +0x1";
        assert_eq!(read(served).map(|read| (read.kind, read.message)), Some(("panic".into(), "boom".into())));
    }
}
