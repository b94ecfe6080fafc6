//! What holds for every text and every tree.

use proptest::prelude::*;

use super::ast::MAX_WINDOW_SECONDS;
use super::quantity::Quantity;
use super::*;

fn metrics() -> Metrics {
    Metrics::parse_all([("errors", "count(http.error)"), ("slow", "p95(http.request{}.duration) > 2s")]).unwrap()
}

/// Reads, and where that fails renders the mistake; what reads must be the same when read again from its canonical
/// text.
fn read(text: &str) -> Result<(), TestCaseError> {
    match parse(text, &metrics()) {
        Ok(expr) => {
            let shown = expr.to_string();
            let again = parse(&shown, &Metrics::default());
            prop_assert_eq!(again.as_ref(), Ok(&expr), "{}", shown);
            prop_assert_eq!(again.map(|expr| expr.to_string()), Ok(shown));
        }
        Err(error) => {
            prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
            prop_assert!(text.get(error.span.clone()).is_some());
            error.render(text, "plan.toml:1");
        }
    }
    Ok(())
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "count",
        "p95",
        "quantile",
        "0.95",
        ",",
        "streak",
        "zero",
        "absent",
        "overall",
        "trend",
        "baseline",
        "interval",
        "(",
        ")",
        "[",
        "]",
        "5m",
        "deploy",
        "http.error",
        "{",
        "}",
        ".duration",
        "status",
        "=",
        "!=",
        "5xx",
        "500..599",
        "=*",
        "\"a\"",
        "'",
        "of",
        "by",
        "route",
        "and",
        "or",
        "not",
        "+",
        "-",
        "*",
        "/",
        "10/min",
        "5%",
        "> ",
        "<=",
        "==",
        "errors",
        "slow",
        " ",
        "\n",
        "ñ",
        "1",
    ])
}

fn text() -> impl Strategy<Value = String> {
    "[a-z0-9/*'\" ñ.\\\\-]{0,8}"
}

fn quantity() -> impl Strategy<Value = Quantity> {
    let unit = prop::sample::select(vec![
        Unit::Plain,
        Unit::Ratio,
        Unit::RatioDifference,
        Unit::Seconds,
        Unit::Bytes,
        Unit::PerSecond,
        Unit::RatioPerSecond,
    ]);
    (prop_oneof![0.0..1e6f64, (0..10_000u32).prop_map(f64::from)], unit)
        .prop_map(|(value, unit)| Quantity { value, unit })
}

fn compare_op() -> impl Strategy<Value = CompareOp> {
    use CompareOp::*;
    prop::sample::select(vec![Greater, GreaterOrEqual, Less, LessOrEqual, Equal, NotEqual])
}

fn label() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,5}".prop_filter("status has tests of its own", |label| label != "status")
}

fn test() -> impl Strategy<Value = LabelTest> {
    let op = prop_oneof![
        text().prop_map(TestOp::Equal),
        text().prop_map(TestOp::NotEqual),
        text().prop_map(TestOp::Glob),
        text().prop_map(TestOp::NotGlob),
        text().prop_map(TestOp::Regex),
        text().prop_map(TestOp::NotRegex),
        (compare_op(), quantity(), any::<bool>()).prop_map(|(op, mut quantity, negative)| {
            if negative {
                quantity.value = -quantity.value;
            }
            TestOp::Number(op, quantity)
        }),
    ];
    let status = (0..1_000u16, 0..1_000u16, any::<bool>()).prop_map(|(a, b, negated)| TestOp::Status {
        from: a.min(b),
        to: a.max(b),
        negated,
    });
    prop_oneof![
        4 => (label(), op).prop_map(|(label, op)| LabelTest { label, op, span: 0..0 }),
        1 => status.prop_map(|op| LabelTest { label: "status".to_owned(), op, span: 0..0 }),
    ]
}

fn selector() -> impl Strategy<Value = Selector> {
    ("c[a-z0-9_]{0,3}(\\.[a-z]{1,3}){0,2}", prop::collection::vec(test(), 0..3), prop::option::of(label()))
        .prop_map(|(class, tests, member)| Selector { class, tests, member, span: 0..0 })
        .prop_filter("functions are no classes", |selector| selector.class != "count")
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        Just(Window::Default),
        Just(Window::Deploy),
        (1..=MAX_WINDOW_SECONDS).prop_map(|seconds| Window::Length(seconds * 1_000_000_000)),
    ]
}

fn groups() -> impl Strategy<Value = Vec<String>> {
    prop::collection::hash_set(label(), 0..3).prop_map(|labels| labels.into_iter().collect())
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    use Function::*;
    let of_events = prop::sample::select(vec![Count, Rate, Sum, Mean, Min, Max, First, Last, Distinct, Gap]);
    let of_both = prop_oneof![
        prop::sample::select(vec![Count, Sum, Mean, Min, Max, First, Last, Quantile(0.5), Quantile(0.95)]),
        (0.0..=1.0f64).prop_map(Quantile),
    ];
    let read = prop_oneof![
        (prop_oneof![of_events, of_both.clone()], selector().prop_map(Input::Events)),
        (of_both, (selector(), groups()).prop_map(|(of, by)| Input::Intervals { of, by })),
        (Just(Streak), (selector(), selector()).prop_map(|(part, whole)| Input::Streak { part, whole })),
    ];
    (read, window(), groups()).prop_map(|((function, input), window, by)| Aggregate {
        function,
        input,
        window,
        by,
        span: 0..0,
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        quantity().prop_map(Kind::Literal),
        aggregate().prop_map(Kind::Aggregate),
        (selector(), selector(), window()).prop_map(|(part, whole, window)| Kind::Zero { part, whole, window }),
        (selector(), window()).prop_map(|(of, window)| Kind::Absent { of, window }),
    ]
    .prop_map(|kind| Expr { kind, span: 0..0 });
    leaf.prop_recursive(5, 32, 2, |inner| {
        use ArithmeticOp::*;
        let one = inner.prop_map(Box::new);
        let two = (one.clone(), one.clone());
        prop_oneof![
            one.clone().prop_map(Kind::Negate),
            one.clone().prop_map(Kind::Not),
            one.clone().prop_map(Kind::Overall),
            (one.clone(), prop::option::of(one.clone())).prop_map(|(of, otherwise)| Kind::Baseline { of, otherwise }),
            (one, window()).prop_map(|(of, window)| Kind::Trend { of, window }),
            (prop::sample::select(vec![Add, Subtract, Multiply, Divide]), two.clone())
                .prop_map(|(op, (left, right))| Kind::Arithmetic { op, left, right }),
            (compare_op(), two.clone()).prop_map(|(op, (left, right))| Kind::Compare { op, left, right }),
            two.clone().prop_map(|(left, right)| Kind::And(left, right)),
            two.prop_map(|(left, right)| Kind::Or(left, right)),
        ]
        .prop_map(|kind| Expr { kind, span: 0..0 })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_text_reads_or_is_refused(text in ".{0,80}") {
        read(&text)?;
    }

    #[test]
    fn any_words_read_or_are_refused(tokens in prop::collection::vec(token(), 0..25), spaced in any::<bool>()) {
        read(&tokens.join(if spaced { " " } else { "" }))?;
    }

    #[test]
    fn any_tree_reads_back(expr in expr()) {
        let shown = expr.to_string();
        prop_assert_eq!(parse(&shown, &Metrics::default()), Ok(expr), "{}", shown);
        read(&shown)?;
    }

    #[test]
    fn any_tree_cut_short_is_refused_or_read(expr in expr(), at in any::<prop::sample::Index>()) {
        let shown = expr.to_string();
        let boundaries: Vec<usize> = shown.char_indices().map(|(at, _)| at).collect();
        read(&shown[..boundaries[at.index(boundaries.len())]])?;
    }
}
