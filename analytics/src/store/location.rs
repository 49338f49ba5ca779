//! A folder or a prefix of a bucket, as typed.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A place that holds log files or a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder, or one file.
    Folder(PathBuf),
    /// `s3://bucket/prefix`.
    S3 {
        /// The bucket.
        bucket: String,
        /// Empty, or a folder-like prefix that ends in `/`.
        prefix: String,
    },
}

impl Location {
    /// Reads `s3://bucket/prefix`, `file:///folder` or a path.
    pub fn parse(text: &str) -> Result<Self> {
        if text.contains("X-Amz-") {
            let expected = "it is a secret, and leads to one object; expected a folder or s3://bucket/prefix";
            return Err(Error::Misused(format!("a presigned URL: {expected}")));
        }
        if let Some(rest) = text.strip_prefix("s3://") {
            return Self::parse_s3(text, rest);
        }
        match text.strip_prefix("file://").unwrap_or(text) {
            path if path.contains("://") => {
                Err(Error::Misused(format!("{text:?} is neither a folder nor s3://bucket/prefix")))
            }
            "" => Err(Error::Misused("an empty location: expected a folder or s3://bucket/prefix".to_owned())),
            path => Ok(Self::Folder(Path::new(path).to_owned())),
        }
    }

    fn parse_s3(text: &str, rest: &str) -> Result<Self> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(Error::Misused(format!("{text:?} names no bucket: expected s3://bucket/prefix")));
        }
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_read_as_typed() {
        let s3 = |bucket: &str, prefix: &str| Location::S3 { bucket: bucket.into(), prefix: prefix.into() };
        let parse = |text: &str| Location::parse(text).expect("a location");
        assert_eq!(parse("s3://trail"), s3("trail", ""));
        assert_eq!(parse("s3://trail/"), s3("trail", ""));
        assert_eq!(parse("s3://trail/a/b"), s3("trail", "a/b/"));
        assert_eq!(parse("s3://trail/a/b/"), s3("trail", "a/b/"));
        assert_eq!(parse("file:///tmp/x"), Location::Folder("/tmp/x".into()));
        assert_eq!(parse("logs"), Location::Folder("logs".into()));
        let presigned = Location::parse("https://b.s3.amazonaws.com/k?X-Amz-Signature=hunter2").expect_err("a secret");
        assert!(!presigned.to_string().contains("hunter2"), "{presigned}");
        for text in ["", "s3://", "s3:///a", "gs://bucket", "https://bucket.s3.amazonaws.com"] {
            assert!(Location::parse(text).is_err(), "{text}");
        }
    }
}
