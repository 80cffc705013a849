//! The closed groups of an identity.

use std::error::Error;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use status_chat::{Chat, Client, Group, GroupChatId, Membership, Role, UserId};

use crate::args::Here;
use crate::contacts::user;
use crate::home::{Done, open};
use crate::show::Show;

/// What to do about groups. The id of a group is what `create` and the list print.
#[derive(Subcommand)]
pub(crate) enum GroupTask {
    /// List them: name, id, how many members, how we stand to them.
    List,
    /// Make a group, and print its id.
    Create {
        /// What it is called.
        name: String,
        /// The keys of its members; whoever is in can add more.
        members: Vec<String>,
    },
    /// List the members of a group.
    Members {
        /// The group.
        group: String,
    },
    /// Add members, who read what is said from then on.
    Add {
        /// The group.
        group: String,
        /// Their keys.
        #[arg(required = true)]
        who: Vec<String>,
    },
    /// Remove a member, who reads nothing that is said from then on. Admins may.
    Remove {
        /// The group.
        group: String,
        /// Their key.
        who: String,
    },
    /// Make members admins. Admins may.
    Admin {
        /// The group.
        group: String,
        /// Their keys.
        #[arg(required = true)]
        who: Vec<String>,
    },
    /// Be an admin no more.
    Resign {
        /// The group.
        group: String,
    },
    /// Call a group by another name.
    Rename {
        /// The group.
        group: String,
        /// The name.
        name: String,
    },
    /// Leave a group. Its history stays here.
    Leave {
        /// The group.
        group: String,
    },
    /// Be in a group into which somebody took you who is no contact.
    Accept {
        /// The group.
        group: String,
    },
    /// Have nothing to do with such a group. Nobody is told.
    Decline {
        /// The group.
        group: String,
    },
}

/// Lists groups, or does something about one. What members are to be told goes out when this home is online next.
pub(crate) async fn run(show: Show, here: &Here, task: Option<GroupTask>) -> Done {
    let client = open(here, here.client()).await?;
    let done = act(show, &client, task.unwrap_or(GroupTask::List)).await;
    client.close().await;
    done
}

async fn act(show: Show, client: &Client, task: GroupTask) -> Done {
    let groups = client.groups();
    match task {
        GroupTask::List => {
            for group in groups.all().await? {
                list(show, &group);
            }
        }
        GroupTask::Members { group } => {
            let id = group_id(&group)?;
            let group = groups.one(&id).await?.ok_or("there is no such group; `groups` lists them")?;
            for member in &group.members {
                let (key, role) = (Chat::User(member.user).to_string(), role(member.role));
                show.line(
                    &format!("{key}  {role}"),
                    || json!({ "member": key, "role": role, "joined": member.joined }),
                );
            }
        }
        GroupTask::Create { name, members } => {
            let id = groups.create(&name, &users(&members)?).await?;
            said(show, &id, "is made", "created");
        }
        GroupTask::Add { group, who } => {
            let id = group_id(&group)?;
            groups.add(&id, &users(&who)?).await?;
            said(show, &id, "has more members", "added");
        }
        GroupTask::Remove { group, who } => {
            let id = group_id(&group)?;
            groups.remove(&id, user(&who)?).await?;
            said(show, &id, "has a member less", "removed");
        }
        GroupTask::Admin { group, who } => {
            let id = group_id(&group)?;
            groups.make_admins(&id, &users(&who)?).await?;
            said(show, &id, "has more admins", "admins_added");
        }
        GroupTask::Resign { group } => {
            let id = group_id(&group)?;
            groups.resign(&id).await?;
            said(show, &id, "is led by others", "resigned");
        }
        GroupTask::Rename { group, name } => {
            let id = group_id(&group)?;
            groups.rename(&id, &name).await?;
            said(show, &id, "has another name", "renamed");
        }
        GroupTask::Leave { group } => {
            let id = group_id(&group)?;
            groups.leave(&id).await?;
            said(show, &id, "is left", "left");
        }
        GroupTask::Accept { group } => {
            let id = group_id(&group)?;
            groups.accept(&id).await?;
            said(show, &id, "is a group of yours", "accepted");
        }
        GroupTask::Decline { group } => {
            let id = group_id(&group)?;
            groups.decline(&id).await?;
            said(show, &id, "is declined, and nobody told", "declined");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(show: Show, group: &Group) {
    let (id, count) = (group.id.to_string(), group.members.len());
    let standing = match group.membership {
        Membership::Active => "in",
        Membership::Invited { .. } => "invited: accept or decline",
        Membership::Declined { .. } => "declined",
        _ => "left",
    };
    show.line(
        &format!("{id}  {}  {count} members, {standing}", crate::show::printable(&group.name)),
        || json!({ "group": id, "name": group.name, "members": count, "standing": standing }),
    );
}

fn said(show: Show, group: &GroupChatId, what: &str, event: &str) {
    show.line(&format!("{group} {what}"), || json!({ "event": event, "group": group.to_string() }));
}

fn group_id(text: &str) -> Result<GroupChatId, Box<dyn Error>> {
    match text.parse()? {
        Chat::Group(group) => Ok(group),
        other => Err(format!("{other} is no group; `groups` lists their ids").into()),
    }
}

fn users(keys: &[String]) -> Result<Vec<UserId>, Box<dyn Error>> {
    keys.iter().map(|key| user(key)).collect()
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Member => "member",
    }
}
