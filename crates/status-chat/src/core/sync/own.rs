//! The profile and the settings, on all devices of the user.
//!
//! What deployed peers have a message for travels in that: the name in the profile of a backup, and that strangers are not
//! heard at all as a setting. The rest, which they do not know, or know by numbers that are not known here, travels in a message
//! of our own.

pub(in crate::core) mod picture;

use status_layer::{Shelf, StoreError};
use status_payload::{
    BackedUpProfile, Backup, Clock, ContactUpdate, Content, OwnDevices, OwnSetting, OwnSettings, SettingType,
    SettingValue, SyncSetting,
};

use super::super::arrive::judge;
use super::super::{Core, Step, Stop};
use crate::avatar::{AvatarSize, ShowTo};
use crate::contacts::Strangers;
use crate::event::Chat;
use crate::profile::OwnProfile;
use crate::table::word::{self, Setting, Subject};
use crate::table::{avatar, profile};

/// The value of a setting, as it travels.
type Value = Vec<u8>;

impl Core {
    /// Keeps what the user set, each part of it as a word of now, and tells our other devices of what is new.
    pub(crate) fn set_own(
        &self,
        step: &mut Step<'_, '_>,
        change: impl FnOnce(&mut Shelf<'_>),
    ) -> Result<(), Stop> {
        let values =
            |shelf: &Shelf<'_>| Setting::ALL.map(|setting| Ok((setting, value(shelf, setting)?))).into_iter();
        let before: Vec<_> = values(&step.shelf()).collect::<Result<_, StoreError>>()?;
        change(&mut step.shelf());
        let mut changed = Vec::new();
        for (setting, was) in before {
            if value(&step.shelf(), setting)? != was {
                let known = said_at(&step.shelf(), setting)?;
                let clock = self.next_word(step, known)?;
                word::set_said_at(&mut step.shelf(), Subject::Setting(setting), clock.value());
                changed.push(setting);
            }
        }
        self.tell_settings(step, &changed)
    }

    /// Tells a device that joins what the user has set.
    pub(super) fn tell_own_settings(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        let mut set = Vec::new();
        for setting in Setting::ALL {
            if said_at(&step.shelf(), setting)? > 0 {
                set.push(setting);
            }
        }
        self.tell_settings(step, &set)
    }

    fn tell_settings(&self, step: &mut Step<'_, '_>, which: &[Setting]) -> Result<(), Stop> {
        let mut ours = Vec::new();
        for setting in which {
            let shelf = step.shelf();
            let clock = Clock::new(said_at(&shelf, *setting)?);
            let value = value(&shelf, *setting)?;
            if *setting == Setting::Name {
                let display_name = profile::load(&shelf)?.name;
                let own =
                    BackedUpProfile { display_name, display_name_clock: clock, ..BackedUpProfile::default() };
                let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
                let said = Backup { clock, profile: Some(own), ..Backup::default() };
                self.tell_own(step, &Content::Backup(Box::new(said)))?;
                continue;
            }
            if *setting == Setting::Strangers {
                let alone = profile::strangers(&shelf)? != Strangers::Shown;
                let r#type = SettingType::MessagesFromContactsOnly;
                let said = SyncSetting { r#type, clock, value: Some(SettingValue::Flag(alone)) };
                self.tell_own(step, &Content::SyncSetting(said))?;
            }
            ours.push(OwnSetting { number: *setting as u32, clock, value });
        }
        if ours.is_empty() {
            return Ok(());
        }
        let said = OwnDevices { settings: Some(OwnSettings { settings: ours }), ..OwnDevices::default() };
        self.tell_own(step, &Content::OwnDevices(Box::new(said)))
    }
}

/// Takes the word of another device of ours on a setting, if it is newer than what is known, and may be; says whether
/// something is another than before.
pub(crate) fn learn_setting(
    step: &mut Step<'_, '_>,
    setting: Setting,
    clock: u64,
    new: &[u8],
) -> Result<bool, StoreError> {
    let now = step.now();
    let shelf = &mut step.shelf();
    let was = value(shelf, setting)?;
    if (clock, rank(setting, new)) <= (said_at(shelf, setting)?, rank(setting, &was)) {
        return Ok(false);
    }
    let mut ours = profile::load(shelf)?;
    match setting {
        Setting::Name => {
            let Ok(name) = String::from_utf8(new.to_vec()) else { return Ok(false) };
            let shown = ContactUpdate { display_name: name.clone(), ..ContactUpdate::default() };
            if judge(&Content::ContactUpdate(Box::new(shown)), now).is_err() {
                return Ok(false);
            }
            profile::save(shelf, &OwnProfile { name, ..ours });
        }
        Setting::Bio => match String::from_utf8(new.to_vec()) {
            Ok(bio) if bio.chars().count() <= OwnProfile::MAX_BIO => {
                profile::save(shelf, &OwnProfile { bio, ..ours });
            }
            _ => return Ok(false),
        },
        Setting::Colour => {
            let Ok(number) = <[u8; 4]>::try_from(new) else { return Ok(false) };
            ours.colour = u32::from_be_bytes(number);
            profile::save(shelf, &ours);
        }
        Setting::Strangers => {
            let of = |byte: &[u8]| match byte {
                [byte] => Strangers::of(*byte),
                _ => None,
            };
            let Some(strangers) = of(new) else { return Ok(false) };
            profile::set_strangers(shelf, strangers);
        }
        Setting::Picture => {
            let Some([thumbnail, large]) = picture::read(new) else { return Ok(false) };
            avatar::set_ours(shelf, AvatarSize::Thumbnail, thumbnail.as_deref());
            avatar::set_ours(shelf, AvatarSize::Large, large.as_deref());
        }
        Setting::ShownTo => {
            let [byte] = new else { return Ok(false) };
            let Some(to) = ShowTo::of(*byte) else { return Ok(false) };
            profile::set_shown_to(shelf, to);
        }
    }
    word::set_said_at(shelf, Subject::Setting(setting), clock);
    Ok(was != new)
}

/// What decides between two words of the same moment. That only requests of strangers are heard holds over that nothing is:
/// deployed peers know but one word for both.
fn rank(setting: Setting, value: &[u8]) -> (u8, Value) {
    match (setting, value) {
        (Setting::Strangers, [byte]) if *byte == Strangers::RequestsOnly.byte() => (1, value.to_vec()),
        _ => (0, value.to_vec()),
    }
}

fn value(shelf: &Shelf<'_>, setting: Setting) -> Result<Value, StoreError> {
    let ours = profile::load(shelf)?;
    Ok(match setting {
        Setting::Name => ours.name.into_bytes(),
        Setting::Bio => ours.bio.into_bytes(),
        Setting::Colour => ours.colour.to_be_bytes().to_vec(),
        Setting::Strangers => vec![profile::strangers(shelf)?.byte()],
        Setting::Picture => {
            let size = |size| avatar::ours(shelf, size);
            picture::write(size(AvatarSize::Thumbnail)?, size(AvatarSize::Large)?)
        }
        Setting::ShownTo => vec![profile::shown_to(shelf)?.byte()],
    })
}

fn said_at(shelf: &Shelf<'_>, setting: Setting) -> Result<u64, StoreError> {
    let any = match setting {
        Setting::Colour | Setting::Strangers => value(shelf, setting)?.iter().any(|byte| *byte != 0),
        Setting::Name | Setting::Bio | Setting::Picture => !value(shelf, setting)?.is_empty(),
        Setting::ShownTo => profile::shown_to(shelf)? != ShowTo::default(),
    };
    word::said_at(shelf, Subject::Setting(setting), any)
}
