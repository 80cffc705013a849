//! Contact cards: handing out our own, and taking those of others.

use status_identity::{Card, CardContent, DisplayName};
use status_layer::UserId;
use status_stack::Input;

use super::{Core, Step, Stop};
use crate::event::Chat;
use crate::table;
use crate::table::contacts as people;

impl Core {
    /// Our card: who we are, and our keys as of now. Without keys, where the layers have none to carry or they do not fit.
    pub(crate) fn card(&self, step: &mut Step<'_, '_>) -> Result<Card, Stop> {
        let keys = self.ask(step, Input::Introduce)?.keys.unwrap_or_default();
        let name = DisplayName::new(&table::profile::load(&step.shelf())?.name).ok();
        let made_at = step.now();
        let content = CardContent { name, bundle: keys, made_at, expires_at: made_at.after(Card::LIFETIME) };
        let whole = Card::make(&*self.keyring, content.clone());
        whole
            .or_else(|_| Card::make(&*self.keyring, CardContent { bundle: Vec::new(), ..content }))
            .map_err(|why| Stop::Refused(why.into()))
    }

    /// Takes somebody's card: their keys, and what they call themselves. They are not told.
    pub(crate) fn add_card(&self, step: &mut Step<'_, '_>, text: &str) -> Result<UserId, Stop> {
        let card = Card::parse(text, step.now()).map_err(|why| Stop::Refused(why.into()))?;
        let (user, chat) = (card.user(), Chat::User(card.user()));
        self.not_oneself(&chat)?;
        self.join(step, &chat)?;
        if let Some(keys) = card.bundle() {
            self.layers(step, Input::Meet { user, keys: keys.to_vec() })?;
            step.unless_refused(None)?;
        }
        let mut shelf = step.shelf();
        let mut person = people::load(&shelf, &user)?.unwrap_or_default();
        person.carded = true;
        let made_at = card.made_at().millis();
        if let Some(name) = card.name().filter(|_| made_at > person.profile_clock) {
            person.profile_clock = made_at;
            name.as_str().clone_into(&mut person.name);
        }
        people::save(&mut shelf, &user, &person)?;
        Ok(user)
    }
}
