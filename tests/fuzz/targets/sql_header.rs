//! The header of a question: what was read, written again, reads the same.

#![no_main]

use analytics::query::{ParameterKind, Question};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(question) = Question::parse("network/q.sql", text) else { return };
    assert_eq!((question.name.as_str(), question.topic.as_str(), question.sql.as_str()), ("q", "network", text));
    assert!(
        question.parameters.iter().all(|parameter| !parameter.name.is_empty()),
        "a parameter that nothing can bind"
    );
    let again = written(&question);
    let read = Question::parse("network/q.sql", &again).expect("what was taken is taken again");
    assert_eq!(read, Question { sql: again, ..question });
});

fn written(question: &Question) -> String {
    let mut header = format!("-- question: {}\n", question.question);
    let mut line = |key: &str, value: &str| header.push_str(&format!("-- {key}: {value}\n"));
    if let Some(control) = &question.control {
        line("control", control);
    }
    if let Some(base) = &question.builds_on {
        line("builds on", base);
    }
    for parameter in &question.parameters {
        let kind = match parameter.kind {
            ParameterKind::Time => "time",
            ParameterKind::Text => "text",
        };
        line("parameter", &format!("${} {kind}; {}", parameter.name, parameter.about));
    }
    let required = [("columns", &question.columns), ("one row", &question.one_row), ("order", &question.order)];
    required.into_iter().for_each(|(key, value)| line(key, value));
    line("sources", &question.sources);
    header + "select 1"
}
