//! The part of JSON Schema that a resource provider schema needs here: required and additional properties, types,
//! enumerations, items and references to definitions.

use serde_json::Value;

/// Whether `value` fits `schema`, a part of `whole`; `at` says where in the configuration it stands.
pub(super) fn check(whole: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap_or(reference);
        let target = whole.pointer(pointer).ok_or_else(|| format!("{reference} is not in the schema"))?;
        return check(whole, target, value, at);
    }
    check_type(schema, value, at)?;
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at} is {value}, not one of {words:?}"));
    }
    check_properties(whole, schema, value, at)?;
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    for (number, item) in items.iter().enumerate().filter(|_| schema["items"].is_object()) {
        check(whole, &schema["items"], item, &format!("{at}[{number}]"))?;
    }
    Ok(())
}

/// A type may be one of several.
fn check_type(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let is_of = |name: &str| match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => false,
    };
    let fits = match &schema["type"] {
        Value::String(name) => is_of(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is_of),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{at} is not of type {}", schema["type"])) }
}

fn check_properties(whole: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(members) = value.as_object() else { return Ok(()) };
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(missing) = required.iter().filter_map(Value::as_str).find(|name| !members.contains_key(*name)) {
        return Err(format!("{at} has no {missing}"));
    }
    for (name, member) in members {
        match schema["properties"].get(name) {
            Some(property) => check(whole, property, member, &format!("{at}.{name}"))?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{at} has {name}, which is not allowed"));
            }
            None => {}
        }
    }
    Ok(())
}
