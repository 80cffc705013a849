//! What another device of ours says of the profile and the settings.

use status_payload::{
    BackedUpProfile, OwnDevices, OwnSettings, SettingType, SettingValue, SyncProfilePicture,
    SyncProfilePictures, SyncSetting,
};

use super::super::{Origin, Unfit};
use super::person::not_ahead;
use crate::avatar::AvatarSize;
use crate::contacts::Strangers;
use crate::core::sync::own::{learn_setting, picture};
use crate::core::{Core, Step};
use crate::event::{Event, OwnChange};
use crate::table::word::Setting;

/// Settings that are taken from one message.
const MAX_SETTINGS: usize = 16;

impl Core {
    /// A message for which deployed peers have none.
    pub(in crate::core::arrive) fn told_by_own(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: OwnDevices,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        if let Some(OwnSettings { settings }) = said.settings {
            for said in settings.into_iter().take(MAX_SETTINGS) {
                // Newer programs may have more.
                if let Some(setting) = Setting::numbered(said.number) {
                    self.setting_told(step, setting, said.clock.value(), &said.value)?;
                }
            }
        }
        if let Some(ask) = said.ask {
            self.history_asked(step, origin, &ask)?;
        }
        match said.page {
            Some(page) => self.history_given(step, origin, &page),
            None => Ok(()),
        }
    }

    /// The profile, as deployed peers tell it too.
    pub(in crate::core::arrive) fn profile_told(
        &self,
        step: &mut Step<'_, '_>,
        said: &BackedUpProfile,
    ) -> Result<(), Unfit> {
        let (name, clock) = (said.display_name.trim().as_bytes(), said.display_name_clock.value());
        self.setting_told(step, Setting::Name, clock, name)?;
        self.picture_told(step, &said.pictures)
    }

    /// The picture, as deployed peers tell it.
    pub(in crate::core::arrive) fn pictures_synced(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncProfilePictures,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        self.picture_told(step, &said.pictures)
    }

    fn picture_told(&self, step: &mut Step<'_, '_>, said: &[SyncProfilePicture]) -> Result<(), Unfit> {
        let of = |size: AvatarSize| said.iter().find(|picture| picture.name == size.name());
        // That there is none any more they have no word for.
        let Some(thumbnail) = of(AvatarSize::Thumbnail) else { return Ok(()) };
        let large = of(AvatarSize::Large);
        let clock = large.map_or(0, |large| large.clock.value()).max(thumbnail.clock.value());
        let bytes = |picture: &SyncProfilePicture| picture.payload.clone();
        let value = picture::write(Some(bytes(thumbnail)), large.map(bytes));
        self.setting_told(step, Setting::Picture, clock, &value)
    }

    /// A setting, as deployed peers tell it too. They have many that mean nothing here.
    pub(in crate::core::arrive) fn setting_synced(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncSetting,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let (SettingType::MessagesFromContactsOnly, Some(SettingValue::Flag(alone))) =
            (said.r#type, &said.value)
        else {
            return Ok(());
        };
        // Whether their requests are heard only a message of our own says, which has the same clock.
        let strangers = if *alone { Strangers::Refused } else { Strangers::Shown };
        self.setting_told(step, Setting::Strangers, said.clock.value(), &[strangers.byte()])
    }

    fn setting_told(
        &self,
        step: &mut Step<'_, '_>,
        setting: Setting,
        clock: u64,
        value: &[u8],
    ) -> Result<(), Unfit> {
        not_ahead(step.now(), clock)?;
        self.heard_word(step, clock)?;
        if learn_setting(step, setting, clock, value)? {
            step.tell(Event::Own(match setting {
                Setting::Strangers => OwnChange::Strangers,
                _ => OwnChange::Profile,
            }));
        }
        Ok(())
    }
}
