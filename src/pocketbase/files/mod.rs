//! `/api/files`: pictures of users, uploaded by themselves and shown to everybody, as PocketBase shows its files.

mod answer;
mod refusals;
mod upload_form;

use bytes::Bytes;
use poem::{Request, Result};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};

use self::answer::FileAnswer;
use self::refusals::UploadRefusal;
use self::upload_form::UploadForm;
use super::Context;
use super::answer::{Outcomes, Reply};
use super::error::Refused;
use super::fields::Fields;
use crate::auth::{Principal, upload_avatar};
use crate::avatars::{DECODING_BYTES, UploadOutcome};
use crate::domain::{Avatar, AvatarName, Kind, RecordId, User, avatar_path};
use crate::error::Error;
use crate::http::bearer::Bearer;
use crate::http::content::Content;
use crate::http::memory::{Held, Room};
use crate::http::own_url::own_url;
use crate::http::tags::Tags;

/// The only size that there is besides that of the picture itself.
const SMALL: &str = "100x100";

/// The endpoints for pictures.
pub struct FilesApi(pub Context);

/// 上传结果
#[derive(Object)]
struct AvatarUploaded {
    /// 图片地址,填入 `users_picture`
    url: String,
}

enum UploadAvatar {}

impl Outcomes for UploadAvatar {
    type Body = AvatarUploaded;
    const SUCCESS: Option<(u16, &str)> = Some((200, "已保存"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "没有文件、不止一个文件,或图片不符合要求"),
        (401, "token 无效或已过期"),
        (403, "不是用户的 token"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "当天上传次数过多,或服务器繁忙"),
        (500, "服务端内部错误"),
        (507, "全部头像已达到 avatars.total_mib"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::Avatars")]
impl FilesApi {
    /// 上传头像
    ///
    /// 供小程序 `wx.uploadFile` 使用:表单中恰好一个文件,字段名不限,其他字段忽略。只接受 JPEG、PNG、WebP(不含动图),
    /// 每边不超过 1024 像素,大小不超过 `avatars.max_kib`(默认 256 KiB)。每个用户只保留一张,新图片取代旧图片;
    /// 如果 `users_picture` 原来指向旧图片,会同时改为新图片。每个用户每天最多上传 20 次。
    #[oai(path = "/files/avatar", method = "post", operation_id = "uploadAvatar")]
    async fn upload(
        &self,
        request: &Request,
        bearer: Bearer,
        body: UploadForm,
    ) -> Result<Reply<UploadAvatar>> {
        let caller = self.0.caller(&bearer).await?;
        let caller = caller.ok_or(Refused::UNAUTHENTICATED)?;
        let Principal::User(user) = caller.principal else {
            return Err(Refused::USERS_ONLY.into());
        };
        let pictures = &self.0.app.pictures;
        match self.take(request, &bearer, *user, body).await {
            Ok(url) => {
                pictures.count_upload(UploadOutcome::Stored);
                Ok(Reply::new(&AvatarUploaded { url }, &Fields::parse(None)?))
            }
            Err(refusal) => {
                pictures.count_upload(refusal.outcome());
                Err(refusal.into_error(self.0.app.config.avatars.max_bytes()))
            }
        }
    }

    /// 读取头像(SDK:files.getURL)
    ///
    /// 无需 token。新图片的文件名总是新的,因此可以长期缓存;不是当前图片的文件名返回 404。支持条件请求和单个 Range。
    #[oai(
        path = "/files/:collection/:id/:name",
        method = "get",
        operation_id = "getFile"
    )]
    async fn get(
        &self,
        request: &Request,
        /// 集合名称或 id:`tbl_auth_users`
        collection: Path<String>,
        /// 用户的记录 id
        id: Path<String>,
        /// 文件名
        name: Path<String>,
        /// `100x100`:裁成正方形的缩略图;其他值返回原图
        thumb: Query<Option<String>>,
        /// `1`:作为附件下载
        download: Query<Option<String>>,
    ) -> Result<FileAnswer> {
        let (id, avatar) = self.find(&collection, &id, &name).await?;
        let is_small = thumb.as_deref() == Some(SMALL);
        let is_attachment = download.as_deref().is_some_and(is_true);
        let name = match is_small {
            true => format!("{SMALL}_{}", avatar.name.as_str()),
            false => avatar.name.as_str().to_owned(),
        };
        let content = self.content(request, &id, avatar, is_small).await;
        Ok(FileAnswer::new(request, content, &name, is_attachment)?)
    }
}

impl FilesApi {
    /// Stores the picture of a form, and returns its URL. Whatever has arrived whole and is refused counts as an upload, but not what
    /// fails here.
    async fn take(
        &self,
        request: &Request,
        bearer: &Bearer,
        user: User,
        form: UploadForm,
    ) -> Result<String, UploadRefusal> {
        let app = &self.0.app;
        let mut permission = app.limits.picture_upload(&user.id).map_err(Error::from)?;
        let file = form.read(request, app.config.avatars.max_bytes()).await?;
        permission.arrived();
        let id = user.id.clone();
        match self.store(request, bearer, user, file).await {
            Ok(name) => Ok(own_url(request, &app.config.server) + &avatar_path(&id, &name)),
            Err(refusal) => {
                if !refusal.is_of_client() {
                    permission.take_back();
                }
                Err(refusal)
            }
        }
    }

    async fn store(
        &self,
        request: &Request,
        bearer: &Bearer,
        user: User,
        (field, bytes): (String, Vec<u8>),
    ) -> Result<AvatarName, UploadRefusal> {
        let app = &self.0.app;
        let principal = Principal::User(Box::new(user.clone()));
        let by = self.0.by(bearer, Some(&principal));
        let stored = upload_avatar(app, &by, user, bytes, || room(request)).await;
        stored.map_err(|error| UploadRefusal::Avatar { field, error })
    }

    async fn find(&self, collection: &str, id: &str, name: &str) -> Result<(RecordId, Avatar)> {
        let kind = self.0.collection(collection, &Kind::ALL);
        kind.ok_or(Refused::NOT_A_COLLECTION)?;
        let id = RecordId::parse(id).filter(|_| kind == Some(Kind::Users));
        let id = id.ok_or(Refused::NOT_FOUND)?;
        let avatar = self.0.app.store.avatar(&id).await.map_err(Error::from)?;
        let avatar = avatar.filter(|avatar| avatar.name.as_str() == name);
        Ok((id, avatar.ok_or(Refused::NOT_FOUND)?))
    }

    /// The picture, or a small one of it if that can be made.
    async fn content(
        &self,
        request: &Request,
        id: &RecordId,
        avatar: Avatar,
        is_small: bool,
    ) -> Content {
        let uploaded = avatar.uploaded;
        let media_type = avatar.format.mime();
        let pictures = &self.0.app.pictures;
        let small = match is_small {
            true => pictures
                .small(id, avatar.clone(), || room(request))
                .await
                .ok(),
            false => None,
        };
        let size = if small.is_some() { SMALL } else { "" };
        let bytes = small.unwrap_or_else(|| Bytes::from(avatar.bytes));
        Content {
            tag: format!("{:x}-{:x}{size}", uploaded.as_millisecond(), bytes.len()),
            bytes,
            media_type,
            modified: uploaded,
        }
    }
}

/// Memory to decode a picture, if there is.
fn room(request: &Request) -> Option<Room> {
    request.extensions().get::<Held>()?.room(DECODING_BYTES)
}

/// Whether a parameter is true, as PocketBase reads it.
fn is_true(text: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(&text)
}
