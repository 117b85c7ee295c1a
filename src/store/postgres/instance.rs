//! Instance: this server among those on the database.

use tokio_postgres::Error;

use super::session::Session;
use super::statements::SHOW_INSTANCE;
use crate::build_info;
use crate::clock::Clock;
use crate::random::{NoEntropy, Random};

/// This server.
#[derive(Clone)]
pub struct Instance {
    /// Random name.
    pub id: String,
    /// The wall clock.
    pub clock: Clock,
}

impl Instance {
    /// A server that was just started.
    pub fn new(clock: Clock, random: &Random) -> Result<Self, NoEntropy> {
        Ok(Self {
            id: random.uuid()?.to_string(),
            clock,
        })
    }

    /// Writes that the server is there, and is answered once the commit is confirmed.
    pub async fn show(&self, session: &Session) -> Result<(), Error> {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.id, &build_info::VERSION, &self.clock.now_ms()];
        session.execute(SHOW_INSTANCE, &values).await?;
        Ok(())
    }
}
