//! What invokes the rule: events, its parameters, the function's settings.

#![no_main]

use std::collections::HashMap;

use config_rule::event::{Event, Trigger};
use config_rule::parameters::Parameters;
use config_rule::settings::Settings;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let parameters = Parameters::parse(Some(text)).map(|_| ()).map_err(|error| error.to_string());
    assert_ne!(parameters, Err(String::new()));
    check_settings(text);
    let Ok(event) = serde_json::from_str::<Value>(text) else { return };
    match Event::parse(event.clone()) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(Event::Happened(happened)) => assert_eq!(event["account"], happened.account_id),
        Ok(Event::Evaluate(evaluate)) => {
            assert!(!evaluate.result_token.is_empty() && !evaluate.rule_name.is_empty());
            let (now, _) = (evaluate.notified_at(), evaluate.ordering_timestamp());
            let earliest = evaluate.parameters.selection.created_from(now);
            assert!(earliest.is_none_or(|earliest| earliest <= now), "a window that begins after its end");
            check_trigger(&event, &evaluate.trigger);
        }
    }
});

/// A deleted resource is never taken for a changed one, nor the other way round.
fn check_trigger(event: &Value, trigger: &Trigger) {
    let message: Value =
        event["invokingEvent"].as_str().map_or(Value::Null, |text| serde_json::from_str(text).expect("taken as JSON"));
    let Trigger::Change { item, .. } = trigger else {
        assert_eq!(message["messageType"], "ScheduledNotification");
        return;
    };
    let is_oversized = message["messageType"] == "OversizedConfigurationItemChangeNotification";
    let told = &message[if is_oversized { "configurationItemSummary" } else { "configurationItem" }];
    assert_eq!(
        (&told["resourceType"], &told["resourceId"]),
        (&item.resource_type.clone().into(), &item.resource_id.clone().into())
    );
    let status = told["configurationItemStatus"].as_str().unwrap_or_default();
    assert_eq!(item.is_deleted, status.starts_with("ResourceDeleted") || told["changeType"] == "DELETE");
}

/// Each line is `NAME=value`.
fn check_settings(text: &str) {
    let variables: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    if let Err(error) = Settings::read(|name| variables.get(name).map(|value| (*value).to_owned())) {
        assert!(!error.to_string().is_empty());
    }
}
