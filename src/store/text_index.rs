//! Indexes of users by texts.

/// Index of users by a text that is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextIndex {
    /// By record id.
    Id,
    /// By openid.
    OpenId,
    /// By phone.
    Phone,
    /// By e-mail address.
    Email,
}
