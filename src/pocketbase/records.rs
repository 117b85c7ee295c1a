//! `/api/collections/{collection}/records`

use poem::Result;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Any;
use serde_json::{Map, Value};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::caller::Caller;
use super::error::Refused;
use super::expand::{Expand, Expansion};
use super::fields::Fields;
use super::form::{Form, UnusedBody};
use super::list_query::{parse_paging, refusal};
use super::record_list::{RecordList, RecordListText};
use crate::domain::Kind;
use crate::http::tags::Tags;
use crate::http::wire_types::{AnyData, AuthRecord};
use crate::records::access::Access;
use crate::records::change_request::{Action, ChangeRequest};
use crate::records::form::RecordForm;
use crate::records::list::{ListQuery, ensure_may_list};
use crate::store::Record;

/// The endpoints for records: superusers have all of them, others what the rules of the collection let them have.
pub struct RecordsApi(pub Context);

/// Body by which a record is made or changed.
type RecordBody = Form<Option<Any<Map<String, Value>>>>;

enum PbListRecords {}

impl Outcomes for PbListRecords {
    type Body = RecordList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "可见的记录;未登录时为空"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "查询参数错误"),
        (
            403,
            "仅超级管理员可用的集合,或 filter、sort 中有仅超级管理员可用的内容",
        ),
        (404, "集合不存在"),
        (429, "查询过多,请稍后再试"),
        (500, "服务端内部错误"),
    ];
}

enum PbViewRecord {}

impl Outcomes for PbViewRecord {
    type Body = AuthRecord;
    const SUCCESS: Option<(u16, &str)> = Some((200, "记录"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "fields 参数错误"),
        (403, "仅超级管理员可用的集合"),
        (404, "记录不存在或不可见"),
        (500, "服务端内部错误"),
    ];
}

enum PbCreateRecord {}

impl Outcomes for PbCreateRecord {
    type Body = AuthRecord;
    const SUCCESS: Option<(u16, &str)> = Some((200, "新记录"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "字段错误"),
        (403, "仅超级管理员可用"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "密码处理队列已满"),
        (500, "服务端内部错误"),
    ];
}

enum PbUpdateRecord {}

impl Outcomes for PbUpdateRecord {
    type Body = AuthRecord;
    const SUCCESS: Option<(u16, &str)> = Some((200, "更新后的记录"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "字段错误"),
        (403, "仅超级管理员可用的集合"),
        (404, "记录不存在、不可见,或修改了不允许本人修改的字段"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (429, "旧密码尝试或手机号修改次数过多,或密码处理队列已满"),
        (500, "服务端内部错误"),
    ];
}

enum PbDeleteRecord {}

impl Outcomes for PbDeleteRecord {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((204, "已删除"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "请求体无法读取,或最后一个超级管理员不能删除"),
        (403, "仅超级管理员可用"),
        (404, "集合或记录不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api", tag = "Tags::PocketBase")]
impl RecordsApi {
    /// 查询记录列表(SDK:getList、getFullList、getFirstListItem)
    ///
    /// 超级管理员可见全部记录;其他人按集合的 listRule。默认规则:用户在 tbl_auth_users 中只能看到本人;tbl_company 与 _superusers 仅超级管理员可列出。
    #[oai(
        path = "/collections/:collection/records",
        method = "get",
        operation_id = "pbListRecords"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a query parameter")]
    async fn list(
        &self,
        caller: Caller,
        /// 集合名称或 id:tbl_auth_users、tbl_company、_superusers
        collection: Path<String>,
        /// 页码,从 1 开始
        page: Query<Option<String>>,
        /// 每页条数,默认 30,最多 1000
        #[oai(name = "perPage")]
        per_page: Query<Option<String>>,
        /// 排序字段,逗号分隔,可加前缀 + 或 -
        sort: Query<Option<String>>,
        /// 过滤条件,PocketBase 语法;无法解析时,响应头 X-Filter-Problem 告诉超级管理员原因与位置(URL 编码)
        filter: Query<Option<String>>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        /// company_id:附带用户所属公司
        expand: Query<Option<String>>,
        /// 为 1 时不统计总数
        #[oai(name = "skipTotal")]
        skip_total: Query<Option<String>>,
    ) -> Result<Reply<PbListRecords>> {
        let kind = self.found(&collection, Refused::NO_COLLECTION)?;
        let access = self.0.access(&caller).await?;
        ensure_may_list(&access, kind)?;
        let paging = parse_paging(
            page.0.as_deref(),
            per_page.0.as_deref(),
            skip_total.0.as_deref(),
        )?;
        let filter = filter.0.unwrap_or_default();
        let sort = sort.0.unwrap_or_default();
        let query = ListQuery::parse(access.clone(), kind, paging, &filter, &sort)
            .map_err(|error| refusal(error, &access, kind, &filter))?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let page = self.0.records.list(query).await?;
        let expansion = Expansion::new(&self.0.app, &access, Expand::parse(expand.0.as_deref()));
        let mut text = RecordListText::with_capacity(page.records.len());
        for (n, record) in page.records.iter().enumerate() {
            // A long page keeps nobody else waiting.
            if n % 16 == 15 {
                tokio::task::yield_now().await;
            }
            text.push(&expansion.of(record).await?, &fields)?;
        }
        Ok(Reply::json(text.finish(&paging, page.total)))
    }

    /// 查询一条记录(SDK:getOne)
    #[oai(
        path = "/collections/:collection/records/:id",
        method = "get",
        operation_id = "pbViewRecord"
    )]
    async fn view(
        &self,
        caller: Caller,
        /// 集合名称或 id:tbl_auth_users、tbl_company、_superusers
        collection: Path<String>,
        id: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        /// company_id:附带用户所属公司
        expand: Query<Option<String>>,
    ) -> Result<Reply<PbViewRecord>> {
        let kind = self.found(&collection, Refused::NO_COLLECTION)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let access = self.0.access(&caller).await?;
        let record = self.0.records.viewed(&access, kind, &id).await?;
        self.reply(&access, &record, expand.0.as_deref(), &fields)
            .await
    }

    /// 更新记录(SDK:update):按集合的 updateRule,默认为本人或超级管理员
    ///
    /// openid 只有超级管理员可修改。默认规则下本人不能修改 openid、users_idtype、users_status、users_rank_level、users_auth_type、users_id、users_convers_id(404),
    /// 修改密码需要 password、passwordConfirm、oldPassword,修改 users_phone 需要 oldPassword;超级管理员不需要 oldPassword。密码或 email 修改后该用户的所有 token 失效。
    /// 超级管理员设置 tokenKey(30 至 60 个字符)或提交 tokenKey:autogenerate,同样使所有 token 失效。
    #[oai(
        path = "/collections/:collection/records/:id",
        method = "patch",
        operation_id = "pbUpdateRecord"
    )]
    async fn update(
        &self,
        caller: Caller,
        /// 集合名称或 id:tbl_auth_users、tbl_company、_superusers
        collection: Path<String>,
        id: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        /// company_id:附带用户所属公司
        expand: Query<Option<String>>,
        body: RecordBody,
    ) -> Result<Reply<PbUpdateRecord>> {
        let kind = self.found(&collection, Refused::NOT_A_COLLECTION)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let action = Action::Update(id.0);
        // Before the change, which may end the caller's token.
        let access = self.0.access(&caller).await?;
        let body = read(body)?;
        let record = self.change(&caller, kind, action, &body).await?;
        let access = access.with_body(body);
        self.reply(&access, &record, expand.0.as_deref(), &fields)
            .await
    }

    /// 创建记录(SDK:create):按集合的 createRule,默认仅超级管理员
    ///
    /// 用户自行注册请用 `/api/platform/register` 或 `/api/wechat/login`。
    #[oai(
        path = "/collections/:collection/records",
        method = "post",
        operation_id = "pbCreateRecord"
    )]
    async fn create(
        &self,
        caller: Caller,
        /// 集合名称或 id:tbl_auth_users、tbl_company、_superusers
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        /// company_id:附带用户所属公司
        expand: Query<Option<String>>,
        body: RecordBody,
    ) -> Result<Reply<PbCreateRecord>> {
        let kind = self.found(&collection, Refused::NOT_A_COLLECTION)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        // Before the change, which may end the caller's token.
        let access = self.0.access(&caller).await?;
        let body = read(body)?;
        let record = self.change(&caller, kind, Action::Create, &body).await?;
        let access = access.with_body(body);
        self.reply(&access, &record, expand.0.as_deref(), &fields)
            .await
    }

    /// 删除记录(SDK:delete):按集合的 deleteRule,默认仅超级管理员
    #[oai(
        path = "/collections/:collection/records/:id",
        method = "delete",
        operation_id = "pbDeleteRecord"
    )]
    async fn delete(
        &self,
        caller: Caller,
        /// 集合名称或 id:tbl_auth_users、tbl_company、_superusers
        collection: Path<String>,
        id: Path<String>,
        body: UnusedBody,
    ) -> Result<Reply<PbDeleteRecord>> {
        let kind = self.found(&collection, Refused::NO_COLLECTION)?;
        body.read()?;
        let requester = self.0.requester(&caller).await?;
        let request = ChangeRequest::delete(kind, id.0).by(caller.info.clone());
        self.0.records.change(&requester, request).await?;
        Ok(Reply::empty())
    }
}

impl RecordsApi {
    /// The record as the caller sees it, with what the query wants beside it, and only the fields that it wants.
    async fn reply<O: Outcomes<Body = AuthRecord>>(
        &self,
        access: &Access,
        record: &Record,
        expand: Option<&str>,
        fields: &Fields,
    ) -> Result<Reply<O>> {
        let expansion = Expansion::new(&self.0.app, access, Expand::parse(expand));
        let record = AuthRecord(expansion.of(record).await?.to_map());
        Ok(Reply::new(&record, fields))
    }

    fn found(&self, name_or_id: &str, refused: Refused) -> Result<Kind, Refused> {
        self.0.collection(name_or_id, &Kind::ALL).ok_or(refused)
    }

    async fn change(
        &self,
        caller: &Caller,
        kind: Kind,
        action: Action,
        body: &Map<String, Value>,
    ) -> Result<Record> {
        let requester = self.0.requester(caller).await?;
        let form = RecordForm::read(body, self.0.records.schemas().of(kind));
        let request = ChangeRequest::new(kind, action, form).by(caller.info.clone());
        Ok(self.0.records.change(&requester, request).await?)
    }
}

fn read(body: RecordBody) -> Result<Map<String, Value>> {
    Ok(body.read()?.map(|body| body.0).unwrap_or_default())
}
