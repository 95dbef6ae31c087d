//! What a trace keeps, and what it is stored as.

use super::*;

fn row(id: u64, kind: RowKind, address: &str, text: &str) -> TraceRow {
    TraceRow {
        id,
        at_ns: id * 10,
        kind,
        node: Some(1),
        peer: (!address.is_empty()).then_some(2),
        cause: id.checked_sub(3),
        address: address.to_owned(),
        text: text.to_owned(),
        changes: Vec::new(),
    }
}

fn change(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    let [from, to] = [from, to].map(|value| value.map(str::to_owned));
    FieldChange { field: field.to_owned(), from, to }
}

fn rows() -> Vec<TraceRow> {
    let changes = vec![
        change("term", Some("3"), Some("4")),
        change("voted_for", None, Some("n2")),
        change("votes", Some(""), None),
    ];
    let text = "term: 3 -> 4, voted_for: n2, votes:  -> -".to_owned();
    vec![
        row(0, RowKind::Send, "n1->n2 Ping#1", "Ping { token: 1 }"),
        row(1, RowKind::Deliver, "n1->n2 Ping#1", "Ping { token: 1 }"),
        TraceRow { text, changes, ..row(2, RowKind::View, "", "") },
        row(7, RowKind::Drop, "n1->n2 Ping#2", "lost"),
        row(8, RowKind::Fault, "an odd address#07", "crashes"),
    ]
}

#[test]
fn rows_come_out_as_they_went_in() {
    let trace: Trace = rows().into_iter().collect();
    let out: Vec<TraceRow> = trace.rows().map(|row| row.to_row()).collect();
    assert_eq!(out, rows());
    assert_eq!(trace.len(), 5);
    assert_eq!(trace.row(7).map(|row| row.text()), Some("lost".into()));
    assert_eq!(trace.row(5), None);
    assert_eq!(trace.stretch(1..4).rows().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 7]);
    // A trace that shares texts is the same as one that does not.
    let mut part = Part::new(0);
    let (mut known, mut streams) = (BTreeMap::new(), Vec::new());
    for row in &rows()[..3] {
        let new = NewRow::of(row, &mut known, &mut streams);
        part.push(&new, &new.text_of(row), Some(0));
    }
    assert!(part.texts.len() < trace.parts[0].texts.len());
    let shared = Trace::new(vec![part], streams);
    assert_eq!(shared, trace.stretch(0..3));
    assert_ne!(shared, trace);
}

#[test]
fn rows_are_forgotten_with_their_texts() {
    let mut part = Part::new(5);
    let (mut known, mut streams) = (BTreeMap::new(), Vec::new());
    for id in 5..50 {
        let row = row(id, RowKind::Note, "", if id % 2 == 0 { "even" } else { "odd" });
        part.push(&NewRow::of(&row, &mut known, &mut streams), &row.text, id.checked_sub(2));
    }
    assert_eq!(part.texts, "oddeven");
    let later = part.split_off(20);
    assert_eq!((part.len(), part.next(), later.len(), later.next()), (20, 25, 25, 50));
    assert_eq!((later.row(0, &streams).id, later.row(0, &streams).raw), (25, "odd"));
    part.forget(19);
    assert_eq!((part.row(0, &streams).id, part.texts.as_str()), (24, "even"));
}

#[test]
fn a_trace_is_stored_by_columns() {
    let mut trace: Trace = rows().into_iter().collect();
    (trace.omitted, trace.window) = (3, "some".to_owned());
    let text = serde_json::to_string(&trace).expect("plain data");
    assert_eq!(text.matches("Ping { token: 1 }").count(), 1, "{text}");
    assert_eq!(serde_json::from_str::<Trace>(&text).expect("it is whole"), trace);
    let empty = serde_json::to_string(&Trace::default()).expect("plain data");
    assert_eq!(serde_json::from_str::<Trace>(&empty).expect("it is whole"), Trace::default());
    for (from, to) in [
        ("\"kinds\":\"sdvxf\"", "\"kinds\":\"sdvxQ\""),
        ("\"kinds\":\"sdvxf\"", "\"kinds\":\"sdvx\""),
        ("[[0,0],[3,7]]", "[[1,0],[3,7]]"),
        ("[[0,0],[3,7]]", "[]"),
        ("[[0,0],[3,7]]", "[[0,0],[3,7],[9,9]]"),
        ("\"says\":[0,0,", "\"says\":[0,9,"),
        ("\"messages\":[[1,1]", "\"messages\":[[9,1]"),
        ("\"columns\"", "\"rows\":[],\"columns\""),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{from}");
        assert!(serde_json::from_str::<Trace>(&wrong).is_err(), "{to}");
    }
}

#[test]
fn rows_of_the_first_version_are_numbered() {
    let text = r#"{"rows":[
        {"at_ns":0,"kind":"boot","node":0,"peer":null,"address":"","text":"boots"},
        {"at_ns":5,"kind":"send","node":0,"peer":1,"address":"n1->n2 Ping#1","text":"Ping"}
    ],"omitted":0,"window":""}"#;
    let trace: Trace = serde_json::from_str(text).expect("it stays readable");
    let told: Vec<(u64, Option<u64>, String)> =
        trace.rows().map(|row| (row.id, row.cause, row.address())).collect();
    assert_eq!(told, [(0, None, String::new()), (1, None, "n1->n2 Ping#1".to_owned())]);
}

#[test]
fn names_of_kinds_are_those_of_records() {
    for kind in RowKind::ALL {
        let stored = serde_json::to_string(&kind).expect("plain data");
        assert_eq!(stored, format!("\"{}\"", kind.name()));
    }
}

#[test]
fn a_row_is_small() {
    assert_eq!(size_of::<Packed>(), 40);
}
