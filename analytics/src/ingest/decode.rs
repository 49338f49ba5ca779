//! An object's bytes into records, within named limits.
//!
//! A document that fits the window is inflated whole and checked to its end before the first record is handed on. A
//! longer one is read twice, first to check it and then to hand it on, so that a damaged file never leaves half its
//! records behind and no file can take more memory than the window.

use std::io::{self, Read};
use std::ops::Range;

use flate2::bufread::MultiGzDecoder;

use super::damage::Damage;
use super::split::{ELEMENTS, Splitter};
use crate::sha256::Sha256;

/// No log file decompresses to more. CloudTrail's are at most 50 MB compressed, about 600 MB of JSON.
const DOCUMENT_LIMIT: u64 = 8 << 30;

/// The window of a fresh decoder; it grows to what the files need, up to its limit.
const FIRST_WINDOW: usize = 1 << 20;

/// A document that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Records in it.
    pub records: usize,
    /// Bytes of JSON.
    pub json_bytes: u64,
}

/// Decodes one object after another, keeping its buffers.
pub struct Decoder {
    window: Vec<u8>,
    window_limit: usize,
    elements: Vec<Range<usize>>,
    /// Bytes of the last document, when the window holds all of it.
    held: Option<usize>,
}

impl Decoder {
    /// A decoder that never holds more than `window_limit` bytes of a document; no record may be longer.
    pub fn new(window_limit: usize) -> Self {
        Self { window: vec![0; FIRST_WINDOW.min(window_limit)], window_limit, elements: Vec::new(), held: None }
    }

    /// Hands every record of an object to `each`, in order, with its place in the file; none when the object is damaged.
    /// `name` tells gzip from plain JSON.
    pub fn records(
        &mut self,
        name: &str,
        object: &[u8],
        each: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<Document, Damage> {
        self.held = None;
        let open = || Stream::open(name, object);
        let mut stream = open()?;
        let filled = self.fill(&mut stream, 0)?;
        if !stream.is_at_end {
            self.walk(open()?, &mut |_, _| ())?;
            return self.walk(open()?, each);
        }
        self.elements.clear();
        let mut splitter = Splitter::new();
        splitter.split(&self.window[..filled], true, &mut self.elements)?;
        if !splitter.is_done() {
            self.walk(open()?, &mut |_, _| ())?;
            return self.walk(open()?, each);
        }
        for (index, range) in self.elements.iter().enumerate() {
            each(index, &self.window[range.clone()]);
        }
        self.held = Some(filled);
        Ok(Document { records: self.elements.len(), json_bytes: stream.read })
    }

    /// The document that [`Decoder::records`] has just found sound, if the window holds all of it.
    pub fn document(&self) -> Option<&[u8]> {
        self.held.map(|held| &self.window[..held])
    }

    /// The SHA-256, in hexadecimal, of a document of any length.
    pub fn sha256(&mut self, name: &str, object: &[u8]) -> Result<String, Damage> {
        let mut stream = Stream::open(name, object)?;
        let mut hash = Sha256::new();
        while !stream.is_at_end {
            let filled = self.fill(&mut stream, 0)?;
            hash = hash.then(&self.window[..filled]);
        }
        self.held = None;
        Ok(hash.hex())
    }

    /// Goes through a document window by window.
    fn walk(&mut self, mut stream: Stream<'_>, each: &mut dyn FnMut(usize, &[u8])) -> Result<Document, Damage> {
        let (mut splitter, mut held, mut index) = (Splitter::new(), 0, 0);
        loop {
            let filled = self.fill(&mut stream, held)?;
            let mut through = 0;
            loop {
                self.elements.clear();
                let start = through;
                through += splitter.split(&self.window[start..filled], stream.is_at_end, &mut self.elements)?;
                for range in &self.elements {
                    each(index, &self.window[start + range.start..start + range.end]);
                    index += 1;
                }
                if self.elements.len() < ELEMENTS {
                    break;
                }
            }
            if stream.is_at_end {
                return Ok(Document { records: index, json_bytes: stream.read });
            }
            if through == 0 && filled == self.window_limit {
                return Err(Damage::RecordTooLong { index, limit: self.window_limit });
            }
            self.window.copy_within(through..filled, 0);
            held = filled - through;
        }
    }

    /// Reads on behind the first `held` bytes until the window or the document ends; returns the bytes in the window.
    fn fill(&mut self, stream: &mut Stream<'_>, held: usize) -> Result<usize, Damage> {
        let mut filled = held;
        loop {
            if filled == self.window.len() {
                if filled >= self.window_limit {
                    return Ok(filled);
                }
                self.window.resize((filled * 2).min(self.window_limit), 0);
            }
            match stream.read(&mut self.window[filled..])? {
                0 => return Ok(filled),
                read => filled += read,
            }
        }
    }
}

/// The JSON of an object as it is inflated.
struct Stream<'a> {
    bytes: Bytes<'a>,
    read: u64,
    is_at_end: bool,
}

enum Bytes<'a> {
    Gzip(Box<MultiGzDecoder<&'a [u8]>>),
    Plain(&'a [u8]),
}

impl<'a> Stream<'a> {
    fn open(name: &str, object: &'a [u8]) -> Result<Self, Damage> {
        let bytes = match object {
            [] => return Err(Damage::Empty),
            _ if !name.ends_with(".gz") => Bytes::Plain(object),
            [0x1f, 0x8b, ..] => Bytes::Gzip(Box::new(MultiGzDecoder::new(object))),
            _ => return Err(Damage::not_gzip(object)),
        };
        Ok(Self { bytes, read: 0, is_at_end: false })
    }

    /// Reads some bytes; none at the end of the document.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Damage> {
        let result = match &mut self.bytes {
            Bytes::Gzip(decoder) => decoder.read(buffer),
            Bytes::Plain(bytes) => bytes.read(buffer),
        };
        let count =
            result.map_err(|cause: io::Error| Damage::BadGzip { json_bytes: self.read, cause: cause.to_string() })?;
        self.read += count as u64;
        self.is_at_end = count == 0;
        if self.read > DOCUMENT_LIMIT {
            return Err(Damage::TooLarge { limit: DOCUMENT_LIMIT });
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256::sha256_hex;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("writing to memory");
        encoder.finish().expect("writing to memory")
    }

    fn decode(window: usize, name: &str, object: &[u8]) -> Result<Vec<String>, Damage> {
        let mut records = Vec::new();
        let mut decoder = Decoder::new(window);
        let document = decoder.records(name, object, &mut |index, record| {
            assert_eq!(index, records.len());
            records.push(String::from_utf8_lossy(record).into_owned());
        })?;
        assert_eq!(document.records, records.len());
        Ok(records)
    }

    fn long_document() -> (String, Vec<String>) {
        let records: Vec<String> = (0..500).map(|n| format!(r#"{{"n":{n},"pad":"{}"}}"#, "x".repeat(n))).collect();
        (format!(r#"{{"Records":[{}]}}"#, records.join(",")), records)
    }

    #[test]
    fn a_document_longer_than_the_window_gives_the_same_records() {
        let (document, records) = long_document();
        for window in [600, 1000, 4096, 1 << 20] {
            assert_eq!(decode(window, "a.json.gz", &gzip(&document)).expect("a log file"), records, "window {window}");
            assert_eq!(decode(window, "a.json", document.as_bytes()).expect("a log file"), records, "window {window}");
        }
        let error = decode(300, "a.json.gz", &gzip(&document)).expect_err("a record of 500 bytes");
        assert_eq!(error.reason(), "record_too_long");
    }

    #[test]
    fn a_window_full_of_tiny_records_gives_them_all() {
        let count = 3 * ELEMENTS + 17;
        let document = format!(r#"{{"Records":[{}]}}"#, vec!["{}"; count].join(","));
        for window in [1 << 20, 1 << 18] {
            assert_eq!(decode(window, "a.json", document.as_bytes()).expect("a log file").len(), count, "{window}");
        }
    }

    #[test]
    fn several_gzip_members_are_one_document() {
        let (document, records) = long_document();
        let (head, tail) = document.split_at(document.len() / 3);
        let object = [gzip(head), gzip(tail)].concat();
        assert_eq!(decode(1 << 20, "a.json.gz", &object).expect("a log file"), records);
    }

    #[test]
    fn a_damaged_file_gives_no_record_however_late_the_damage() {
        let (document, _) = long_document();
        let whole = gzip(&document);
        let mut flipped = whole.clone();
        let at = flipped.len() - 6;
        flipped[at] ^= 1;
        for (object, reason) in [
            (&whole[..whole.len() / 2], "bad_gzip"),
            (&whole[..whole.len() - 3], "bad_gzip"),
            (&flipped, "bad_gzip"),
            (document.as_bytes(), "not_gzip"),
            (&gzip(&document[..document.len() - 2]), "truncated"),
            (&gzip(""), "empty"),
            (b"", "empty"),
        ] {
            for window in [700, 1 << 20] {
                assert_eq!(decode(window, "a.json.gz", object).expect_err(reason).reason(), reason, "window {window}");
            }
        }
    }

    #[test]
    fn the_hash_is_of_the_uncompressed_document_held_or_not() {
        let (document, _) = long_document();
        for window in [600, 1 << 20] {
            for (name, object) in [("a.json.gz", gzip(&document)), ("a.json", document.clone().into_bytes())] {
                let mut decoder = Decoder::new(window);
                decoder.records(name, &object, &mut |_, _| ()).expect("a log file");
                let held = (window > document.len()).then_some(document.as_bytes());
                assert_eq!(decoder.document(), held, "{name}, window {window}");
                let hash = decoder.sha256(name, &object).expect("sound");
                assert_eq!(hash, sha256_hex(document.as_bytes()), "{name}, window {window}");
                assert_eq!(decoder.document(), None);
            }
        }
    }
}
