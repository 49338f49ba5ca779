//! The shapes of lists, and the changes that touch every value of a record.

use serde_json::{Map, Value, json};

/// A list as EC2's older operations write it.
#[expect(clippy::needless_pass_by_value, reason = "lists are made in the call")]
pub fn items(values: Vec<Value>) -> Value {
    if values.is_empty() { json!({}) } else { json!({ "items": values }) }
}

/// A list as EC2's newer operations write it: each element with its ordinal, a plain value under `content`, and a list of
/// one as its element. `None` for an empty one, which the request leaves out.
pub fn numbered(values: Vec<Value>) -> Option<Value> {
    let mut elements: Vec<Value> =
        values.into_iter().zip(1_i64..).map(|(value, ordinal)| tagged(value, ordinal)).collect();
    if elements.len() > 1 { Some(Value::Array(elements)) } else { elements.pop() }
}

fn tagged(value: Value, ordinal: i64) -> Value {
    match value {
        Value::Object(mut members) => {
            members.insert("tag".to_owned(), Value::from(ordinal));
            Value::Object(members)
        }
        plain => json!({ "tag": ordinal, "content": plain }),
    }
}

/// A list in the response of a newer operation: `item` holds the element, or the array of several; an empty one is "".
pub fn answered(mut values: Vec<Value>) -> Value {
    match values.len() {
        0 => Value::from(""),
        1 => json!({ "item": values.remove(0) }),
        _ => json!({ "item": values }),
    }
}

/// Sets a member, if there is a value for it.
pub fn set(object: &mut Value, member: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[member] = value.into();
    }
}

/// An object under a name.
pub fn under(name: String, value: Value) -> Value {
    Value::Object(Map::from_iter([(name, value)]))
}

/// The response's `requestId`, which newer operations put inside their wrapper.
pub fn add_request_id(response: &mut Value, request_id: &str) {
    let Some(members) = response.as_object_mut() else { return };
    let wrapper = members.keys().next().filter(|name| name.ends_with("Response")).cloned();
    let inner = match wrapper {
        Some(name) => members.get_mut(&name).and_then(Value::as_object_mut),
        None => Some(members),
    };
    if let Some(inner) = inner {
        inner.insert("requestId".to_owned(), Value::from(request_id));
    }
}

/// Every `items` becomes `item`.
pub fn singular(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(list) = members.shift_remove("items") {
                members.insert("item".to_owned(), list);
            }
            members.values_mut().for_each(singular);
        }
        Value::Array(elements) => elements.iter_mut().for_each(singular),
        _ => (),
    }
}

/// Every number and boolean becomes text.
pub fn textual(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(textual),
        Value::Array(elements) => elements.iter_mut().for_each(textual),
        Value::Number(_) | Value::Bool(_) => *value = Value::from(value.to_string()),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_the_three_shapes() {
        assert_eq!(items(vec![]), json!({}));
        assert_eq!(items(vec![json!(1)]), json!({ "items": [1] }));
        assert_eq!(numbered(vec![]), None);
        assert_eq!(numbered(vec![json!("a")]), Some(json!({ "tag": 1, "content": "a" })));
        let two = numbered(vec![json!({ "A": 1 }), json!({ "A": 2 })]);
        assert_eq!(two, Some(json!([{ "A": 1, "tag": 1 }, { "A": 2, "tag": 2 }])));
        assert_eq!(answered(vec![]), json!(""));
        assert_eq!(answered(vec![json!("a")]), json!({ "item": "a" }));
    }

    #[test]
    fn changes_reach_every_value() {
        let mut value = json!({ "a": { "items": [{ "b": { "items": [1, true, "x"] } }] } });
        singular(&mut value);
        textual(&mut value);
        assert_eq!(value, json!({ "a": { "item": [{ "b": { "item": ["1", "true", "x"] } }] } }));
        let mut response = json!({ "XResponse": { "return": true } });
        add_request_id(&mut response, "r");
        assert_eq!(response, json!({ "XResponse": { "return": true, "requestId": "r" } }));
    }
}
