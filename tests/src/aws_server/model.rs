//! Members of a JSON request, within the limits of the service model. A JSON `null` is a member that is not there.

use serde_json::{Map, Value};

use super::http::Refusal;

/// The object, refused where it has a member that the model does not know.
pub(super) fn object<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, Refusal> {
    let members = value.as_object().ok_or_else(|| Refusal::validation(format!("not an object: {value}")))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(Refusal::validation(format!("unknown member {unknown:?}, expected one of {known:?}"))),
        None => Ok(members),
    }
}

/// A text of `low..=high` characters, or nothing.
pub(super) fn text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    low: usize,
    high: usize,
) -> Result<Option<&'a str>, Refusal> {
    let Some(value) = present(members, name) else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| Refusal::validation(format!("{name} is not a text: {value}")))?;
    within(name, text.chars().count(), low, high)?;
    Ok(Some(text))
}

/// As [`text`], refused where it is missing.
pub(super) fn required_text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    low: usize,
    high: usize,
) -> Result<&'a str, Refusal> {
    text(members, name, low, high)?.ok_or_else(|| missing(name))
}

/// A list of `low..=high` items; a missing one is empty where that is within the limits.
pub(super) fn list<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    low: usize,
    high: usize,
) -> Result<&'a [Value], Refusal> {
    let Some(value) = present(members, name) else {
        return if low == 0 { Ok(&[]) } else { Err(missing(name)) };
    };
    let items = value.as_array().ok_or_else(|| Refusal::validation(format!("{name} is not a list: {value}")))?;
    within(name, items.len(), low, high)?;
    Ok(items)
}

/// A list of texts, each of `low..=high` characters.
pub(super) fn texts<'a>(items: &'a [Value], name: &str, low: usize, high: usize) -> Result<Vec<&'a str>, Refusal> {
    let one = |item: &'a Value| -> Result<&'a str, Refusal> {
        let text = item.as_str().ok_or_else(|| Refusal::validation(format!("{name} holds {item}, not a text")))?;
        within(name, text.chars().count(), low, high)?;
        Ok(text)
    };
    items.iter().map(one).collect()
}

/// A whole number of `low..=high`, or nothing.
pub(super) fn number(
    members: &Map<String, Value>,
    name: &str,
    low: usize,
    high: usize,
) -> Result<Option<usize>, Refusal> {
    let Some(value) = present(members, name) else { return Ok(None) };
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    let number = number.ok_or_else(|| Refusal::validation(format!("{name} is not a whole number: {value}")))?;
    if !(low..=high).contains(&number) {
        return Err(Refusal::validation(format!("{name} is {number}, expected {low} to {high}")));
    }
    Ok(Some(number))
}

/// A moment as these protocols write it: seconds since 1970, a JSON number. A text is refused.
pub(super) fn required_seconds(members: &Map<String, Value>, name: &str) -> Result<f64, Refusal> {
    let value = present(members, name).ok_or_else(|| missing(name))?;
    value.as_f64().ok_or_else(|| Refusal::validation(format!("{name} is not a number of seconds: {value}")))
}

/// `true` or `false`; a missing one is `false`.
pub(super) fn boolean(members: &Map<String, Value>, name: &str) -> Result<bool, Refusal> {
    let Some(value) = present(members, name) else { return Ok(false) };
    value.as_bool().ok_or_else(|| Refusal::validation(format!("{name} is not a boolean: {value}")))
}

/// Refuses a length outside `low..=high`.
pub(super) fn within(name: &str, length: usize, low: usize, high: usize) -> Result<(), Refusal> {
    if (low..=high).contains(&length) {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length from \
         {low} to {high}, found {length}"
    )))
}

fn present<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn missing(name: &str) -> Refusal {
    Refusal::validation(format!("1 validation error detected: Value null at '{name}': Member must not be null"))
}
