//! What another device of ours says of the profile and the settings.

use status_payload::{BackedUpProfile, OwnDevices, OwnSettings, SettingType, SettingValue, SyncSetting};

use super::super::{Origin, Unfit};
use super::person::not_ahead;
use crate::contacts::Strangers;
use crate::core::sync::own::learn_setting;
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
        self.setting_told(step, Setting::Name, clock, name)
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
                Setting::Name | Setting::Bio | Setting::Colour => OwnChange::Profile,
            }));
        }
        Ok(())
    }
}
