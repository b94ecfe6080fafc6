//! Failures of .NET, as the runtime and ASP.NET's console logger print them.

use memchr::{memchr, memmem, memrchr};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Position, Reach, contains, number};
use crate::decode::level;

const UNCAUGHT: [&[u8]; 2] = [b"Unhandled exception. ", b"Unhandled Exception: "];
const INNER: &[u8] = b"---> ";

pub fn head(line: &[u8]) -> Head {
    let text = line.trim_ascii();
    if UNCAUGHT.iter().any(|start| text.starts_with(start)) {
        Head::Certain
    } else if thrown(text).is_some() || is_logged(line) {
        Head::Perhaps
    } else {
        Head::No
    }
}

/// ASP.NET's console logger writes level and category on one line, and all it has to say on indented ones.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    if !is_logged(lines.first()?.text) {
        return Language::Dotnet.head_and_parts(lines);
    }
    let said = lines[1..].iter().take_while(|line| line.text.starts_with(INDENTATION) && !line.apart).count();
    let complete = lines[1..=said].iter().any(|line| is_part(line.text));
    (said > 0).then_some(Reach { length: 1 + said, complete })
}

/// `fail: Shop.Orders[0]`
pub fn is_logged(line: &[u8]) -> bool {
    const LEVELS: [&[u8]; 6] = [b"info: ", b"fail: ", b"warn: ", b"crit: ", b"dbug: ", b"trce: "];
    line.get(..LEVELS[0].len()).is_some_and(|level| LEVELS.contains(&level))
        && level::category_name(line[LEVELS[0].len()..].trim_ascii_end()).is_some()
}

const INDENTATION: &[u8] = b"      ";

pub fn is_part(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    frame(text).is_some() || text.starts_with(INNER) || text.starts_with(b"--- End of ")
}

/// The type is that of the outermost failure, the cause that of the innermost. The place is the first frame with a file.
pub fn read(text: &[u8]) -> Option<Exception> {
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).collect();
    let framed = lines.iter().position(|line| is_part(line)).unwrap_or(lines.len());
    let heads = || (0..framed).rev();
    let at = heads()
        .find(|at| head(lines[*at]) == Head::Certain)
        .or_else(|| heads().find(|at| head(lines[*at]) != Head::No).filter(|_| framed < lines.len()))?;
    let line = UNCAUGHT.iter().find_map(|start| lines[at].strip_prefix(*start)).unwrap_or(lines[at]);
    let (kind, message) = thrown(line).unwrap_or((b"Exception", line));
    // Older versions print the inner failure in the same line.
    let message = memmem::find(message, b" ---> ").map_or(message, |end| &message[..end]);
    let mut cause = memmem::find(line, b" ---> ").and_then(|at| thrown(&line[at + 6..])).map(|(kind, _)| kind);
    let (mut own, mut any) = (None, None);
    for line in &lines[at + 1..] {
        if let Some((kind, _)) = line.strip_prefix(INNER).and_then(thrown) {
            cause = Some(kind);
        } else if let Some((method, Some((file, number)))) = frame(line) {
            let place = Place { file: lossy(file), line: number, function: lossy(method) };
            if own.is_none() && !is_foreign(method) {
                own = Some(place);
            } else {
                any = any.or(Some(place));
            }
        }
    }
    Some(Exception { kind: lossy(kind), message: lossy(message), place: own.or(any), cause: cause.map(lossy) })
}

/// `System.InvalidOperationException: message`.
fn thrown(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'`' | b'+')));
    let (kind, rest) = text.split_at(end.unwrap_or(text.len()));
    let message = match rest {
        [] | [b':'] => &[],
        [b':', b' ', message @ ..] => message,
        // `System.Net.Http.HttpRequestException (0x80004005): message`, `Npgsql.PostgresException (0x80004005): 42P01: message`.
        [b' ', b'(', code @ ..] => code[memchr(b')', code)? + 1..].strip_prefix(b": ")?,
        _ => return None,
    };
    let is_type = kind.first()?.is_ascii_uppercase() && memchr(b'.', kind).is_some();
    (is_type && kind.ends_with(b"Exception")).then_some((kind, message))
}

/// Method and place of `at App.Orders.Load(Int32 id) in /app/Orders.cs:line 12`; libraries have no place.
fn frame(text: &[u8]) -> Option<(&[u8], Option<Position<'_>>)> {
    let target = text.strip_prefix(b"at ")?;
    let open = memchr(b'(', target)?;
    let method = &target[..open];
    let is_named = memchr(b'.', method).is_some() || method.starts_with(b"lambda_method");
    let is_method = is_named && !method.ends_with(b" ") && !contains(method, b"://");
    let (call, place) = match memmem::find(target, b") in ") {
        Some(at) => {
            let place = &target[at + 5..];
            let line = memmem::rfind(place, b":line ")?;
            (&target[..=at], Some((&place[..line], number(&place[line + 6..])?)))
        }
        None => (target, None),
    };
    let arguments = call.strip_suffix(b")")?.get(open + 1..)?;
    // Java's frames have their file there, V8's a file with line and column.
    let is_java = memrchr(b':', arguments).is_some() || matches!(arguments, b"Native Method" | b"Unknown Source");
    (is_method && !is_java).then_some((method, place))
}

fn is_foreign(method: &[u8]) -> bool {
    [&b"System."[..], b"Microsoft.", b"Npgsql."].iter().any(|start| method.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = "Unhandled exception. System.InvalidOperationException: order 17
 ---> System.TimeoutException: slow
   at App.Db.Query(String sql) in /src/Db.cs:line 8
   at App.Orders.Load[T](Int32 id) in /src/Orders.cs:line 12
   --- End of inner exception stack trace ---
   at System.Threading.Tasks.Task.Run()
   at App.Program.Main(String[] args) in /src/Program.cs:line 5";

    #[test]
    fn a_nested_failure() {
        let read = read(NESTED.as_bytes()).expect("a failure");
        assert_eq!((&*read.kind, &*read.message), ("System.InvalidOperationException", "order 17"));
        assert_eq!(read.place.map(|place| place.to_string()).as_deref(), Some("/src/Db.cs:8 in App.Db.Query"));
        assert_eq!(read.cause.as_deref(), Some("System.TimeoutException"));
        assert!(NESTED.lines().skip(1).all(|line| is_part(line.as_bytes())));
    }

    #[test]
    fn in_a_log_of_asp_net() {
        let text = "      System.Exception: no
         at Shop.Api.Get(Int32 id) in /src/Api.cs:line 3
         at lambda_method5(Closure, Object)";
        let read = read(text.as_bytes()).expect("a failure");
        assert_eq!((&*read.kind, &*read.message), ("System.Exception", "no"));
        assert!(!is_part(b"    at load (/app/dist/orders.js:12:9)"));
        assert!(!is_part(b"\tat com.shop.Db.query(Db.kt:7)"));
    }
}
