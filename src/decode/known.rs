//! The members of a JSON record that mean something, by their names.
//!
//! Members come in any order, and a processor guesses wrong at a branch for each name. So names are looked up in a table,
//! and every member is stored alike: those without a meaning, and all but the first of a name, in a place nobody reads.

use std::ops::Range;

use super::json::Text;

/// A name that may mean something. Which of those that are there counts is for who reads the record to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    Timestamp,
    Time,
    Ts,
    AtTimestamp,
    Message,
    Msg,
    Event,
    Body,
    Level,
    Severity,
    LevelName,
    Lvl,
    Logger,
    Name,
    Stack,
    StackTrace,
    Exception,
    ExcInfo,
    InstanceId,
    ReplicaId,
    Method,
    Path,
    HttpStatus,
    TotalDuration,
    SrcIp,
    DeploymentId,
    /// An object of what Railway would print beside the message: so in downloads and in the API's answers.
    Attributes,
    /// An object with the ids of project, deployment and replica, in the same places.
    Tags,
    /// An error as pino writes it, an object with its stack.
    Err,
    Error,
    /// Any of several names that a request may be told by, beside `method`.
    OfRequest,
    /// Nothing that is known. All bits of a place, so that any place can be turned into this one without a branch.
    Other = 0b1_1111,
}

pub(super) const NAMES: [(&[u8], Member); 38] = [
    (b"timestamp", Member::Timestamp),
    (b"time", Member::Time),
    (b"ts", Member::Ts),
    (b"@timestamp", Member::AtTimestamp),
    (b"message", Member::Message),
    (b"msg", Member::Msg),
    (b"event", Member::Event),
    (b"body", Member::Body),
    (b"level", Member::Level),
    (b"severity", Member::Severity),
    (b"levelname", Member::LevelName),
    (b"lvl", Member::Lvl),
    (b"logger", Member::Logger),
    (b"name", Member::Name),
    (b"stack", Member::Stack),
    (b"stack_trace", Member::StackTrace),
    (b"exception", Member::Exception),
    (b"exc_info", Member::ExcInfo),
    (b"deploymentInstanceId", Member::InstanceId),
    (b"replicaId", Member::ReplicaId),
    (b"method", Member::Method),
    (b"path", Member::Path),
    (b"httpStatus", Member::HttpStatus),
    (b"totalDuration", Member::TotalDuration),
    (b"srcIp", Member::SrcIp),
    (b"deploymentId", Member::DeploymentId),
    (b"attributes", Member::Attributes),
    (b"tags", Member::Tags),
    (b"err", Member::Err),
    (b"error", Member::Error),
    (b"http_method", Member::OfRequest),
    (b"request_method", Member::OfRequest),
    (b"httpMethod", Member::OfRequest),
    (b"verb", Member::OfRequest),
    (b"RequestMethod", Member::OfRequest),
    (b"http.method", Member::OfRequest),
    (b"http.request.method", Member::OfRequest),
    (b"request", Member::OfRequest),
];

/// The first bytes of a name as a number, filled up with zeroes.
type Head = u128;
const HEAD: usize = size_of::<Head>();

#[derive(Clone, Copy)]
struct Entry {
    head: Head,
    name: &'static [u8],
    member: Member,
}

const TABLE_BITS: u32 = 6;
static TABLE: [Entry; 1 << TABLE_BITS] = table();

const fn table() -> [Entry; 1 << TABLE_BITS] {
    let mut table = [Entry { head: 0, name: b"", member: Member::Other }; 1 << TABLE_BITS];
    let mut at = 0;
    while at < NAMES.len() {
        let (name, member) = NAMES[at];
        let mut head = 0;
        let mut byte = 0;
        while byte < name.len() && byte < HEAD {
            head |= (name[byte] as Head) << (8 * byte);
            byte += 1;
        }
        let place = place(head);
        assert!(table[place].name.is_empty(), "two names at one place: try another FACTOR");
        table[place] = Entry { head, name, member };
        at += 1;
    }
    table
}

/// Where in the table a name stands. The factor was found by trying random ones until no two names met.
const fn place(head: Head) -> usize {
    const FACTOR: u64 = 0x06b0_238f_b767_38e6;
    let folded = head as u64 ^ ((head >> 64) as u64) << 1;
    (folded.wrapping_mul(FACTOR) >> (u64::BITS - TABLE_BITS)) as usize
}

fn other_unless(condition: bool) -> usize {
    usize::from(condition).wrapping_sub(1) & Member::Other as usize
}

impl Member {
    /// The place of what the member means whose name is `text[name]`.
    #[inline]
    fn of(text: &[u8], name: Range<usize>) -> usize {
        let (name, length) = (&text[name.start..], name.len());
        // Around a name there is nearly always enough to read its whole head at once.
        let head = match (name.first_chunk(), text.last_chunk()) {
            (Some(bytes), _) => Head::from_le_bytes(*bytes),
            (None, Some(bytes)) => Head::from_le_bytes(*bytes) >> (8 * (HEAD - name.len())).min(127),
            (None, None) => name.iter().rev().fold(0, |head, byte| head << 8 | Head::from(*byte)),
        };
        let head = head & (Head::MAX >> (8 * HEAD.saturating_sub(length)).min(127));
        let entry = &TABLE[place(head)];
        let mut same = (entry.head == head) & (entry.name.len() == length);
        if length > HEAD && same {
            same = entry.name[HEAD..] == name[HEAD..length];
        }
        entry.member as usize | other_unless(same)
    }
}

/// The members of one object that mean something, the first of each name.
#[derive(Default)]
pub struct Known<'a> {
    raw: [&'a [u8]; Member::Other as usize + 1],
    /// A bit for each member that is there.
    there: u32,
    /// A bit for each member that is a string.
    strings: u32,
}

impl<'a> Known<'a> {
    /// Takes the member whose name is `text[name]`.
    #[inline]
    pub fn note(&mut self, text: &[u8], name: Range<usize>, raw: &'a [u8], string: bool) {
        let member = Member::of(text, name);
        let member = member | other_unless(self.there >> member & 1 == 0);
        self.raw[member] = raw;
        self.there |= 1 << member;
        self.strings |= u32::from(string) << member;
    }

    /// A member as it stands in the line; of a string, what is between its quotes.
    pub fn raw(&self, member: Member) -> Option<&'a [u8]> {
        (self.there >> member as u32 & 1 != 0).then(|| self.raw[member as usize])
    }

    pub fn is_text(&self, member: Member) -> bool {
        self.strings >> member as u32 & 1 != 0
    }

    /// A member that is an object.
    pub fn object(&self, member: Member) -> Option<&'a [u8]> {
        self.raw(member).filter(|raw| raw.first() == Some(&b'{') && !self.is_text(member))
    }

    /// Whether a member gives cause to look for a request.
    pub fn may_tell_a_request(&self) -> bool {
        const CAUSES: u32 = 1 << Member::Method as u32 | 1 << Member::OfRequest as u32;
        self.there & CAUSES != 0
    }

    /// Says that a member which no name here is for gives cause to look for a request.
    pub fn note_cause(&mut self) {
        self.there |= 1 << Member::OfRequest as u32;
    }

    /// A member that is a string.
    pub fn text(&self, member: Member) -> Option<Text<'a>> {
        let raw = self.raw[member as usize];
        self.is_text(member).then(|| Text { raw, escaped: memchr::memchr(b'\\', raw).is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, before: &str, behind: &str) -> usize {
        Member::of(format!("{before}{name}{behind}").as_bytes(), before.len()..before.len() + name.len())
    }

    #[test]
    fn every_name_is_found_whatever_stands_around_it() {
        let others = ["", "deploymentInstanceIx", "deploymentInstan", "a name far longer than any that is known", "\0"];
        for before in ["", "{\"", "{\"some\":\"text that is long enough\",\""] {
            for behind in ["", "\":1", "\":\"some text that is long enough\"}"] {
                for (name, member) in NAMES {
                    let name = std::str::from_utf8(name).unwrap();
                    assert_eq!(of(name, before, behind), member as usize, "{name}");
                    for other in [&format!("{name}s"), &name[..name.len() - 1], &name.to_uppercase()] {
                        assert_eq!(of(other, before, behind), Member::Other as usize, "{other}");
                    }
                }
                for other in others {
                    assert_eq!(of(other, before, behind), Member::Other as usize, "{other}");
                }
            }
        }
    }

    #[test]
    fn the_first_of_a_name_counts() {
        let mut known = Known::default();
        known.note(b"message", 0..7, b"1", false);
        known.note(b"{\"message\":\"x\",\"other\":1", 2..9, b"x", true);
        assert_eq!(known.raw(Member::Message), Some(&b"1"[..]));
        assert!(!known.is_text(Member::Message) && known.text(Member::Message).is_none());
        assert_eq!(known.raw(Member::Timestamp), None);
    }
}
