//! What an identity says of itself: shown and changed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use status_chat::{AvatarSize, Client, OwnProfile, ShowTo};

use crate::args::Here;
use crate::home::{Done, open};
use crate::show::Show;

/// What to do with the profile.
#[derive(Subcommand)]
pub(crate) enum ProfileTask {
    /// Show what others read of you.
    Show,
    /// Say something else; what is not given stays.
    Set {
        /// The name: 5 to 24 letters, digits, `_`, `-` and spaces; empty for none.
        #[arg(long)]
        name: Option<String>,
        /// Some words about you; empty for none.
        #[arg(long)]
        bio: Option<String>,
        /// A colour by its number in the palette of Status clients; 0 for none.
        #[arg(long)]
        colour: Option<u32>,
    },
    /// Show another picture, or none, or show it to others than before.
    Picture {
        /// The small one: a PNG, JPEG, WebP or GIF of at most 80 × 80 pixels.
        #[arg(long, value_name = "FILE", conflicts_with = "remove")]
        thumbnail: Option<PathBuf>,
        /// The large one, of at most 240 × 240 pixels.
        #[arg(long, value_name = "FILE", requires = "thumbnail")]
        large: Option<PathBuf>,
        /// Show no picture any more.
        #[arg(long)]
        remove: bool,
        /// Who sees it.
        #[arg(long, value_name = "WHO")]
        show_to: Option<Who>,
    },
}

/// Who sees a picture.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Who {
    Contacts,
    Everybody,
    Nobody,
}

/// Shows or changes the profile. What others are to be told goes out when this account is online next.
pub(crate) async fn run(show: Show, here: &Here, task: Option<ProfileTask>) -> Done {
    let client = open(here, here.client()).await?;
    let done = act(show, &client, task.unwrap_or(ProfileTask::Show)).await;
    client.close().await;
    done
}

async fn act(show: Show, client: &Client, task: ProfileTask) -> Done {
    let profile = client.profile();
    match task {
        ProfileTask::Show => {}
        ProfileTask::Set { name, bio, colour } => {
            let OwnProfile { name: old_name, bio: old_bio, colour: old_colour } = profile.get().await?;
            let name = name.map_or(old_name, |name| name.trim().to_owned());
            let (bio, colour) = (bio.unwrap_or(old_bio), colour.unwrap_or(old_colour));
            profile.set(OwnProfile { name, bio, colour }).await?;
        }
        ProfileTask::Picture { thumbnail, large, remove, show_to } => {
            if let Some(who) = show_to {
                profile.show_picture_to(shown_to(who)).await?;
            }
            if remove {
                profile.remove_picture().await?;
            } else if let Some(thumbnail) = thumbnail {
                let large = large.map(|file| read(&file, AvatarSize::Large)).transpose()?;
                profile.set_picture(read(&thumbnail, AvatarSize::Thumbnail)?, large).await?;
            }
        }
    }
    tell(show, client).await
}

async fn tell(show: Show, client: &Client) -> Done {
    let OwnProfile { name, bio, colour } = client.profile().get().await?;
    let mut sizes = Vec::new();
    for size in AvatarSize::ALL {
        let picture = client.profile().picture(size).await?;
        sizes.extend(picture.map(|it| format!("{} × {}, {} bytes", it.width, it.height, it.bytes.len())));
    }
    let to = match client.profile().picture_shown_to().await? {
        ShowTo::Everybody => "everybody",
        ShowTo::Nobody => "nobody",
        _ => "contacts",
    };
    let pictures = if sizes.is_empty() { "none".to_owned() } else { sizes.join("; ") };
    let text = format!("name:    {name}\nabout:   {bio}\ncolour:  {colour}\npicture: {pictures}, for {to}");
    show.line(&text, || {
        json!({ "event": "profile", "name": name, "bio": bio, "colour": colour, "pictures": sizes, "shown_to": to })
    });
    Ok(ExitCode::SUCCESS)
}

/// A file that may be a picture; one that is too large is not read.
fn read(file: &Path, size: AvatarSize) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let len = std::fs::metadata(file)?.len();
    if len > size.max_bytes() as u64 {
        let max = size.max_bytes();
        return Err(format!("{} has {len} bytes, at most {max} are sent", file.display()).into());
    }
    Ok(std::fs::read(file)?)
}

const fn shown_to(who: Who) -> ShowTo {
    match who {
        Who::Contacts => ShowTo::Contacts,
        Who::Everybody => ShowTo::Everybody,
        Who::Nobody => ShowTo::Nobody,
    }
}
