//! Operations of WeChat's API that are used.

/// Operation of WeChat's API, by what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An openid (`jscode2session`).
    Login,
    /// A phone number (`getuserphonenumber`), with the access token that it may need first.
    Phone,
    /// An access token (`stable_token`).
    AccessToken,
}
