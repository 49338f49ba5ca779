//! The config file: defaults for what may be typed. Every key is an option's long name, so nothing can be set that no flag sets.
//!
//! Keys at the top are for every command that has the option; a table has a command's name and goes before them. What is
//! typed goes before both. The file is never looked for in the current folder: whoever fills a folder could otherwise say
//! where credentials are sent.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use crate::error::Error;

/// The option that names the file.
const OPTION: &str = "config";

/// Options that only make sense when typed.
const NEVER: [&str; 3] = [OPTION, "help", "version"];

/// The file, where there is one: `--config FILE`, else `bedrock-audit/config.toml` in the user's own configuration folder.
pub fn find(typed: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    named(typed).or_else(|| {
        let own = |name| variable(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder = own("XDG_CONFIG_HOME").or_else(|| Some(own("HOME")?.join(".config")))?;
        Some(folder.join("bedrock-audit/config.toml")).filter(|path| path.is_file())
    })
}

/// As clap would read it; a value of another option that looks the same is taken for it.
fn named(typed: &[OsString]) -> Option<PathBuf> {
    let mut words = typed.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let Some(text) = word.to_str() else { continue };
        if text == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    None
}

/// The command line with the defaults of a config file.
pub fn apply(command: Command, path: &std::path::Path) -> Result<Command, Error> {
    let refuse = |cause: String| Error::Misused(format!("config file {}: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| refuse(cause.to_string()))?;
    let table: Table = text.parse().map_err(|cause: toml::de::Error| refuse(cause.to_string()))?;
    with_defaults(command, &table).map_err(refuse)
}

fn with_defaults(mut command: Command, table: &Table) -> Result<Command, String> {
    let (tables, keys): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| value.is_table());
    for (key, value) in keys {
        command = everywhere(command, key, value)?;
    }
    for (name, value) in tables {
        let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        if !names.contains(name) {
            return Err(format!("[{name}]: no such command; there are {}", names.join(", ")));
        }
        for (key, value) in value.as_table().into_iter().flatten() {
            let sub = command.find_subcommand(name).expect("it was just looked up");
            let place = format!("[{name}] {key}");
            let arg = option(sub, key).ok_or_else(|| unknown(&place, sub.get_arguments()))?;
            let values = values(&place, arg, value)?;
            check(&command, Some(name), key, &values).map_err(|cause| format!("{place}: {cause}"))?;
            command = command.mut_subcommand(name, |sub| with_default(sub, key, values));
        }
    }
    Ok(command)
}

/// A key at the top: an option of all commands, or of some.
fn everywhere(mut command: Command, key: &str, value: &Value) -> Result<Command, String> {
    if let Some(arg) = option(&command, key) {
        let values = values(key, arg, value)?;
        check(&command, None, key, &values).map_err(|cause| format!("{key}: {cause}"))?;
        return Ok(with_default(command, key, values));
    }
    let subs: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut is_known = false;
    for name in subs {
        let Some(arg) = command.find_subcommand(&name).and_then(|sub| option(sub, key)) else { continue };
        let values = values(key, arg, value)?;
        check(&command, Some(&name), key, &values).map_err(|cause| format!("{key}, of {name}: {cause}"))?;
        command = command.mut_subcommand(&name, |sub| with_default(sub, key, values));
        is_known = true;
    }
    if is_known { Ok(command) } else { Err(unknown(key, command.get_arguments())) }
}

fn option<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(key) && !NEVER.contains(&key))
}

fn unknown<'a>(place: &str, known: impl Iterator<Item = &'a Arg>) -> String {
    let names: Vec<&str> = known.filter_map(Arg::get_long).filter(|name| !NEVER.contains(name)).collect();
    format!(
        "{place}: no such option; here there are {}, and what a command has goes under [its name]",
        names.join(", ")
    )
}

/// The value as it would be typed.
fn values(place: &str, arg: &Arg, value: &Value) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Datetime(at) => Some(at.to_string()),
        _ => None,
    };
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let is_list = matches!(arg.get_action(), ArgAction::Append);
    match value {
        Value::Boolean(switch) if is_switch => Ok(vec![switch.to_string()]),
        Value::Array(items) if is_list => {
            items.iter().map(one).collect::<Option<_>>().ok_or_else(|| format!("{place}: expected a list of texts"))
        }
        _ if is_switch => Err(format!("{place}: expected true or false")),
        _ => one(value).map(|text| vec![text]).ok_or_else(|| {
            format!("{place}: expected a text or a number{}", if is_list { ", or a list of them" } else { "" })
        }),
    }
}

/// Whether the command line would take the values. That it lacks others is no fault of theirs.
fn check(command: &Command, sub: Option<&str>, key: &str, values: &[String]) -> Result<(), String> {
    if values == ["true"] || values == ["false"] {
        return Ok(());
    }
    let words = std::iter::once("bedrock-audit".to_owned())
        .chain(sub.map(str::to_owned))
        .chain(values.iter().map(|value| format!("--{key}={value}")));
    match command.clone().try_get_matches_from(words) {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) => {
            let text = error.render().to_string();
            let said = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
            Err(said.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        _ => Ok(()),
    }
}

/// An option with a default is no longer required, alone or as one of a group.
fn with_default(command: Command, key: &str, values: Vec<String>) -> Command {
    let Some(id) = option(&command, key).map(|arg| arg.get_id().clone()) else { return command };
    let groups: Vec<_> = command
        .get_groups()
        .filter(|group| group.get_args().any(|arg| *arg == id))
        .map(|group| group.get_id().clone())
        .collect();
    let command = command.mut_arg(&id, |arg| arg.required(false).default_values(values));
    groups.into_iter().fold(command, |command, group| command.mut_group(group, |group| group.required(false)))
}

#[cfg(test)]
mod tests;
