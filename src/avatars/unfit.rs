//! Reasons why bytes are not taken for a picture.

/// Pixels of a side.
pub const MAX_SIDE: u32 = 1024;
/// Reason why bytes are not taken for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Another format, or no picture.
    #[error("it is not a JPEG, PNG or WebP picture")]
    OtherFormat,
    /// A picture that cannot be decoded.
    #[error("it is damaged or not whole")]
    Damaged,
    /// A WebP with several pictures.
    #[error("it is animated")]
    Animated,
    /// More pixels than [`MAX_SIDE`].
    #[error("it has more than 1024 pixels a side")]
    TooWide,
}
