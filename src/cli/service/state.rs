//! States of the parts that make a service, and of the service itself.

/// A part of the service, in the order in which they are made: each needs those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The system user and its group.
    User,
    /// The folder of the database.
    Folder,
    /// The configuration.
    Config,
    /// The program.
    Program,
    /// The unit.
    Unit,
    /// The start at boot.
    Boot,
    /// The running service.
    Service,
}

impl Part {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Folder,
        Self::Config,
        Self::Program,
        Self::Unit,
        Self::Boot,
        Self::Service,
    ];
}

/// The state of a part on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it has to be.
    There,
    /// Not there at all.
    Missing,
    /// There, but older, or of other rights.
    Different,
}

impl State {
    /// The state of a file that is there with other contents than these, or the same, or not at all.
    pub fn of_contents(found: Option<&[u8]>, wanted: &[u8]) -> Self {
        match found {
            None => Self::Missing,
            Some(found) if found == wanted => Self::There,
            Some(_) => Self::Different,
        }
    }

    /// The state of the service: one that runs is restarted for a new program or unit only, or when it is older than what is installed
    /// because an earlier run of ours came no further.
    pub fn of_service(is_active: bool, is_stale: bool, program: Self, unit: Self) -> Self {
        let is_current = !is_stale && program == Self::There && unit == Self::There;
        match (is_active, is_current) {
            (false, _) => Self::Missing,
            (true, true) => Self::There,
            (true, false) => Self::Different,
        }
    }
}

/// Owner, group and permissions of a file, as far as they matter.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    /// Id of the owner.
    pub owner: u32,
    /// Id of the group.
    pub group: u32,
    /// Permission bits.
    pub mode: u32,
}

impl Rights {
    /// Whether this user with this group may read the file.
    pub fn let_read(self, user: u32, group: u32) -> bool {
        let needed = match self {
            Self { owner, .. } if owner == user => 0o400,
            Self { group: own, .. } if own == group => 0o040,
            _ => 0o004,
        };
        self.mode & needed != 0
    }

    /// Whether the file is this user's, and nobody else may even look at it.
    pub fn are_private_to(self, user: u32) -> bool {
        self.owner == user && self.mode & 0o777 == 0o700
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_service_is_restarted_for_what_is_new_and_for_nothing_else() {
        use State::{Different, Missing, There};
        for (is_active, is_stale, program, unit, state) in [
            (false, false, There, There, Missing),
            (false, false, Missing, Missing, Missing),
            (true, false, There, There, There),
            (true, true, There, There, Different),
            (true, false, Different, There, Different),
            (true, false, There, Different, Different),
            (true, false, There, Missing, Different),
        ] {
            assert_eq!(State::of_service(is_active, is_stale, program, unit), state);
        }
    }

    #[test]
    fn a_configuration_is_readable_by_its_owner_its_group_or_all_others() {
        let rights = |owner, group, mode| Rights { owner, group, mode };
        for (rights, can) in [
            (rights(0, 7, 0o640), true),
            (rights(0, 0, 0o644), true),
            (rights(7, 0, 0o600), true),
            (rights(0, 0, 0o640), false),
            (rights(0, 7, 0o600), false),
            (rights(0, 7, 0o604), false),
        ] {
            assert_eq!(rights.let_read(7, 7), can, "{rights:?}");
        }
    }

    #[test]
    fn a_private_folder_is_its_user_s_and_closed_to_all_others() {
        let rights = |owner, mode| Rights {
            owner,
            group: 7,
            mode,
        };
        assert!(rights(7, 0o40700).are_private_to(7));
        assert!(!rights(0, 0o40700).are_private_to(7));
        assert!(!rights(7, 0o40755).are_private_to(7));
    }
}
