//! The form of a lake's parts: each says it in its Parquet metadata, and what is in another form is never misread.
//!
//! One run writes all files of a part in one form, so that of its ledger file speaks for all of them. A part without the
//! metadata was written before there was a second form, so it is in the first.

use futures::{StreamExt, TryStreamExt, future, stream};
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader};
use schemas::tables::{LOG_FILES, OLDEST_SCHEMA_VERSION, SCHEMA_VERSION};

use super::{Lake, Part};
use crate::error::{Error, Result};

const SCHEMA_VERSION_KEY: &str = "bedrock_audit.schema_version";
const PROGRAM_VERSION_KEY: &str = "bedrock_audit.program_version";

const FIRST: &str = "1";

/// Ledger parts looked at at once.
const READS: usize = 16;

/// Metadata of the ledger file of a part of a thousand log files come to a few kilobytes.
const END_BYTES: u64 = 16 << 10;

/// What stands behind the metadata: their length, and the mark of a Parquet file.
const TRAILER: usize = 8;

/// Why a part is not read. Each message reads after the part's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongForm {
    /// A newer program wrote it, in a form that this one would misread.
    #[error(
        "it was written by a newer bedrock-audit: its schema version is {found}, and this program reads up to \
         {SCHEMA_VERSION}; use at least {written_by}"
    )]
    Newer {
        /// Its schema version.
        found: String,
        /// The version of the program that wrote it, in words.
        written_by: String,
    },
    /// An older program wrote it, in a form that is no longer read.
    #[error(
        "it was written by an older bedrock-audit: its schema version is {found}, and this program reads from \
         {OLDEST_SCHEMA_VERSION} on; ingest the log files again into a new lake"
    )]
    Older {
        /// Its schema version.
        found: u32,
    },
    /// Not a Parquet file, or not all of one.
    #[error("it is no whole Parquet file: {cause}; remove it if it is not of this lake, or ingest into a new lake")]
    Damaged {
        /// What is wrong with it.
        cause: String,
    },
}

/// The metadata of every part that this program writes.
pub fn metadata() -> Vec<KeyValue> {
    [(SCHEMA_VERSION_KEY, SCHEMA_VERSION.to_string()), (PROGRAM_VERSION_KEY, env!("CARGO_PKG_VERSION").to_owned())]
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
        .to_vec()
}

/// Whether every part that the ledger holds is in a form that this program reads.
pub async fn check_lake(lake: &Lake) -> Result<()> {
    let parts = lake.parts(LOG_FILES.name).await?;
    let check = |part: Part| async move {
        let end = lake.read_end(&part, END_BYTES).await?;
        let end = if trailer(&end).is_ok_and(|length| length + TRAILER > end.len()) {
            lake.read(&part.path).await?
        } else {
            end
        };
        check_part(&end).map_err(|wrong| wrong_form(lake, &part, wrong))
    };
    stream::iter(parts).map(check).buffered(READS).try_for_each(|()| future::ready(Ok(()))).await
}

/// Whether a part is in a form that this program reads, by all of its bytes or those at its end.
pub fn check_part(end: &[u8]) -> std::result::Result<(), WrongForm> {
    let length = trailer(end)?;
    let damaged = |cause: &str| WrongForm::Damaged { cause: cause.to_owned() };
    let before = &end[..end.len() - TRAILER];
    let at = before.len().checked_sub(length).ok_or_else(|| damaged("its metadata are longer than the file"))?;
    let metadata =
        ParquetMetaDataReader::decode_metadata(&before[at..]).map_err(|cause| damaged(&cause.to_string()))?;
    judge(metadata.file_metadata().key_value_metadata().map_or(&[], Vec::as_slice))
}

/// The length of the metadata.
fn trailer(end: &[u8]) -> std::result::Result<usize, WrongForm> {
    match end.last_chunk::<TRAILER>() {
        Some([a, b, c, d, b'P', b'A', b'R', b'1']) => Ok(u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        _ => Err(WrongForm::Damaged { cause: "it does not end as one does".to_owned() }),
    }
}

fn judge(metadata: &[KeyValue]) -> std::result::Result<(), WrongForm> {
    let value = |key: &str| metadata.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
    let found = value(SCHEMA_VERSION_KEY).unwrap_or(FIRST);
    match found.parse::<u32>() {
        Ok(found) if found < OLDEST_SCHEMA_VERSION => Err(WrongForm::Older { found }),
        Ok(found) if found <= SCHEMA_VERSION => Ok(()),
        _ => {
            let version = value(PROGRAM_VERSION_KEY).map(|version| format!("version {version}"));
            let written_by = version.unwrap_or_else(|| "the version that wrote it".to_owned());
            Err(WrongForm::Newer { found: found.to_owned(), written_by })
        }
    }
}

fn wrong_form(lake: &Lake, part: &Part, wrong: WrongForm) -> Error {
    let location = format!("{}/{}", lake.location(), part.path);
    Error::Lake { action: "read", location, source: wrong.into() }
}

#[cfg(test)]
mod tests {
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use proptest::prelude::*;

    use super::*;
    use crate::table::TableBuilder;

    /// An empty ledger file with that metadata.
    fn part(metadata: &[(&str, &str)]) -> Vec<u8> {
        let pairs = metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), (*value).to_owned()));
        let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs.collect())).build();
        let rows = TableBuilder::new(&LOG_FILES).finish();
        let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).expect("our own types");
        writer.write(&rows).expect("writing to memory");
        writer.into_inner().expect("writing to memory")
    }

    #[test]
    fn what_this_program_writes_and_what_was_written_before_there_were_forms_is_read() {
        let own = metadata();
        let own: Vec<(&str, &str)> =
            own.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref().expect("a value"))).collect();
        for known in [own.as_slice(), &[], &[(SCHEMA_VERSION_KEY, "1")], &[("other", "9")]] {
            assert_eq!(check_part(&part(known)), Ok(()), "{known:?}");
        }
    }

    #[test]
    fn a_newer_part_is_refused_with_the_version_that_reads_it() {
        for found in ["2", "900", "99999999999", "two", ""] {
            let wrong = check_part(&part(&[(SCHEMA_VERSION_KEY, found), (PROGRAM_VERSION_KEY, "0.9.0")]));
            let words = wrong.expect_err(found).to_string();
            assert!(words.contains("newer bedrock-audit") && words.ends_with("use at least version 0.9.0"), "{words}");
        }
        let words = check_part(&part(&[(SCHEMA_VERSION_KEY, "2")])).expect_err("newer").to_string();
        assert!(words.ends_with("use at least the version that wrote it"), "{words}");
    }

    #[test]
    fn an_older_part_than_is_read_has_to_be_ingested_again() {
        let words = check_part(&part(&[(SCHEMA_VERSION_KEY, "0")])).expect_err("older").to_string();
        assert!(words.contains("older bedrock-audit") && words.ends_with("into a new lake"), "{words}");
    }

    #[test]
    fn half_a_part_is_no_part() {
        let whole = part(&[]);
        for end in 0..whole.len() {
            assert!(matches!(check_part(&whole[..end]), Err(WrongForm::Damaged { .. })), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_part_or_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..200), length in 0_u32..300) {
            let end = [bytes.as_slice(), &length.to_le_bytes(), b"PAR1"].concat();
            let _ = (check_part(&bytes), check_part(&end));
        }
    }
}
