//! Ids, one a line; what follows a `#` is a comment.

use config_rule::deletion::subject::{Asked, ResourceId};

use super::{BadInput, Deletion, Document, What};

/// Reads such a list. An empty one deletes nothing.
pub fn parse(text: &str) -> Result<Document, BadInput> {
    let mut document = Document::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let number = number + 1;
        let id = ResourceId::parse(line).map_err(|invalid| {
            let expected = "an id of a security group, subnet, VPC or VPC endpoint, such as sg-0123456789abcdef0";
            BadInput::new(format!("line {number}: {:?}", invalid.found), expected)
        })?;
        document.deletions.push(Deletion { what: What::Resource(Asked::by_id(id)), origin: format!("line {number}") });
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_passed_over_and_the_rest_are_ids() {
        let document = parse("# old\nsg-11111111\r\n\n  vpce-0123456789abcdef0  # endpoint\n").expect("a list");
        let origins: Vec<&str> = document.deletions.iter().map(|deletion| deletion.origin.as_str()).collect();
        assert_eq!(origins, ["line 2", "line 4"]);
        assert_eq!(parse("").expect("empty"), Document::default());
        let error = parse("sg-11111111\n\nsg-11111111 sg-22222222\n").expect_err("two").to_string();
        assert!(error.starts_with("line 3: \"sg-11111111 sg-22222222\"; expected an id"), "{error}");
    }
}
