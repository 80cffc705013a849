//! Reading Rust source as text: enough structure for rules, without a parser.

/// `text` with every comment and every string or character literal blanked. Lines stay where they are.
pub(crate) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (token, len) = token(rest);
        let (head, tail) = rest.split_at(len);
        match token {
            Token::Code => masked.push_str(head),
            Token::Text => masked.extend(head.chars().map(|c| if c == '\n' { c } else { ' ' })),
        }
        rest = tail;
    }
    masked
}

enum Token {
    Code,
    Text,
}

/// The kind of the first token of `rest`, and its length in bytes.
fn token(rest: &str) -> (Token, usize) {
    let Some(first) = rest.chars().next() else { return (Token::Code, 0) };
    if rest.starts_with("//") {
        return (Token::Text, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Token::Text, block_comment(rest));
    }
    if first == '"' {
        return (Token::Text, quoted(rest, '"'));
    }
    if first == '\'' {
        return match character(rest) {
            Some(len) => (Token::Text, len),
            None => (Token::Code, 1),
        };
    }
    if !is_word(first) {
        return (Token::Code, first.len_utf8());
    }
    let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(len);
    match word {
        "r" | "br" | "cr" => raw(after).map_or((Token::Code, len), |more| (Token::Text, len + more)),
        _ => (Token::Code, len),
    }
}

/// Whether `c` may stand in an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The identifiers and keywords of masked source.
pub(crate) fn words(masked: &str) -> impl Iterator<Item = &str> {
    masked.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..) {
        let Some(next) = tail.find(['/', '*']) else { break };
        at += next;
        let mark = rest.get(at..at + 2);
        match mark {
            Some("/*") => depth += 1,
            Some("*/") => depth = depth.saturating_sub(1),
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a literal that begins and ends with `quote`.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let (at, second) = chars.next()?;
    match (first, second) {
        ('\\', _) => Some(quoted(rest, '\'')),
        (_, '\'') => Some(at + 1),
        _ => None,
    }
}

/// The length of a raw string from its first `#` or quote; `None` for a raw identifier or other code.
fn raw(after: &str) -> Option<usize> {
    let hashes = after.len() - after.trim_start_matches('#').len();
    let start = hashes + 1;
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(after.len(), |at| start + at + end.len()))
}

/// An item of masked source: the attributes above it and its text up to the closing brace or semicolon.
#[derive(Debug)]
pub(crate) struct Item {
    /// The line of the first attribute, or of the item if it has none; from 0.
    pub(crate) start: usize,
    /// The line of the item itself; from 0.
    pub(crate) line: usize,
    /// The last line of the item; from 0.
    pub(crate) end: usize,
    pub(crate) attributes: String,
    pub(crate) text: String,
}

/// Every item, field, variant and statement that starts on a line of its own. Those inside another follow it.
pub(crate) fn items(masked: &str) -> Vec<Item> {
    let lines: Vec<&str> = masked.lines().collect();
    let mut items = Vec::new();
    let mut attributes: Option<(usize, String)> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let trimmed = line.trim();
        if trimmed.starts_with("#[") || trimmed.starts_with("#![") {
            let (start, mut text) = attributes.take().unwrap_or((at, String::new()));
            let end = balanced_end(&lines, at, |_| false);
            text.extend(lines.iter().take(end + 1).skip(at).flat_map(|line| [line.trim(), "\n"]));
            attributes = Some((start, text));
            at = end + 1;
            continue;
        }
        if !trimmed.is_empty() {
            let (start, attributes) = attributes.take().unwrap_or((at, String::new()));
            let end = balanced_end(&lines, at, |line| line.ends_with([';', ',', '}']));
            let text = lines.iter().take(end + 1).skip(at).copied().collect::<Vec<_>>().join("\n");
            items.push(Item { start, line: at, end, attributes, text });
        }
        at += 1;
    }
    items
}

/// The first line from `at` on where all brackets opened since are closed; for those that open none, the
/// first line that `ends` accepts.
fn balanced_end(lines: &[&str], at: usize, ends: impl Fn(&str) -> bool) -> usize {
    let mut depth = 0_i64;
    for (number, line) in lines.iter().enumerate().skip(at) {
        let closed = line.chars().fold(false, |closed, c| {
            depth += i64::from(matches!(c, '(' | '[' | '{')) - i64::from(matches!(c, ')' | ']' | '}'));
            closed || matches!(c, ']' | '}') && depth == 0
        });
        if depth < 0 || depth == 0 && (closed || ends(line.trim_end())) {
            return number;
        }
    }
    lines.len().saturating_sub(1)
}

/// Masked source with everything under `#[cfg(test)]` blanked.
pub(crate) fn without_tests(masked: &str) -> String {
    let mut lines: Vec<&str> = masked.lines().collect();
    for item in items(masked).iter().filter(|item| item.attributes.contains("cfg(test)")) {
        for line in lines.iter_mut().take(item.end + 1).skip(item.start) {
            *line = "";
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
