//! The expression language of plans: numbers read from windows of events, calculated with and compared.
//!
//! [`parse()`] turns text into an [`Expr`], and [`check()`] tells whether it makes sense for the classes of events there
//! are; both fail with an [`Error`] that shows its place. [`Expr`]'s `Display` gives the canonical text back.
//!
//! ```text
//! count(http.request{route=*"/api/*", status=5xx}[5m]) / count(http.request{route=*"/api/*"}[5m]) > 5%
//! ```
//!
//! # Grammar
//!
//! White space, line ends included, may stand between any two tokens but not inside a number with its unit, and not
//! around the dots of a name.
//!
//! ```text
//! expression  = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation    = "not" negation | comparison
//! comparison  = sum [ ( ">" | ">=" | "<" | "<=" | "==" | "!=" ) sum ]        (not chained)
//! sum         = product { ( "+" | "-" ) product }
//! product     = unary { ( "*" | "/" ) unary }
//! unary       = "-" unary | primary
//! primary     = "(" expression ")" | number | metric | call
//!
//! call        = aggregate { window | groups }                                (each at most once)
//!             | "zero" "(" selector "of" selector ")" [ window ]
//!             | "absent" "(" selector [ window ] ")" [ window ]
//!             | "overall" "(" comparison ")"
//!             | "trend" "(" expression [ window ] ")" [ window ]
//!             | "baseline" "(" expression [ "," expression ] ")"
//! aggregate   = name "(" input ")"
//!             | "quantile" "(" number "," input ")"
//!             | "streak" "(" selector "of" selector ")"
//! name        = "count" | "rate" | "sum" | "mean" | "min" | "max" | "first" | "last"
//!             | "p50" | "p90" | "p95" | "p99" | "distinct" | "gap"
//! input       = selector [ window ]
//!             | "interval" "(" selector [ window ] ")" [ window ] [ groups ] [ window ]
//! groups      = "by" "(" label { "," label } ")"
//! window      = "[" ( time | "deploy" ) "]"                                  (at most one a call; default: the plan's)
//!
//! selector    = class [ "{" [ test { "," test } [ "," ] ] "}" [ "." member ] ]
//! class       = word { "." word }
//! test        = label ( "=" | "!=" ) ( text | number )
//!             | label ( "=*" | "!=*" | "=~" | "!=~" ) text                   (glob, anchored regex)
//!             | label ( ">" | ">=" | "<" | "<=" ) number
//!             | "status" ( "=" | "!=" ) ( "5xx" | "500..599" | "404" )
//!
//! number      = digits [ "." digits ] [ unit ]
//! unit        = "%" | "pp" | "ms" | "s" | "m" | "h" | "d" | "B" | "kB" | "KiB" | "MB" | "MiB" | "GB" | "GiB"
//!             | "/s" | "/min" | "/h" | "%/s" | "%/min" | "%/h"
//! text        = '"' … '"' | "'" … "'"                                        (no escapes; a doubled quote is one)
//! word        = letter or "_", then letters, digits, "_"
//! ```
//!
//! A window behind the closing parenthesis of a call directly inside `trend` is the trend's. A metric is a word that is
//! neither a function nor one of `and or not by of`; it stands for its expression as if in parentheses. In a glob `*` is any
//! run of bytes (also `/`) and `?` is one byte; globs and regexes match a label's whole text.

mod ast;
mod call;
mod check;
mod display;
mod error;
pub(crate) mod matching;
mod metrics;
mod parse;
mod part;
mod quantity;
mod selector;
pub(crate) mod suggest;
mod token;
mod window;
mod words;

#[cfg(test)]
mod properties;

pub use ast::Expr;
pub(crate) use ast::{Aggregate, ArithmeticOp, CompareOp, Function, Input, Kind, LabelTest, Selector, TestOp, Window};
pub use check::{Catalog, Type, check};
pub use error::Error;
pub use metrics::Metrics;
pub use parse::parse;
pub(crate) use part::{is_part_of, ratio_of_counts};
pub use quantity::Unit;
pub(crate) use words::words;
