//! Links: every relative link in a Markdown file leads somewhere.

use super::Finding;
use crate::tree::Tree;

/// Checks the files and headings that Markdown files point to. Links to the web are not followed.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, target) in links(text) {
            found.extend(broken(tree, path, &target).map(|words| Finding::on_line(path, line, words)));
        }
    }
    found
}

fn broken(tree: &Tree, path: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(full) = resolved(path, file) else {
        return Some(format!("the link `{target}` leads out of the repository"));
    };
    if !tree.has(&full) {
        return Some(format!("the link `{target}` leads to {full}, which does not exist"));
    }
    let text = tree.text(&full).filter(|_| full.ends_with(".md") && !anchor.is_empty())?;
    (!anchors(text).iter().any(|name| name == anchor))
        .then(|| format!("the link `{target}` leads to a heading that {full} does not have"))
}

/// `file` as seen from `path`; `None` if it lies outside the root.
fn resolved(path: &str, file: &str) -> Option<String> {
    if file.is_empty() {
        return Some(path.to_owned());
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The lines that are not in a fenced block, numbered from 0.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// The targets of all links, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        // Every second piece between back-ticks is code.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (at, _) in plain.match_indices("](") {
            let rest = plain.get(at + 2..).unwrap_or_default();
            let inside = rest.split(')').next().unwrap_or_default();
            links.extend(inside.split_whitespace().next().map(|target| (number, target.to_owned())));
        }
        let definition = plain.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        links.extend(definition.map(|(_, target)| (number, target.trim().to_owned())));
    }
    links
}

/// The names of the headings, as the usual renderers make them.
fn anchors(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let name: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c),
                _ => None,
            })
            .collect();
        let before = names.iter().filter(|other| **other == name).count();
        names.push(if before == 0 { name } else { format!("{name}-{before}") });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        check(&Tree::of(&[
            ("docs/a.md", text),
            ("docs/b.md", "# One, `two`\n## Same\n## Same\n"),
            ("src/c.rs", ""),
        ]))
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for link in [
            "b.md",
            "./b.md",
            "../docs/b.md",
            "../src",
            "../src/",
            "../src/c.rs",
            "b.md#one-two",
            "b.md#same-1",
            "#here",
            "https://example.org/x",
            "b.md \"title\"",
        ] {
            assert_eq!(findings(&format!("# Here\n[x]({link})\n")), [], "{link}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for link in ["c.md", "../b.md", "../../x", "b.md#three", "b.md#same-2", "#there"] {
            let found = findings(&format!("# Here\n[x]({link})\n"));

            assert!(matches!(&found[..], [one] if one.at == "docs/a.md:2"), "{link}: {found:?}");
        }
    }

    #[test]
    fn definitions_are_links_and_code_is_not() {
        assert_eq!(findings("see [x]\n\n[x]: c.md\n").len(), 1);
        assert_eq!(findings("`[x](c.md)`\n```\n[x](c.md)\n```\n"), []);
    }
}
