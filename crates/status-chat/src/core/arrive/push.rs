//! What arrives of notification servers: whether they take a registration of ours.

use status_payload::{PushNotificationRegistrationResponse, RegistrationError};

use super::{Origin, Unfit};
use crate::core::{Core, Step};
use crate::event::{PushRefusal, PushState};
use crate::table::push as rows;

impl Core {
    /// A server has answered, if we asked it exactly that and it has not answered yet.
    pub(super) fn registered(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &PushNotificationRegistrationResponse,
    ) -> Result<(), Unfit> {
        let mut shelf = step.shelf();
        let server = rows::server(&shelf, &origin.author)?;
        let asked = |id: &[u8; 64]| said.request_id == id;
        let Some(mut server) = server.filter(|server| server.ids.iter().any(asked)) else {
            return Err(Unfit::NotAsked);
        };
        let state = match said.error {
            _ if said.success => PushState::Registered,
            RegistrationError::Malformed => PushState::Refused(PushRefusal::Malformed),
            RegistrationError::TokenType => PushState::Refused(PushRefusal::TokenType),
            // The next try has a newer version, and finds the server well again.
            RegistrationError::Version | RegistrationError::Internal => {
                server.ids.retain(|id| !asked(id));
                rows::save_server(&mut shelf, &origin.author, &server);
                return Ok(());
            }
            _ => PushState::Refused(PushRefusal::Unsaid),
        };
        self.settle(step, &origin.author, server, state)?;
        // Others may have us notified from now on, or in another way.
        Ok(self.advertise(step)?)
    }
}
