//! Kinds of records.

/// Kind of the records of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Users.
    Users,
    /// Companies.
    Companies,
    /// Superusers.
    Superusers,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Users, Self::Companies, Self::Superusers];
    /// Those whose records can log in.
    pub const AUTH: [Self; 2] = [Self::Users, Self::Superusers];

    /// The collection's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "tbl_auth_users",
            Self::Companies => "tbl_company",
            Self::Superusers => "_superusers",
        }
    }

    /// The id that PocketBase gives a collection of this name: `pbc_` and the CRC-32 of type and name.
    pub(super) fn standard_id(self) -> &'static str {
        match self {
            Self::Users => "pbc_421601843",
            Self::Companies => "pbc_3827114575",
            Self::Superusers => "pbc_3142635823",
        }
    }
}
