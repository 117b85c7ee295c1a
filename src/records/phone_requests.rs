//! Phones that owners ask for, counted while the transaction decides whether they get them.

use super::changes::Plan;
use crate::app::App;
use crate::auth::{AuditContext, audit_refused_phone};
use crate::domain::{Actor, Phone};
use crate::error::Result;
use crate::limits::{Disclosure, PhoneClaim, Source};
use crate::pocketbase::Context;
use crate::pocketbase::error::Refused;

/// The phones that plans ask for, with the place of each plan.
pub struct Wishes<'a>(Vec<(usize, Phone, PhoneClaim<'a>)>);

impl Context {
    /// Counts the phones that owners ask for in `plans`.
    ///
    /// # Errors
    /// [`crate::error::Error::TooManyAttempts`]: none of them is.
    pub fn wishes(&self, by: &AuditContext, plans: &[Result<Plan, Refused>]) -> Result<Wishes<'_>> {
        let mut wishes = Wishes(Vec::new());
        let (Actor::User(user), Some(source)) = (&by.actor, by.source.map(Source::from)) else {
            return Ok(wishes);
        };
        let asked = plans
            .iter()
            .enumerate()
            .filter_map(|(n, plan)| Some((n, plan.as_ref().ok()?.phone()?)));
        for (n, phone) in asked {
            match self.app.limits.phone_change(source, user) {
                Ok(wish) => wishes.0.push((n, phone.clone(), wish)),
                Err(error) => {
                    wishes.forget();
                    return Err(error.into());
                }
            }
        }
        Ok(wishes)
    }
}

impl Wishes<'_> {
    /// Counts no more than what was told by `made`, and notes a phone that is somebody else's.
    pub async fn settle<T>(
        self,
        app: &App,
        by: &AuditContext,
        made: &Result<Result<T, (usize, Refused)>>,
    ) {
        let refused = match made {
            Ok(Ok(_)) => {
                return self
                    .0
                    .into_iter()
                    .for_each(|(.., wish)| wish.settle(Disclosure::Free));
            }
            Ok(Err((place, refused))) => (*place, refused.is_taken_phone()),
            Err(_) => return self.forget(),
        };
        let (place, is_taken) = refused;
        for (n, phone, wish) in self.0 {
            let is_it = n == place && is_taken;
            // Those before it were free, which is known now, though nobody got them.
            wish.settle(if n < place || is_it {
                Disclosure::All
            } else {
                Disclosure::Nothing
            });
            if is_it {
                audit_refused_phone(app, by, &phone, "record").await;
            }
        }
    }

    fn forget(self) {
        self.0
            .into_iter()
            .for_each(|(.., wish)| wish.settle(Disclosure::Nothing));
    }
}
