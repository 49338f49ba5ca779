//! Values out of `requestParameters` and `responseElements`, whichever of EC2's encodings they are in.
//!
//! - camelCase, lists as `{"items":[...]}`, an empty list as `{}`;
//! - the same with the singular `item`;
//! - wrapped, PascalCase: `{"DeleteVpcEndpointsRequest":{"VpcEndpointId":{"tag":1,"content":"vpce-..."}}}`, where a list
//!   of one is an object and a longer one an array.

use serde_json::Value;

/// A member by its camelCase name, or the same name in PascalCase.
pub fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(pascal(name))).filter(|value| !value.is_null())
}

/// A member's text.
pub fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    content(member(value, name)?)
}

/// A string, or the string in `{"tag":1,"content":"..."}`.
pub fn content(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content").and_then(Value::as_str)).filter(|text| !text.is_empty())
}

/// The elements of a list in any encoding; none when the member is missing.
pub fn list<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let Some(value) = member(value, name) else { return Vec::new() };
    let elements = value.get("items").or_else(|| value.get("item")).unwrap_or(value);
    match elements {
        Value::Array(elements) => elements.iter().collect(),
        Value::Object(members) if members.is_empty() => Vec::new(),
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

/// The request itself, without the wrapper that some actions have.
pub fn unwrapped<'a>(request: &'a Value, event_name: &str) -> &'a Value {
    request.get(format!("{event_name}Request")).unwrap_or(request)
}

/// Tags in `tagSet`, `tagSpecificationSet` and `TagSpecification`, as (key, value).
pub fn tags(value: &Value) -> Vec<(&str, &str)> {
    let specified = ["tagSpecificationSet", "tagSpecification"].into_iter().flat_map(|name| list(value, name));
    let nested = specified.flat_map(|specification| {
        ["tags", "Tag", "tagSet"].into_iter().flat_map(move |name| list(specification, name))
    });
    nested
        .chain(list(value, "tagSet"))
        .filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())))
        .collect()
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_read_the_same_in_every_encoding() {
        let expected = vec!["a", "b"];
        let ids = |value: &Value| -> Vec<String> {
            list(value, "groupSet")
                .into_iter()
                .filter_map(|v| text(v, "groupId").or_else(|| content(v)))
                .map(str::to_owned)
                .collect()
        };
        for value in [
            json!({"groupSet": {"items": [{"groupId": "a"}, {"groupId": "b"}]}}),
            json!({"groupSet": {"item": [{"groupId": "a"}, {"groupId": "b"}]}}),
            json!({"GroupSet": [{"tag": 1, "GroupId": "a"}, {"tag": 2, "GroupId": "b"}]}),
            json!({"GroupSet": [{"tag": 1, "content": "a"}, {"tag": 2, "content": "b"}]}),
        ] {
            assert_eq!(ids(&value), expected, "{value}");
        }
        assert_eq!(ids(&json!({"GroupSet": {"tag": 1, "content": "a"}})), ["a"]);
        for value in [json!({"groupSet": {}}), json!({}), json!({"groupSet": null}), json!("")] {
            assert!(list(&value, "groupSet").is_empty(), "{value}");
        }
    }

    #[test]
    fn tags_are_found_wherever_they_are_given() {
        let specification = json!({"tagSpecificationSet": {"items": [{"resourceType": "network-interface", "tags": [{"key": "k", "value": "v"}]}]}});
        let wrapped = json!({"CreateVpcEndpointRequest": {"TagSpecification": {"tag": 1, "ResourceType": "vpc-endpoint", "Tag": {"tag": 1, "Key": "k", "Value": "v"}}}});
        let response = json!({"tagSet": {"items": [{"key": "k", "value": "v"}]}});
        for value in [&specification, unwrapped(&wrapped, "CreateVpcEndpoint"), &response] {
            assert_eq!(tags(value), [("k", "v")], "{value}");
        }
    }
}
