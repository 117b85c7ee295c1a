//! Tags of the OpenAPI document.

/// Tags of the document, in the contract's order.
#[derive(poem_openapi::Tags)]
pub enum Tags {
    /// 基础检查接口
    #[oai(rename = "系统")]
    System,
    /// 面向微信用户的认证接口;认证成功后仍统一使用全平台 `openid` 与 PocketBase 原生 token。
    #[oai(rename = "微信认证")]
    Wechat,
    /// 面向平台用户的认证接口;平台用户会生成 GUID 并写入统一 `openid` 字段。
    #[oai(rename = "平台认证")]
    Platform,
    /// 用户头像:上传 `chooseAvatar` 得到的图片,把返回的地址填入 `users_picture`;错误为 PocketBase 的 `{data, message, status}`。
    #[oai(rename = "头像")]
    Avatars,
    /// PocketBase 原生接口(方言):官方 SDK 无需修改即可使用;错误为 PocketBase 的 `{data, message, status}`。
    PocketBase,
    /// 用户变动时通知其他程序(Webhook):各接收方的状态,仅超级管理员。
    #[oai(rename = "Webhook")]
    Webhooks,
    /// 与其他程序配合:反向代理据此只放行用户。
    #[oai(rename = "其他程序")]
    OtherPrograms,
    /// PocketBase 有而这里不提供的接口:只为官方 SDK 保留路径,总是拒绝,或什么也不做(不发送邮件)。
    #[oai(rename = "PocketBase(不提供)")]
    NotServed,
}

impl Tags {
    pub const IN_ORDER: [Self; 8] = [
        Self::System,
        Self::Wechat,
        Self::Platform,
        Self::Avatars,
        Self::PocketBase,
        Self::Webhooks,
        Self::OtherPrograms,
        Self::NotServed,
    ];
}
