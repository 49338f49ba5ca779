use super::grammar::DEPTH;
use super::*;
use proptest::prelude::*;

type Found = Vec<(String, String)>;

/// By the quick way alone.
fn read(text: &str) -> Option<Found> {
    let mut reader = MemberReader::default();
    reader.find(text)?;
    Some(reader.found.iter().map(|found| found.clone().map(|range| text[range].to_owned()).into()).collect())
}

/// By the plain way: the model.
fn plainly(text: &str) -> Option<Found> {
    let mut found = Vec::new();
    read_plainly(text, |name, value| found.push((name.into_owned(), value.to_owned()))).ok()?;
    Some(found)
}

#[test]
fn sound_objects_are_read_and_others_declined() {
    let long = format!(r#"{{"a":"{}","b":[{{"c":"]}}"}}]}}"#, "x\\\"".repeat(100));
    for text in [
        "{}",
        " { } ",
        r#"{"a":1}"#,
        r#"{"a":[],"b":[ ],"c":[1,-2.5e+3,"x",{"d":null}]}"#,
        "{ \"a\" :\t\"b\\u00e9\\\\\" , \"a\" : true\r\n}",
        r#"{"a":"","b":{"a":{"a":[[[]]]}}}"#,
        "{\"é\":\"日本\"}",
        &long,
    ] {
        assert_eq!(read(text), plainly(text), "{text}");
        assert!(read(text).is_some(), "{text}");
    }
    for text in [
        "",
        " ",
        "[]",
        "1",
        "null",
        "\"a\"",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{} x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{\"a\":1 2}",
        "{\"a\":1 \"b\":2}",
        "{x\"a\":1}",
        "{\"a\"x:1}",
        "{\"a\":\"b\"x}",
        "{\"a\":tru}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":[1,]}",
        "{\"a\":[}]",
        "{\"a\":]}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"b}",
        "{1:2}",
        "{\"a\":\\\"b\"}",
        "{\"a\":[1:2]}",
        "{\"a\",1}",
        "{\"a\":\u{a0}1}",
        "{\"a\":\"\\u12\"}",
    ] {
        assert_eq!(plainly(text), None, "{text}");
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_is_odd_but_sound_is_left_to_the_plain_parser() {
    let deep = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    for text in [r#"{"\u0061":1}"#, &deep(DEPTH + 1)] {
        assert!(plainly(text).is_some(), "{text}");
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read(&deep(DEPTH)), plainly(&deep(DEPTH)));
    let mut names = Vec::new();
    MemberReader::default().read(r#"{"b":2,"\u0061":1}"#, |name, _| names.push(name.into_owned())).expect("sound");
    assert_eq!(names, ["b", "a"]);
}

/// Sound JSON, some of it with a few bytes put out of order.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\\"",
        "\\u00e9",
        "\\n",
        "a",
        "é",
        " ",
        "\n",
        "1",
        "-0.5e1",
        "true",
        "null",
        "\"a\":",
        "\"b\":{}",
        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
        ",\"c\":[1,2]",
    ]);
    let soup = prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat());
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<f64>().prop_map(serde_json::Value::from),
        "[\\\\\"\\[\\]{}:,a-zé\u{1}\n]{0,40}".prop_map(serde_json::Value::from),
    ];
    let value = leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[\\\\\"{}:a-z]{0,12}", inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    });
    let changed = (value, prop::collection::vec((any::<prop::sample::Index>(), "[\\\\\"\\[\\]{}:, 0-9]"), 0..3))
        .prop_map(|(value, changes)| {
            let mut text: Vec<char> = value.to_string().chars().collect();
            for (at, with) in changes {
                let at = at.index(text.len());
                text[at] = with.chars().next().expect("one character");
            }
            text.into_iter().collect()
        });
    prop_oneof![soup.clone(), soup.prop_map(|text| format!("{{\"k\":{text}}}")), changed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Accepted is accepted by the plain parser, with the same members; and sound compact JSON is never declined for
    /// nothing.
    #[test]
    fn it_agrees_with_the_plain_parser(text in texts()) {
        let (fast, plain) = (read(&text), plainly(&text));
        let has_escaped_key = plain.as_ref().is_some_and(|_| text.contains('\\'));
        match fast {
            Some(members) => prop_assert_eq!(Some(members), plain),
            None => prop_assert!(plain.is_none() || has_escaped_key, "declined: {}", text),
        }
    }
}
