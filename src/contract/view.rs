//! A user as the contract's clients see it: `UserInfo`.

use poem_openapi::Object;

use crate::domain::{Collections, Company, Phone, User};
use crate::http::wire_types::{CompanyInfo, Number, UsersIdtype, UsersType};
use crate::records::date::date_text;
use crate::records::fields::choice::status_number;
use crate::records::view;

/// 统一用户视图。
/// 其中 `openid` 为全平台统一身份标识:微信用户使用微信 openid,平台用户使用服务端生成 GUID。
#[derive(Object)]
pub struct UserInfo {
    pb_id: String,
    users_convers_id: String,
    users_id: String,
    /// 用户身份来源类型
    users_idtype: UsersIdtype,
    users_id_number: String,
    users_status: Number,
    users_rank_level: Number,
    users_auth_type: Number,
    users_type: UsersType,
    users_name: String,
    users_phone: String,
    users_phone_masked: String,
    users_level: String,
    users_picture: String,
    /// 全平台统一身份标识;微信用户为微信 openid,平台用户为服务端生成的 GUID
    openid: String,
    company_id: String,
    users_parent_id: String,
    users_promo_code: String,
    usergroups_id: String,
    company: CompanyInfo,
    created: String,
    updated: String,
}

impl UserInfo {
    /// The user, with its company.
    pub fn new(user: &User, company: Option<&Company>, collections: &Collections) -> Self {
        Self {
            pb_id: user.id.to_string(),
            users_convers_id: user.conversation_id.clone(),
            users_id: user.shown_number(),
            users_idtype: UsersIdtype(user.id_type),
            users_id_number: user.id_number.clone(),
            users_status: Number(status_number(user.status)),
            users_rank_level: Number(user.rank_level),
            users_auth_type: Number(user.auth_type),
            users_type: UsersType(user.user_type),
            users_name: user.name.clone(),
            users_phone: phone_text(user),
            users_phone_masked: user.phone.as_ref().map(Phone::masked).unwrap_or_default(),
            users_level: user.level.clone(),
            users_picture: user.picture.clone(),
            openid: user.openid.to_string(),
            company_id: user.company_id.clone(),
            users_parent_id: user.parent_id.clone(),
            users_promo_code: user.promo_code.clone(),
            usergroups_id: user.group_id.clone(),
            company: CompanyInfo(
                company.map(|company| view::company(company, &collections.companies).to_map()),
            ),
            created: date_text(user.created),
            updated: date_text(user.updated),
        }
    }
}

fn phone_text(user: &User) -> String {
    user.phone
        .as_ref()
        .map(|phone| phone.as_str().to_owned())
        .unwrap_or_default()
}
