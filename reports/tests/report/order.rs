//! The picture of a history that has no order.

use rehearsal_reports::order::{Checked, Fact, Words, page};
use rehearsal_sim::check::{Bar, Explanation, Verdict};

fn bar(client: u32, text: &str, called: u64, ended: Option<u64>, place: Option<u32>) -> Bar {
    let state_after = place.map(|_| text.chars().filter(char::is_ascii_digit).collect());
    Bar {
        client,
        text: text.to_owned(),
        called_ns: called,
        ended_ns: ended,
        place,
        state_after,
        is_blamed: false,
    }
}

/// A stale read among concurrent writes, one of them open for ever.
fn stale() -> Explanation {
    let blamed = Bar { is_blamed: true, ..bar(2, "read = 1", 60, Some(70), None) };
    Explanation {
        sentence: "client2's read = 1 can not be placed: write(2) had already ended".to_owned(),
        at_ns: 70,
        details: Vec::new(),
        expected: "it could have read 2 or 3".to_owned(),
        bars: vec![
            bar(0, "write(1) = ok", 10, Some(20), Some(1)),
            bar(1, "write(2) = ok", 15, Some(40), Some(2)),
            bar(3, "write(3) = unknown", 30, None, None),
            bar(0, "cas(2 -> <4>) = mismatch", 45, Some(55), Some(3)),
            blamed,
        ],
    }
}

fn drawn(explanation: Explanation) -> String {
    let moments = explanation.bars.iter().map(|bar| {
        (format!("line {}", bar.called_ns), bar.ended_ns.map(|at| format!("line {at}")))
    });
    let clients = explanation.bars.iter().map(|bar| format!("process {}", bar.client));
    let words = Words { moments: moments.collect(), clients: clients.collect() };
    let fact = |name: &str, value: &str| Fact {
        name: name.to_owned(),
        value: value.to_owned(),
        detail: "of 4 processes".to_owned(),
    };
    page(&Checked {
        file: "etcd_000.log".to_owned(),
        claim: "linearizable register".to_owned(),
        verdict: Verdict::Fail(explanation),
        facts: vec![fact("operations", "5"), fact("decided in", "12us")],
        notes: vec!["read as porcupine-log".to_owned()],
        words,
        version: "0.1.0".to_owned(),
    })
}

#[test]
fn every_operation_is_drawn_and_the_order_runs_through_its_bars() {
    let page = drawn(stale());
    // For people to look at.
    let _ = std::fs::write(format!("{}/order.html", env!("CARGO_TARGET_TMPDIR")), &page);
    assert_eq!(page.matches("<g class=\"bar").count(), 5);
    assert_eq!(page.matches("<g class=\"bar blamed\"").count(), 1);
    assert_eq!(page.matches("<g class=\"bar unplaced open\"").count(), 1);
    assert_eq!(page.matches("<g class=\"place\">").count(), 3);
    for text in ["it could have read 2 or 3", "cas(2 -&gt; &lt;4&gt;) = mismatch", "process 3"] {
        assert!(page.contains(text), "{text}");
    }
    // The points go from left to right.
    let line = page.split("<polyline class=\"way\" points=\"").nth(1).expect("there is a line");
    let points = line.split('"').next().expect("it ends");
    let xs: Vec<f64> =
        points.split(' ').map(|point| point.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(xs.len() == 3 && xs.is_sorted(), "{xs:?}");
}

#[test]
fn a_failure_without_bars_is_told_in_words() {
    let explanation =
        Explanation { details: vec!["a line".to_owned()], bars: Vec::new(), ..stale() };
    let page = drawn(explanation);
    assert!(page.contains("<li>a line</li>") && !page.contains("<svg class=\"chart order\""));
}

#[test]
fn long_and_crowded_histories_stay_inside_the_picture() {
    let mut explanation = stale();
    let long = "append(k7, a value that goes on and on) = ok ".repeat(4);
    for number in 0..40_u64 {
        let client = u32::try_from(number % 3).unwrap();
        explanation.bars.push(bar(client, &long, 100 + number, Some(105 + number), None));
    }
    let page = drawn(explanation);
    for part in page.split(" x=\"").skip(1) {
        let x: f64 = part.split('"').next().unwrap().parse().unwrap();
        assert!((0.0..=1000.0).contains(&x), "{x}");
    }
}
