//! Looking after a home.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use status_chat::doctor::{self, Part, Record, Report};
use status_chat::{Chat, Found};

use crate::args::Here;
use crate::home::Done;
use crate::lock;
use crate::show::{Show, message_object};

/// Findings that are shown of each layer; JSON has all of them.
const SHOWN: usize = 20;

/// Says what is found in a home. Fails if anything is wrong.
pub(crate) fn examine(show: Show, here: &Here) -> Done {
    let lock = lock::of(here)?;
    let report = doctor::examine(&here.folder(), lock.as_ref(), &mut progress(show))?;
    print(show, &report);
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Mends what can be mended. Fails if anything is left.
pub(crate) fn repair(show: Show, here: &Here) -> Done {
    let lock = lock::of(here)?;
    let repaired = doctor::repair(&here.folder(), lock.as_ref())?;
    let (rows, copy) = (repaired.rows, repaired.copy.map(|copy| copy.display().to_string()));
    let text = match &copy {
        Some(copy) => format!(
            "{rows} rows were mended. The file as it was before is {copy}; remove it when all is well."
        ),
        None => "There was nothing that could be mended.".to_owned(),
    };
    show.line(&text, || json!({ "event": "repaired", "rows": rows, "copy": copy }));
    print(show, &repaired.left);
    Ok(if repaired.left.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes what can be read as JSON lines.
pub(crate) fn export(show: Show, here: &Here, file: &Path) -> Done {
    let lock = lock::of(here)?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = BufWriter::new(options.open(file)?);
    let mut failed = None;
    let done = doctor::export(&here.folder(), lock.as_ref(), &mut progress(show), &mut |record, found| {
        if failed.is_none() {
            failed = writeln!(out, "{}", object(&record, found)).err();
        }
        Ok(())
    })?;
    failed.map_or(Ok(()), Err)?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    let name = file.display().to_string();
    let mut text =
        format!("{} messages and {} chats are in {name}, not encrypted.", done.messages, done.chats);
    if done.damaged + done.lost + done.unread + done.perhaps > 0 {
        text += &format!(
            "\n{} of {} blocks are damaged, {} places lead nowhere, {} rows cannot be read.\n\
             {} were found beside what the last commit left: they may have been replaced or deleted since.",
            done.damaged, done.blocks, done.lost, done.unread, done.perhaps
        );
    }
    show.line(&text, || {
        json!({
            "event": "exported", "file": name, "messages": done.messages, "chats": done.chats,
            "perhaps": done.perhaps, "unread": done.unread, "lost": done.lost,
            "blocks": done.blocks, "damaged_blocks": done.damaged,
        })
    });
    Ok(ExitCode::SUCCESS)
}

fn object(record: &Record, found: Found) -> Value {
    let (kind, mut object) = match record {
        Record::User(user) => ("user", json!({ "key": Chat::User(*user).to_string() })),
        Record::Chat(Chat::User(user)) => ("contact", json!({ "key": Chat::User(*user).to_string() })),
        Record::Chat(chat) => ("channel", json!({ "name": chat.to_string() })),
        Record::Message(message) => ("message", message_object(message)),
    };
    if let Some(object) = object.as_object_mut() {
        object.remove("event");
        object.insert("record".into(), kind.into());
        object.insert("certain".into(), (found == Found::Current).into());
    }
    object
}

fn print(show: Show, report: &Report) {
    let user = report.user.map(|user| Chat::User(user).to_string());
    let (all, damaged) = (report.blocks.all, report.blocks.damaged.len());
    let text = format!("{all} blocks of 4096 bytes, {damaged} of them damaged.");
    show.line(&text, || {
        json!({ "event": "store", "key": user, "blocks": all, "damaged": report.blocks.damaged, "closed": report.closed })
    });
    report.parts.iter().for_each(|part| print_part(show, part));
    show.say(&next_step(report));
}

fn print_part(show: Show, part: &Part) {
    let (rows, bytes) =
        part.tables.iter().fold((0, 0), |(rows, bytes), table| (rows + table.rows, bytes + table.bytes));
    let wrong = part.findings.len() as u64 + part.more;
    let head = match (&part.unread, wrong) {
        (Some(why), _) => format!("{}: not all of it can be read: {why}", part.name),
        (None, 0) => format!("{}: {rows} rows, {bytes} bytes, in order", part.name),
        (None, wrong) => format!("{}: {rows} rows, {bytes} bytes, {wrong} things are wrong", part.name),
    };
    let tables = || {
        part.tables
            .iter()
            .map(|table| json!({ "holds": table.holds, "rows": table.rows, "bytes": table.bytes }))
    };
    let finding = |finding: &doctor::Finding| {
        json!({
            "table": finding.table, "row": name(&finding.key), "wrong": finding.wrong.to_string(),
            "can_be_mended": !finding.repair.is_empty(),
        })
    };
    show.line(&head, || {
        json!({
            "event": "layer", "layer": part.name, "rows": rows, "bytes": bytes, "unread": part.unread,
            "tables": tables().collect::<Vec<_>>(), "more": part.more,
            "findings": part.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    });
    for finding in part.findings.iter().take(SHOWN) {
        let mended = if finding.repair.is_empty() { "" } else { "; can be mended" };
        show.say(&format!("    {} ({}) {}{mended}", finding.table, name(&finding.key), finding.wrong));
    }
}

/// What names a row in a report: its tag and the beginning of its key.
fn name(key: &[u8]) -> String {
    key.iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

fn next_step(report: &Report) -> String {
    if report.is_clean() {
        return "Everything is in order.".into();
    }
    if let Some(why) = &report.closed {
        return format!(
            "The store cannot be opened: {why}.\nWithout a backup, `doctor --export FILE` writes down what can still be read; then begin anew \
             with `init --recover` and the words of the account."
        );
    }
    if report.can_be_mended() {
        return "`doctor --repair` mends what follows from other rows.".into();
    }
    "What is wrong cannot be derived from anything that is there. Restore a backup, or write down what can be read with \
     `doctor --export FILE`."
        .into()
}

/// Says now and then how far it is.
fn progress(show: Show) -> impl FnMut(u64, u64) {
    const STEP: u64 = 50 * 1_024;
    move |done, all| {
        if done > 0 && done < all && done.is_multiple_of(STEP) {
            show.line(
                &show.dim(&format!("{done} of {all} blocks …")),
                || json!({ "event": "progress", "blocks": done, "of": all }),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_by_the_beginning_of_its_key() {
        assert_eq!(name(b"Habcdefgh"), "4861626364");
        assert_eq!(name(b""), "");
    }
}
