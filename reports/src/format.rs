//! Numbers and times as people read them. Everything is made from integers or fixed decimals, so
//! that equal records give equal bytes.

use rehearsal_sim::metrics::is_span;
use rehearsal_sim::time::SimTime;

/// Keeps a number and its unit, or two groups of digits, on one line.
const NBSP: char = '\u{a0}';

/// `9412` as `9 412`.
pub(crate) fn count(n: u64) -> String {
    group(&n.to_string())
}

/// A signed count.
pub(crate) fn signed(n: i64) -> String {
    if n < 0 { format!("−{}", count(n.unsigned_abs())) } else { count(n.unsigned_abs()) }
}

/// The value of a metric; its name tells whether that is a span.
pub(crate) fn metric(name: &str, value: i64) -> String {
    match u64::try_from(value) {
        Ok(ns) if is_span(name) => span(ns),
        _ => signed(value),
    }
}

/// A rate with about three significant digits: `1 250`, `49.5`, `0.25`.
pub(crate) fn rate(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let decimals = match x.abs() {
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        _ => 2,
    };
    let fixed = format!("{x:.decimals$}");
    match fixed.split_once('.') {
        None => group(&fixed),
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => group(whole),
            rest => format!("{}.{rest}", group(whole)),
        },
    }
}

/// A rate for a tick of an axis: `1 500`, `20 M`.
pub(crate) fn short_rate(x: f64) -> String {
    let units = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")];
    match units.into_iter().find(|(scale, _)| x >= *scale) {
        Some((scale, unit)) => format!("{}{NBSP}{unit}", rate(x / scale)),
        None => rate(x),
    }
}

/// A length of time with three significant digits: `980 us`, `12.4 ms`, `5 s`, `2 min 5 s`.
pub(crate) fn span(ns: u64) -> String {
    if ns == 0 {
        return format!("0{NBSP}s");
    }
    if ns >= 120_000_000_000 {
        return long_span(ns / 1_000_000_000);
    }
    let units = [(1_000, 1, "ns"), (1_000_000, 1_000, "us"), (1_000_000_000, 1_000_000, "ms")];
    for (below, scale, unit) in units {
        // Just under a unit's end, three digits round up into the next unit.
        if ns < below - scale / 2 {
            return format!("{}{NBSP}{unit}", three_digits(ns, scale));
        }
    }
    format!("{}{NBSP}s", three_digits(ns, 1_000_000_000))
}

/// An instant of the run, as traces print it: `5.003120s`.
pub(crate) fn instant(ns: u64) -> String {
    SimTime(ns).to_string()
}

/// `12 %` of the whole, for people: `< 0.1 %` instead of a zero that is none.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return format!("0{NBSP}%");
    }
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    match tenths {
        0 => format!("<{NBSP}0.1{NBSP}%"),
        t if t % 10 == 0 => format!("{}{NBSP}%", t / 10),
        t => format!("{}.{}{NBSP}%", t / 10, t % 10),
    }
}

/// A relative change, `0.031` as `+3.1 %`.
pub(crate) fn change(x: f64) -> String {
    let percent = rate((x * 100.0).abs());
    let sign = match percent.as_str() {
        "0" | "–" => "",
        _ if x < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{percent}{NBSP}%")
}

/// `1 fault`, `3 faults`.
pub(crate) fn plural(n: u64, noun: &str) -> String {
    format!("{}{NBSP}{noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// One in `one_in` is slower: 2 is `p50`, 1000 is `p99.9`.
pub(crate) fn percentile(one_in: u64) -> String {
    if one_in < 2 {
        return "p0".to_owned();
    }
    let one_in = u128::from(one_in);
    let millionths = 100_000_000 - (100_000_000 + one_in / 2) / one_in;
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A coordinate: at most one decimal, and none where it says nothing.
pub(crate) fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// How wide a text is at most, in multiples of the font size. Reports are drawn without fonts, so
/// this leans to the wide side of the usual sans-serif faces.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | NBSP => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.0,
        'A'..='Z' => 0.74,
        '\u{2e80}'.. => 1.05,
        _ => 0.64,
    }
}

/// The width of a text in pixels, on the safe side.
pub(crate) fn text_width(text: &str, font_px: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * font_px
}

/// The text, shortened with an ellipsis until it fits; `None` when less than two letters would
/// stay.
pub(crate) fn fit(text: &str, width: f64, font_px: f64) -> Option<String> {
    if text_width(text, font_px) <= width {
        return Some(text.to_owned());
    }
    let mut room = width - em('…') * font_px;
    let mut kept = String::new();
    for c in text.chars() {
        room -= em(c) * font_px;
        if room < 0.0 {
            break;
        }
        kept.push(c);
    }
    let kept = kept.trim_end_matches([' ', '|', ',', '-', '>', NBSP]);
    (kept.chars().count() >= 2).then(|| format!("{kept}…"))
}

fn group(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("−", rest),
        None => ("", digits),
    };
    let mut out = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(NBSP);
        }
        out.push(digit);
    }
    out
}

fn three_digits(ns: u64, scale: u64) -> String {
    let decimals: u32 = match ns / scale {
        _ if scale == 1 => 0,
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let worth = u128::from(10_u64.pow(decimals));
    let rounded = (u128::from(ns) * worth + u128::from(scale) / 2) / u128::from(scale);
    let (whole, rest) = (rounded / worth, rounded % worth);
    if rest == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{rest:0width$}", width = decimals as usize);
    text.trim_end_matches('0').to_owned()
}

fn long_span(secs: u64) -> String {
    let pair = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{}{NBSP}{big_unit}", count(big)),
        _ => format!("{}{NBSP}{big_unit} {small}{NBSP}{small_unit}", count(big)),
    };
    match secs {
        0..3_600 => pair(secs / 60, "min", secs % 60, "s"),
        3_600..172_800 => pair(secs / 3_600, "h", secs % 3_600 / 60, "min"),
        _ => pair(secs / 86_400, "d", secs % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(NBSP, " ")
    }

    #[test]
    fn spans_have_three_digits_and_the_right_unit() {
        let cases = [
            (0, "0 s"),
            (999, "999 ns"),
            (1_000, "1 us"),
            (12_340, "12.3 us"),
            (999_700, "1 ms"),
            (1_234_567, "1.23 ms"),
            (412_000_000, "412 ms"),
            (999_999_999, "1 s"),
            (5_000_000_000, "5 s"),
            (75_250_000_000, "75.3 s"),
            (125_000_000_000, "2 min 5 s"),
            (3_600_000_000_000, "1 h"),
            (u64::MAX, "213 503 d 23 h"),
        ];
        for (ns, text) in cases {
            assert_eq!(plain(&span(ns)), text);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(plain(&count(9_412)), "9 412");
        assert_eq!(plain(&count(1_000_000)), "1 000 000");
        assert_eq!(plain(&signed(-1234)), "−1 234");
        assert_eq!(plain(&rate(1249.7)), "1 250");
        assert_eq!(plain(&rate(49.5)), "49.5");
        assert_eq!(plain(&rate(0.25)), "0.25");
        assert_eq!(rate(f64::NAN), "–");
        assert_eq!(plain(&share(1, 100_000)), "< 0.1 %");
        assert_eq!(plain(&share(1, 8)), "12.5 %");
    }

    #[test]
    fn changes_have_a_sign_unless_they_are_none() {
        let texts: Vec<_> =
            [0.031, -0.5, 0.0, -0.000_001, 12.0].into_iter().map(|x| plain(&change(x))).collect();
        assert_eq!(texts, ["+3.1 %", "−50 %", "0 %", "0 %", "+1 200 %"]);
    }

    #[test]
    fn percentiles_name_their_nines() {
        let names: Vec<_> = [2, 10, 100, 1000, 10_000, 4].into_iter().map(percentile).collect();
        assert_eq!(names, ["p50", "p90", "p99", "p99.9", "p99.99", "p75"]);
    }

    #[test]
    fn texts_are_shortened_to_fit() {
        assert_eq!(fit("n3", 30.0, 12.0).as_deref(), Some("n3"));
        assert_eq!(fit("n1 n2 | n3 n4 n5", 60.0, 12.0).as_deref(), Some("n1 n2…"));
        assert_eq!(fit("partition", 12.0, 12.0), None);
    }
}
