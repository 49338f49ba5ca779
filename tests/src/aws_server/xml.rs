//! XML as text: elements are put together from the inside out.

/// `<name>inner</name>`, `inner` being XML already.
pub(super) fn element(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// `<name>value</name>`, `value` being plain text.
pub(super) fn text(name: &str, value: &str) -> String {
    element(name, &escaped(value))
}

/// As [`text`], and nothing where there is no value.
pub(super) fn optional(name: &str, value: Option<&str>) -> String {
    value.map(|value| text(name, value)).unwrap_or_default()
}

/// `<name><item>..</item>..</name>`: the items' insides are XML already.
pub(super) fn list(name: &str, item: &str, insides: impl IntoIterator<Item = String>) -> String {
    let items: String = insides.into_iter().map(|inside| element(item, &inside)).collect();
    element(name, &items)
}

/// A list whose items are plain text.
pub(super) fn texts(name: &str, item: &str, values: &[String]) -> String {
    list(name, item, values.iter().map(|value| escaped(value)))
}

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
