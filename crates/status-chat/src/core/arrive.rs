//! What arrives: who wrote it, whether it may be shown, and which subject it belongs to.

mod change;
mod contact;
mod devices;
mod group;
mod history;
pub(super) mod message;
mod push;
pub(super) mod sync;
mod unasked;

use status_layer::{Body, DeviceId, Grade, MessageId, Proof, Recipient, Sender, Timestamp, UserId};
use status_payload::{Content, DecodeError, Invalid, RosterError, Rules, decode, validate};
use status_stack::{Fault, Way};

use super::step::fault;
use super::{Core, Step};
use crate::error::SendError;
use crate::event::{Chat, Event};

/// A body with all that the layers know of it.
pub(crate) struct Arrived {
    pub(crate) from: Sender,
    pub(crate) grade: Grade,
    pub(crate) to: Recipient,
    pub(crate) body: Body,
    pub(crate) way: Way,
}

/// Where a piece of content comes from, once its author is known.
pub(crate) struct Origin {
    /// The same for every reader.
    pub(crate) id: MessageId,
    /// Who wrote it, beyond doubt.
    pub(crate) author: UserId,
    /// The device that sent it, if that is proven.
    pub(crate) device: Option<DeviceId>,
    /// How well it was sealed on its way.
    pub(crate) grade: Grade,
    /// Ourselves, or the channel it was read in.
    pub(crate) to: Recipient,
    /// The length of the signed body, in bytes.
    pub(crate) body: usize,
    /// The sizes at the layers.
    pub(crate) way: Way,
}

/// Why content is not taken. It leaves no trace.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("its author is not who sent it")]
    Forwarded,
    #[error("nobody has signed it")]
    Unsigned,
    #[error("it names another chat than the one it came in")]
    Elsewhere,
    #[error("a private message came unsealed")]
    Unsealed,
    #[error("it does not hold what it says that it holds")]
    Unreadable,
    #[error("{0} is longer than any that is in use")]
    TooLong(&'static str),
    #[error("it names no message")]
    NoId,
    #[error("it is a reaction that this program does not know. Use a newer one")]
    UnknownFeeling,
    #[error(transparent)]
    Roster(#[from] RosterError),
    #[error("only members of the group may say this, and only to members")]
    NotAMember,
    #[error("the list of the group does not say that we were ever in it")]
    NotForUs,
    #[error("others took us into too many groups; accept or leave some")]
    TooManyGroups,
    #[error("there is no room for more of a group before its invitation is accepted")]
    NoRoom,
    #[error("the group has more members than can be written to")]
    TooManyMembers,
    #[error("it answers nothing that was asked")]
    NotAsked,
    #[error("only devices of our own may say this")]
    NotOurs,
    #[error("what was to be said to it was refused: {0}")]
    NotSaid(SendError),
    #[error("it says nothing of a device that could be ours")]
    NoDevice,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Core {
    /// Takes a body that came up through the layers. What is unfit is told as refused, and changes nothing.
    pub(super) fn arrived(&self, step: &mut Step<'_, '_>, got: Arrived) -> Result<(), Fault> {
        match step.attempt(|step| self.take(step, got)) {
            Ok(()) => Ok(()),
            Err(Unfit::Fault(fault)) => Err(fault),
            Err(why) => {
                let full = matches!(why, Unfit::TooManyGroups | Unfit::NoRoom);
                step.effects.tally.turned_away += u64::from(full);
                step.tell_refusal(&"chat", &why);
                Ok(())
            }
        }
    }

    fn take(&self, step: &mut Step<'_, '_>, got: Arrived) -> Result<(), Unfit> {
        let (origin, content) = read(got)?;
        if content.kind().is_for_own_devices() && origin.author != self.keyring.user() {
            return Err(Unfit::NotOurs);
        }
        // Security takes mail in clear because servers answer so. From nobody is anything else taken that came so.
        let private = matches!(origin.to, Recipient::User(_));
        if private && origin.grade == Grade::Clear && !content.kind().comes_unsealed() {
            return Err(Unfit::Unsealed);
        }
        if self.is_blocked(step, &origin.author)? {
            return Ok(());
        }
        judge(&content, step.now())?;
        let content = match content {
            Content::MembershipUpdateMessage(update) => match self.membership(step, &origin, *update)? {
                Some(said) => said,
                None => return Ok(()),
            },
            content => content,
        };
        match content {
            Content::ChatMessage(said) if message::shows(&said) => self.heard(step, &origin, &said),
            Content::EditMessage(said) => self.edited(step, &origin, &said),
            Content::DeleteMessage(said) => self.deleted(step, &origin, &said),
            Content::EmojiReaction(said) => self.reacted(step, &origin, &said),
            Content::PinMessage(said) => self.pinned(step, &origin, &said),
            Content::ContactUpdate(update) => self.updated(step, &origin, &update),
            Content::AcceptContactRequest(accept) => self.accepted(step, &origin, &accept),
            Content::RetractContactRequest(retract) => self.retracted(step, &origin, &retract),
            Content::ChatIdentity(identity) => self.identified(step, &origin, identity),
            Content::ContactCodeAdvertisement(advertisement) => {
                self.advertised(step, &origin, &advertisement.push_notification_info)?;
                match advertisement.chat_identity {
                    Some(identity) => self.identified(step, &origin, identity),
                    None => Ok(()),
                }
            }
            Content::PushNotificationRegistrationResponse(said) => self.registered(step, &origin, &said),
            Content::PairInstallation(said) => self.device_named(step, &origin, &said),
            Content::SyncChat(said) => self.chat_synced(step, &origin, &said),
            Content::SyncChatRemoved(said) => self.chat_removed(step, &origin, &said),
            Content::SyncChatMessagesRead(said) => self.read_elsewhere(step, &origin, &said),
            Content::SyncInstallationContact(said) => self.person_synced(step, &origin, *said),
            Content::SyncContactRequestDecision(said) => self.request_decided(step, &origin, &said),
            Content::SyncTrustedUser(said) => self.trust_synced(step, &origin, &said),
            Content::SyncSetting(said) => self.setting_synced(step, &origin, &said),
            Content::SyncProfilePictures(said) => self.pictures_synced(step, &origin, &said),
            Content::SyncClearHistory(said) => self.cleared_elsewhere(step, &origin, &said),
            Content::SyncDeleteForMe(said) => self.hidden_elsewhere(step, &origin, &said),
            Content::OwnDevices(said) => self.told_by_own(step, &origin, *said),
            Content::Backup(said) => self.told_everything(step, &origin, &said),
            other => {
                let theirs = Chat::User(origin.author);
                if matches!(origin.to, Recipient::User(_)) && !self.lets_in(step, &origin, &theirs, false)? {
                    return Ok(());
                }
                let kind = u32::try_from(other.kind().number()).unwrap_or(0);
                step.tell(Event::Unsupported { from: origin.author, kind });
                Ok(())
            }
        }
    }
}

/// Opens a body, and makes sure of its author.
///
/// Between two users, the session (or, without one, the signed envelope) proves the author, and the signature
/// inside must be by the same person: a body that somebody else wrote could have been meant for somebody else. In
/// a channel only the signature inside proves anything.
fn read(got: Arrived) -> Result<(Origin, Content), Unfit> {
    let Arrived { from, grade, to, body, way } = got;
    let message = decode(&body, Some(from.user))?;
    let author = message.author;
    match &to {
        Recipient::User(_) if author != from.user => return Err(Unfit::Forwarded),
        Recipient::Channel(_) if !message.signed && from.proof == Proof::Hint => return Err(Unfit::Unsigned),
        _ => {}
    }
    let device = from.device.filter(|_| from.proof == Proof::Session);
    let origin = Origin { id: message.id, author, device, grade, to, body: body.as_bytes().len(), way };
    Ok((origin, message.content))
}

/// Judges content as every receiver does.
pub(super) fn judge(content: &Content, now: Timestamp) -> Result<(), Invalid> {
    validate(content, now, Rules::Current)
}

impl From<status_layer::StoreError> for Unfit {
    fn from(error: status_layer::StoreError) -> Self {
        Self::Fault(fault(error))
    }
}

#[cfg(test)]
mod tests;
