//! Ways to log in that PocketBase has and that are off here: one-time passwords and OAuth2.

use poem::Result;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use crate::http::tags::Tags;
use crate::http::wire_types::AnyData;

/// Endpoints that refuse these logins.
pub struct DisabledLoginsApi(pub Context);

enum PbDisabledLogin {}

impl Outcomes for PbDisabledLogin {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = None;
    const ERRORS: &[(u16, &str)] = &[(403, "未启用"), (404, "集合不存在")];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::NotServed")]
impl DisabledLoginsApi {
    /// 申请一次性密码(SDK:requestOTP):未启用
    #[oai(
        path = "/collections/:collection/request-otp",
        method = "post",
        operation_id = "pbRequestOtp"
    )]
    async fn request_otp(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
    ) -> Result<Reply<PbDisabledLogin>> {
        self.0.auth_collection(&collection)?;
        Err(Refused::NO_OTP.into())
    }

    /// 一次性密码登录(SDK:authWithOTP):未启用
    #[oai(
        path = "/collections/:collection/auth-with-otp",
        method = "post",
        operation_id = "pbAuthWithOtp"
    )]
    async fn auth_with_otp(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
    ) -> Result<Reply<PbDisabledLogin>> {
        self.0.auth_collection(&collection)?;
        Err(Refused::NO_OTP.into())
    }

    /// OAuth2 登录(SDK:authWithOAuth2Code):未启用
    #[oai(
        path = "/collections/:collection/auth-with-oauth2",
        method = "post",
        operation_id = "pbAuthWithOAuth2"
    )]
    async fn auth_with_oauth2(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
    ) -> Result<Reply<PbDisabledLogin>> {
        self.0.auth_collection(&collection)?;
        Err(Refused::NO_OAUTH2.into())
    }
}
