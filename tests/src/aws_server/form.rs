//! A form as EC2 and the Query protocols send it: flat names with numbers in them.

use url::form_urlencoded;

use super::http::{Call, Refusal};

/// The members of one request.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn of(call: &Call) -> Self {
        Self(form_urlencoded::parse(&call.body).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// `name.1`, `name.2`, ... up to the first that is missing.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|number: usize| self.get(&format!("{name}.{number}"))).collect()
    }

    /// A whole number; `None` where the member is absent.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.parse::<usize>()
            .map(Some)
            .map_err(|_| Refusal::new(400, "MalformedInput", format!("{name} is not a number: {text}")))
    }

    /// The first member that is neither named in `whole` nor begins with a name of `lists` and a dot.
    pub(super) fn unknown_member(&self, whole: &[&str], lists: &[&str]) -> Option<&str> {
        let is_listed = |name: &str| {
            lists
                .iter()
                .any(|list| name.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !whole.contains(name) && !is_listed(name))
    }

    /// Refuses another version of the API than the one that is spoken here.
    pub(super) fn require_version(&self, version: &str) -> Result<(), Refusal> {
        match self.get("Version") {
            Some(found) if found == version => Ok(()),
            found => Err(Refusal::new(400, "NoSuchVersion", format!("{found:?} is not version {version} of the API"))),
        }
    }

    /// Everything that was asked but the page: the same on every page of a listing.
    pub(super) fn without(&self, page_members: &[&str]) -> String {
        let mut text = String::new();
        for (name, value) in self.0.iter().filter(|(name, _)| !page_members.contains(&name.as_str())) {
            text.push_str(&format!("{name}={value}\n"));
        }
        text
    }
}
