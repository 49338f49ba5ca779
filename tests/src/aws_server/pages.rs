//! Pages of a listing, and the opaque tokens that lead from one to the next.

/// One page: its items and the token of the next.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// Cuts the page that `token` stands for; `None` where the token is not one of ours or was given for another question.
/// `question` is everything that was asked but the page.
pub(super) fn cut<T>(items: Vec<T>, size: usize, token: Option<&str>, question: &str) -> Option<Page<T>> {
    let asked = fingerprint(question);
    let (number, start) = match token {
        None => (1, 0),
        Some(token) => {
            let cursor = Cursor::decode(token)?;
            (cursor.asked == asked).then_some((cursor.number, cursor.start))?
        }
    };
    let end = start.saturating_add(size.max(1));
    let more = end < items.len();
    let items = items.into_iter().skip(start).take(size.max(1)).collect();
    let next = more.then(|| Cursor { number: number + 1, start: end, asked }.encode());
    Some(Page { items, next })
}

/// Which page a token asks for; the first has none, and a token that is not ours stands for no later one.
pub(super) fn number(token: Option<&str>) -> u32 {
    token.and_then(Cursor::decode).map_or(1, |cursor| cursor.number)
}

struct Cursor {
    number: u32,
    start: usize,
    asked: u64,
}

impl Cursor {
    fn encode(&self) -> String {
        let plain = format!("{}.{}.{}", self.number, self.start, self.asked);
        plain.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn decode(token: &str) -> Option<Self> {
        let digits: Vec<u32> = token.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
        let bytes = digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok());
        let plain = String::from_utf8(bytes.collect::<Option<_>>()?).ok()?;
        let mut parts = plain.split('.');
        Some(Self {
            number: parts.next()?.parse().ok()?,
            start: parts.next()?.parse().ok()?,
            asked: parts.next()?.parse().ok()?,
        })
    }
}

/// FNV-1a over the text: the same on every machine and in every run.
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
