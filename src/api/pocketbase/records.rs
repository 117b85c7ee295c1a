//! `/api/collections/{collection}/records`

use poem::{Request, Result};
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::{Map, Value};

use super::super::Tags;
use super::super::bearer::Bearer;
use super::super::body::JsonBody;
use super::super::types::AuthRecord;
use super::super::view::auth_record;
use super::answer::{Outcomes, Reply};
use super::error::{FieldError, FieldErrors, Refused};
use super::fields::Fields;
use super::filter::Condition;
use super::{Context, update};
use crate::auth::{self, OwnUpdate};
use crate::domain::{Collection, Kind, User};
use crate::error::Error;

/// The endpoints for records: users see and change their own, and nothing else.
pub struct RecordsApi(pub Context);

const PER_PAGE: i64 = 30;
const PER_PAGE_MAX: i64 = 1000;

#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct RecordList {
    items: Vec<AuthRecord>,
    page: i64,
    perPage: i64,
    totalItems: i64,
    totalPages: i64,
}

/// Which page is wanted, as PocketBase reads it.
struct Paging {
    page: i64,
    per_page: i64,
    skip_total: bool,
}

impl Paging {
    fn parse(page: Option<&str>, per_page: Option<&str>, skip_total: Option<&str>) -> Result<Self, Refused> {
        let number = |text: Option<&str>, default: i64| match text.unwrap_or_default() {
            "" => Ok(default),
            text => text.parse().map(|n| if n > 0 { n } else { default }).map_err(|_| Refused::BAD_REQUEST),
        };
        let skip_total = match skip_total.unwrap_or_default() {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => true,
            "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => false,
            _ => return Err(Refused::BAD_REQUEST),
        };
        let per_page = number(per_page, PER_PAGE)?.min(PER_PAGE_MAX);
        Ok(Self { page: number(page, 1)?, per_page, skip_total })
    }

    /// The wanted page of all visible records, of which there is one at most.
    fn of(&self, only: Option<AuthRecord>) -> RecordList {
        let total = i64::from(only.is_some());
        let items = if self.page == 1 { only.into_iter().collect() } else { Vec::new() };
        let (total_items, total_pages) = if self.skip_total { (-1, -1) } else { (total, total) };
        RecordList {
            items,
            page: self.page,
            perPage: self.per_page,
            totalItems: total_items,
            totalPages: total_pages,
        }
    }
}

enum PbListRecords {}

impl Outcomes for PbListRecords {
    type Body = RecordList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "可见的记录;未登录时为空"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "查询参数错误"),
        (403, "filter 或 sort 中有仅超级管理员可用的内容"),
        (404, "集合不存在"),
        (500, "服务端内部错误"),
    ];
}

enum PbViewRecord {}

impl Outcomes for PbViewRecord {
    type Body = AuthRecord;
    const SUCCESS: Option<(u16, &str)> = Some((200, "记录"));
    const ERRORS: &[(u16, &str)] =
        &[(400, "fields 参数错误"), (404, "记录不存在或不可见"), (500, "服务端内部错误")];
}

enum PbUpdateRecord {}

impl Outcomes for PbUpdateRecord {
    type Body = AuthRecord;
    const SUCCESS: Option<(u16, &str)> = Some((200, "更新后的记录"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "字段错误"),
        (404, "记录不存在、不可见,或修改了不允许本人修改的字段"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "旧密码尝试次数过多"),
        (500, "服务端内部错误"),
    ];
}

enum PbSuperusersOnly {}

impl Outcomes for PbSuperusersOnly {
    type Body = AuthRecord;
    const SUCCESS: Option<(u16, &str)> = None;
    const ERRORS: &[(u16, &str)] = &[(403, "仅超级管理员可用"), (404, "集合不存在")];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl RecordsApi {
    /// 查询记录列表(SDK:getList、getFullList、getFirstListItem)
    ///
    /// 只有本人的记录可见。
    #[oai(path = "/collections/:collection/records", method = "get", operation_id = "pbListRecords")]
    #[expect(clippy::too_many_arguments, reason = "each is a query parameter")]
    async fn list(
        &self,
        bearer: Bearer,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        /// 页码,从 1 开始
        page: Query<Option<String>>,
        /// 每页条数,默认 30,最多 1000
        #[oai(name = "perPage")]
        per_page: Query<Option<String>>,
        /// 排序字段,逗号分隔,可加前缀 + 或 -
        sort: Query<Option<String>>,
        /// 过滤条件,PocketBase 语法
        filter: Query<Option<String>>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        /// 为 1 时不统计总数
        #[oai(name = "skipTotal")]
        skip_total: Query<Option<String>>,
    ) -> Result<Reply<PbListRecords>> {
        let collection = self.readable(&collection)?;
        let paging = Paging::parse(page.0.as_deref(), per_page.0.as_deref(), skip_total.0.as_deref())?;
        let condition = Condition::parse(&filter.0.unwrap_or_default(), &sort.0.unwrap_or_default())?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let visible = self.0.user(&bearer).await?.map(|user| (auth_record(&user, collection), user));
        let now = self.0.app.clock.now();
        let found = visible.filter(|(record, user)| condition.holds(user, record, now));
        let list = paging.of(found.map(|(record, _)| fields.pick_record(record)));
        Ok(Reply::new(&list, &Fields::all()))
    }

    /// 查询一条记录(SDK:getOne)
    #[oai(path = "/collections/:collection/records/:id", method = "get", operation_id = "pbViewRecord")]
    async fn view(
        &self,
        bearer: Bearer,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        id: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbViewRecord>> {
        let collection = self.readable(&collection)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let user = self.own(&bearer, &id).await?;
        Ok(Reply::new(&auth_record(&user, collection), &fields))
    }

    /// 更新本人的记录(SDK:update)
    ///
    /// 不能修改 openid、users_idtype、users_status、users_rank_level、users_auth_type、users_id、users_convers_id(404)。
    /// 修改密码需要 password、passwordConfirm、oldPassword,成功后该用户的所有 token 失效。
    #[oai(path = "/collections/:collection/records/:id", method = "patch", operation_id = "pbUpdateRecord")]
    async fn update(
        &self,
        request: &Request,
        bearer: Bearer,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        id: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        body: JsonBody<Option<Any<Map<String, Value>>>>,
    ) -> Result<Reply<PbUpdateRecord>> {
        let collection = self.changeable(&collection)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let body = body.read()?.map(|body| body.0).unwrap_or_default();
        let user = self.own(&bearer, &id).await?;
        let update = update::parse(&auth_record(&user, collection).0, &body)?;
        let user = self.change(request, user, update).await?;
        Ok(Reply::new(&auth_record(&user, collection), &fields))
    }

    /// 创建记录(SDK:create):仅超级管理员
    ///
    /// 注册请用 `/api/platform/register` 或 `/api/wechat/login`。
    #[oai(path = "/collections/:collection/records", method = "post", operation_id = "pbCreateRecord")]
    async fn create(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
    ) -> Result<Reply<PbSuperusersOnly>> {
        self.changeable(&collection)?;
        Err(Refused::SUPERUSERS_ONLY.into())
    }

    /// 删除记录(SDK:delete):仅超级管理员
    #[oai(path = "/collections/:collection/records/:id", method = "delete", operation_id = "pbDeleteRecord")]
    async fn delete(
        &self,
        /// tbl_auth_users 或 pbc_421601843
        collection: Path<String>,
        #[oai(name = "id")] _id: Path<String>,
    ) -> Result<Reply<PbSuperusersOnly>> {
        self.readable(&collection)?;
        Err(Refused::SUPERUSERS_ONLY.into())
    }
}

impl RecordsApi {
    fn readable(&self, name_or_id: &str) -> Result<&Collection, Refused> {
        self.0.collection(name_or_id, &[Kind::Users]).ok_or(Refused::NO_COLLECTION)
    }

    fn changeable(&self, name_or_id: &str) -> Result<&Collection, Refused> {
        self.0.collection(name_or_id, &[Kind::Users]).ok_or(Refused::NOT_A_COLLECTION)
    }

    /// The caller, if the record `id` is the caller's own: any other is as if it were not there.
    async fn own(&self, bearer: &Bearer, id: &str) -> Result<User> {
        let caller = self.0.user(bearer).await?;
        Ok(caller.filter(|user| user.id.as_str() == id).ok_or(Refused::NOT_FOUND)?)
    }

    /// An old password may be a guess of somebody with a stolen token, and is counted as at a login; by the openid,
    /// because whoever has the token could change the phone between guesses.
    async fn change(&self, request: &Request, user: User, update: OwnUpdate) -> Result<User> {
        let Context { app, limits } = &self.0;
        if update.password.is_none() {
            return auth::update_own(app, user, update).await.map_err(refusal);
        }
        let attempt = limits.login(&self.0.source(request), user.openid.as_str())?;
        attempt.found(Ok(()))?;
        attempt.settle(auth::update_own(app, user, update).await).map_err(refusal)
    }
}

fn refusal(error: Error) -> poem::Error {
    let field = |name, error| Refused::update(FieldErrors::from([(name, error)])).into();
    match error {
        Error::WrongPassword => field("oldPassword", FieldError::OLD_PASSWORD),
        Error::PhoneOfAnother => field("users_phone", FieldError::NOT_UNIQUE),
        Error::Unauthenticated(_) => Refused::NOT_FOUND.into(),
        other => other.into(),
    }
}
