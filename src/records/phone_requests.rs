//! Phones that somebody asks for by a rule, counted while it is decided whether they get them.

use super::plan::Plan;
use super::refusal::{ChangesError, Refusal};
use super::requester::Requester;
use crate::app::App;
use crate::auth::audit_refused_phone;
use crate::domain::Phone;
use crate::error::Result;
use crate::limits::{Disclosure, PhoneClaim};

/// The phones that plans ask for.
pub struct PhoneRequests<'a>(Vec<PhoneRequest<'a>>);

struct PhoneRequest<'a> {
    /// The place of the plan.
    index: usize,
    phone: Phone,
    claim: PhoneClaim<'a>,
}

impl<'a> PhoneRequests<'a> {
    /// Counts the phones that somebody other than a superuser asks for in `plans`.
    ///
    /// # Errors
    /// [`crate::error::Error::TooManyAttempts`]: none of them is counted.
    pub fn count(
        app: &'a App,
        requester: &Requester,
        plans: &[Result<Plan, Refusal>],
    ) -> Result<Self> {
        let mut requests = Self(Vec::new());
        let Some(source) = requester.limited_source() else {
            return Ok(requests);
        };
        let own = requester.user().map(|(user, _)| &user.id);
        for (index, plan, phone) in plans.iter().enumerate().filter_map(phone_of) {
            // Of those whom nobody knows the source alone is counted.
            match app
                .limits
                .phone_change(source, own.unwrap_or(&plan.fresh.id))
            {
                Ok(claim) => requests.0.push(PhoneRequest {
                    index,
                    phone,
                    claim,
                }),
                Err(error) => {
                    requests.settle_all(Disclosure::Nothing);
                    return Err(error.into());
                }
            }
        }
        Ok(requests)
    }

    /// Counts no more than what the outcome told, and writes down that a phone is somebody else's.
    pub async fn settle<T>(
        self,
        app: &App,
        requester: &Requester,
        outcome: &Result<T, ChangesError>,
    ) {
        match outcome {
            Ok(_) => self.settle_all(Disclosure::Free),
            Err(ChangesError::Failed(_)) => self.settle_all(Disclosure::Nothing),
            Err(ChangesError::Refused { index, refusal }) => {
                self.settle_refused(app, requester, *index, refusal).await;
            }
        }
    }

    /// Those before the refused one were free, which is known now, though nobody got them.
    async fn settle_refused(
        self,
        app: &App,
        requester: &Requester,
        refused: usize,
        refusal: &Refusal,
    ) {
        for request in self.0 {
            let is_taken = request.index == refused && refusal.is_taken_phone();
            let is_told = request.index < refused || is_taken;
            let disclosure = if is_told {
                Disclosure::All
            } else {
                Disclosure::Nothing
            };
            request.claim.finish(disclosure);
            if is_taken {
                let context = requester.audit_context();
                audit_refused_phone(app, &context, &request.phone, "record").await;
            }
        }
    }

    fn settle_all(self, disclosure: Disclosure) {
        for request in self.0 {
            request.claim.finish(disclosure);
        }
    }
}

fn phone_of((index, plan): (usize, &Result<Plan, Refusal>)) -> Option<(usize, &Plan, Phone)> {
    let plan = plan.as_ref().ok()?;
    let phone = plan.findings.phone.clone()?;
    Some((index, plan, phone))
}
