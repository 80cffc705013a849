//! Backups of a home.

use std::process::ExitCode;

use serde_json::json;
use status_chat::Chat;
use status_chat::backup::{self, Contents};
use status_chat::home::is_home;

use crate::args::{BackupTask, Here};
use crate::home::Done;
use crate::lock;
use crate::show::Show;

/// How many rows there are between two words about how far it is.
const STEP: u64 = 20_000;

/// Makes, checks or restores a backup.
pub(crate) fn run(show: Show, here: &Here, task: BackupTask) -> Done {
    let mut progress = Progress { show, said: 0 };
    let mut tell = |rows| progress.tell(rows);
    match task {
        BackupTask::Make(to) => {
            let home = lock::of(here)?;
            let with = lock::for_backup(&to)?;
            let made = backup::make(&here.folder(), home.as_ref(), &to.file, &with, &mut tell)?;
            report(show, "backed_up", &format!("The backup is in {}.", to.file.display()), &made);
            show.say(
                &show.dim("Whoever has it and its lock is you. Without its lock it is of no use to anybody."),
            );
        }
        BackupTask::Check(from) => {
            let with = lock::of_backup(&from)?;
            let found = backup::check(&from.file, &with, &mut tell)?;
            report(show, "checked", "The backup is whole, and all of it can be read.", &found);
        }
        BackupTask::Restore(from) => {
            if is_home(&here.folder()) {
                let home = here.folder();
                let home = home.display();
                return Err(format!("{home} has an identity already. --home chooses another folder").into());
            }
            let with = lock::of_backup(&from)?;
            let home = lock::first(here)?;
            let restored = backup::restore(&from.file, &with, &here.folder(), home.as_ref(), &mut tell)?;
            let text = format!("{} is a new device of this account.", here.folder().display());
            report(show, "restored", &text, &restored);
            show.say(
                "Your contacts hear of it when it is online. What they sealed for the old device alone stays unread here\n\
                 until they send it again; if you have other devices, confirm it there.",
            );
            if restored.unconfirmed > 0 {
                show.say(&format!(
                    "{} messages were on their way and are not sent again.",
                    restored.unconfirmed
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn report(show: Show, event: &str, text: &str, contents: &Contents) {
    let Contents { user, made_at, chats, messages, unconfirmed } = contents;
    let me = Chat::User(*user).to_string();
    show.line(&format!("{text}\n{chats} chats, {messages} messages of\n\n    {}\n", show.bold(&me)), || {
        json!({
            "event": event,
            "key": me,
            "made_at_ms": made_at.millis(),
            "chats": chats,
            "messages": messages,
            "unconfirmed": unconfirmed,
        })
    });
}

/// Says now and then how far it is.
struct Progress {
    show: Show,
    said: u64,
}

impl Progress {
    fn tell(&mut self, rows: u64) {
        if rows.saturating_sub(self.said) >= STEP {
            self.said = rows;
            self.show.line(
                &self.show.dim(&format!("{rows} rows …")),
                || json!({ "event": "progress", "rows": rows }),
            );
        }
    }
}
