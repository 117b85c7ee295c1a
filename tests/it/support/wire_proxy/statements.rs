//! The SQL behind the names of statements and portals on one connection.

use std::collections::HashMap;

use crate::support::wire_proxy::message::Message;

#[derive(Default)]
pub struct Statements {
    statements: HashMap<String, String>,
    portals: HashMap<String, String>,
}

impl Statements {
    /// The SQL that a message of a client gives or executes.
    pub fn follow(&mut self, message: &Message) -> Option<String> {
        match message.kind {
            b'Q' => Some(message.text(0)),
            b'P' => Some(self.parse(message)),
            b'E' => Some(
                self.portals
                    .get(&message.text(0))
                    .cloned()
                    .unwrap_or_default(),
            ),
            b'B' => {
                self.bind(message);
                None
            }
            b'C' => {
                self.close(message);
                None
            }
            _ => None,
        }
    }

    fn parse(&mut self, message: &Message) -> String {
        let name = message.text(0);
        let sql = message.text(name.len() + 1);
        self.statements.insert(name, sql.clone());
        sql
    }

    fn bind(&mut self, message: &Message) {
        let portal = message.text(0);
        let statement = message.text(portal.len() + 1);
        let sql = self.statements.get(&statement).cloned();
        self.portals.insert(portal, sql.unwrap_or_default());
    }

    fn close(&mut self, message: &Message) {
        let name = message.text(1);
        match message.text(0).starts_with('S') {
            true => self.statements.remove(&name),
            false => self.portals.remove(&name),
        };
    }
}
