//! Numbers with units, kept in base units: seconds, bytes, ratios (0.05 for `5%`), events a second.

use std::fmt::{self, Display, Formatter};

/// A number in the base unit of its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    pub value: f64,
    pub unit: Unit,
}

/// Kinds of numbers that must not be mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Unit {
    /// A count, or a number that carries no unit.
    Plain,
    /// A part of a whole: 1.0 is `100%`.
    Ratio,
    /// A difference of two ratios: 0.02 is `2pp`.
    RatioDifference,
    /// A length of time.
    Seconds,
    /// A size.
    Bytes,
    /// Events a second; `10/min` is 1/6.
    PerSecond,
    /// Relative change a second; `10%/h` is 0.1 / 3600.
    RatioPerSecond,
}

/// One way to write a unit. A number `n` before it has the value `n × 10^exponent × times / per`.
struct Spelling {
    suffix: &'static str,
    unit: Unit,
    /// Applied to the decimal text, so that `7%` is the same number as `0.07`; 7.0 × 0.01 would not be.
    exponent: i8,
    times: f64,
    per: f64,
}

const fn spelling(suffix: &'static str, unit: Unit, exponent: i8, times: f64, per: f64) -> Spelling {
    Spelling { suffix, unit, exponent, times, per }
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

/// A suffix stands before any other that it starts with. The base unit of a kind, with no factor, is among its
/// spellings.
const SPELLINGS: &[Spelling] = &[
    spelling("%/min", Unit::RatioPerSecond, -2, 1.0, MINUTE),
    spelling("%/s", Unit::RatioPerSecond, -2, 1.0, 1.0),
    spelling("%/h", Unit::RatioPerSecond, -2, 1.0, HOUR),
    spelling("/min", Unit::PerSecond, 0, 1.0, MINUTE),
    spelling("/s", Unit::PerSecond, 0, 1.0, 1.0),
    spelling("/h", Unit::PerSecond, 0, 1.0, HOUR),
    spelling("%", Unit::Ratio, -2, 1.0, 1.0),
    spelling("pp", Unit::RatioDifference, -2, 1.0, 1.0),
    spelling("ms", Unit::Seconds, -3, 1.0, 1.0),
    spelling("s", Unit::Seconds, 0, 1.0, 1.0),
    spelling("m", Unit::Seconds, 0, MINUTE, 1.0),
    spelling("h", Unit::Seconds, 0, HOUR, 1.0),
    spelling("d", Unit::Seconds, 0, DAY, 1.0),
    spelling("B", Unit::Bytes, 0, 1.0, 1.0),
    spelling("kB", Unit::Bytes, 0, 1e3, 1.0),
    spelling("KiB", Unit::Bytes, 0, 1024.0, 1.0),
    spelling("MB", Unit::Bytes, 0, 1e6, 1.0),
    spelling("MiB", Unit::Bytes, 0, 1_048_576.0, 1.0),
    spelling("GB", Unit::Bytes, 0, 1e9, 1.0),
    spelling("GiB", Unit::Bytes, 0, 1_073_741_824.0, 1.0),
];

/// The units, for messages.
pub(super) const UNITS: &str = "% pp ms s m h d B kB KiB MB MiB GB GiB /s /min /h %/h";

/// The quantity of a decimal number (digits, perhaps a point and digits) and the unit the text behind it starts with,
/// and how many bytes of that text the unit takes. None when the number is too large.
pub(super) fn quantity(number: &str, behind: &str) -> Option<(Quantity, usize)> {
    let found = SPELLINGS.iter().find(|spelling| spelling.starts(behind));
    let (value, unit, length) = match found {
        Some(spelling) => (spelling.value(number)?, spelling.unit, spelling.suffix.len()),
        None => (number.parse().ok()?, Unit::Plain, 0),
    };
    value.is_finite().then_some((Quantity { value, unit }, length))
}

impl Spelling {
    fn value(&self, number: &str) -> Option<f64> {
        let shifted: f64 = format!("{number}e{}", self.exponent).parse().ok()?;
        Some(shifted * self.times / self.per)
    }

    /// Whether `text` begins with this unit and nothing else: not `s` in `size`, and not `/min` in `10/min(…)`.
    fn starts(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.suffix) else { return false };
        let goes_on = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let called = self.suffix.contains('/') && rest.trim_start().starts_with('(');
        self.suffix == "%" || !(goes_on || called)
    }

    /// The number before this unit that gives `value`, if one with at most `decimals` decimals does so exactly.
    fn number(&self, value: f64, decimals: i32) -> Option<f64> {
        let places = 10f64.powi(decimals);
        let unscaled = value * self.per / self.times / 10f64.powi(self.exponent.into());
        let number = (unscaled * places).round() / places;
        (number > 0.0 && self.value(&number.to_string()) == Some(value)).then_some(number)
    }
}

impl Display for Quantity {
    /// As a person writes it: `5%`, `90m`, `300ms`, `1.5s`, `512MiB`, `10/min`. Reads back as exactly the same
    /// quantity.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.value.abs();
        if self.value < 0.0 {
            f.write_str("-")?;
        }
        match self.unit {
            Unit::Plain => return write!(f, "{value}"),
            Unit::Ratio => return write!(f, "{}%", shifted(value, 2)),
            Unit::RatioDifference => return write!(f, "{}pp", shifted(value, 2)),
            Unit::Seconds | Unit::Bytes | Unit::PerSecond | Unit::RatioPerSecond => {}
        }
        let spellings = || {
            SPELLINGS.iter().filter(|spelling| spelling.unit == self.unit && (spelling.suffix != "ms" || value < 1.0))
        };
        let whole = spellings()
            .filter_map(|spelling| Some((spelling.number(value, 0)?, spelling.suffix)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let short = || {
            spellings()
                .filter_map(|spelling| Some((spelling.number(value, 3)?, spelling.suffix)))
                .min_by(|a, b| (a.0 < 1.0).cmp(&(b.0 < 1.0)).then(a.0.total_cmp(&b.0)))
        };
        if let Some((number, suffix)) = whole.or_else(short) {
            return write!(f, "{number}{suffix}");
        }
        match self.unit {
            Unit::Bytes => write!(f, "{value}B"),
            Unit::PerSecond => write!(f, "{value}/s"),
            Unit::RatioPerSecond => write!(f, "{}%/s", shifted(value, 2)),
            _ => write!(f, "{value}s"),
        }
    }
}

/// The decimal text of `value` with its point moved to the right, exact where a multiplication would round.
fn shifted(value: f64, places: usize) -> String {
    let text = value.to_string();
    if !value.is_finite() {
        return text;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let padded = format!("{fraction:0<places$}");
    let (moved, rest) = padded.split_at(places);
    let whole = format!("{whole}{moved}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Quantity {
        let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (quantity, unit) = quantity(&text[..digits], &text[digits..]).unwrap();
        assert_eq!(digits + unit, text.len(), "{text}");
        quantity
    }

    #[test]
    fn base_units() {
        for (text, value, unit) in [
            ("10", 10.0, Unit::Plain),
            ("5%", 0.05, Unit::Ratio),
            ("7%", 0.07, Unit::Ratio),
            ("2pp", 0.02, Unit::RatioDifference),
            ("300ms", 0.3, Unit::Seconds),
            ("20s", 20.0, Unit::Seconds),
            ("1.5m", 90.0, Unit::Seconds),
            ("2h", 7_200.0, Unit::Seconds),
            ("1d", 86_400.0, Unit::Seconds),
            ("3kB", 3_000.0, Unit::Bytes),
            ("3KiB", 3_072.0, Unit::Bytes),
            ("1.5GiB", 1_610_612_736.0, Unit::Bytes),
            ("10/min", 10.0 / 60.0, Unit::PerSecond),
            ("36/h", 0.01, Unit::PerSecond),
            ("10%/h", 0.1 / 3_600.0, Unit::RatioPerSecond),
        ] {
            assert_eq!(read(text), Quantity { value, unit }, "{text}");
        }
    }

    #[test]
    fn display_is_what_a_person_writes() {
        for (text, shown) in [
            ("7%", "7%"),
            ("0.1%", "0.1%"),
            ("100%", "100%"),
            ("0%", "0%"),
            ("0s", "0s"),
            ("0/min", "0/s"),
            ("29pp", "29pp"),
            ("300ms", "300ms"),
            ("0.25ms", "0.25ms"),
            ("1500ms", "1.5s"),
            ("90s", "90s"),
            ("5400s", "90m"),
            ("7200s", "2h"),
            ("1.5GiB", "1536MiB"),
            ("5GB", "5GB"),
            ("10/min", "10/min"),
            ("120/min", "2/s"),
            ("10%/h", "10%/h"),
            ("0.5%/h", "0.5%/h"),
            ("36%/h", "36%/h"),
        ] {
            assert_eq!(read(text).to_string(), shown, "{text}");
        }
        assert_eq!(Quantity { value: -0.05, unit: Unit::Ratio }.to_string(), "-5%");
        assert_eq!(Quantity { value: f64::INFINITY, unit: Unit::Ratio }.to_string(), "inf%");
        assert_eq!(Quantity { value: f64::NAN, unit: Unit::Seconds }.to_string(), "NaNs");
    }

    #[test]
    fn a_unit_ends_where_the_word_ends() {
        assert_eq!(quantity("10", "/min(x)").unwrap().1, 0);
        assert_eq!(quantity("10", "/min (x)").unwrap().1, 0);
        assert_eq!(quantity("10", "/speed").unwrap().1, 0);
        assert_eq!(quantity("5", "%/h").unwrap().1, 3);
        assert_eq!(quantity("5", "%/hits").unwrap().1, 1);
        assert_eq!(quantity("5", "size").unwrap().1, 0);
        assert!(quantity(&"9".repeat(400), "").is_none());
        assert!(quantity(&"9".repeat(308), "GiB").is_none());
    }

    proptest! {
        #[test]
        fn reads_back_exactly(number in "[0-9]{1,12}(\\.[0-9]{1,9})?", which in 0..SPELLINGS.len()) {
            let quantity = read(&format!("{number}{}", SPELLINGS[which].suffix));
            prop_assert_eq!(read(&quantity.to_string()), quantity);
        }

        #[test]
        fn any_value_reads_back(value in 0.0..1e18f64, which in 0..SPELLINGS.len()) {
            let quantity = Quantity { value, unit: SPELLINGS[which].unit };
            prop_assert_eq!(read(&quantity.to_string()), quantity);
        }
    }
}
