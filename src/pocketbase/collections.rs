//! `/api/collections`: the collections, described to superusers, who can change their rules and nothing else.

use poem::Result;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::{Map, Value};

use super::Context;
use super::answer::{Outcomes, Reply};
use super::description::{Described, IN_ORDER, SEARCHABLE, describe};
use super::error::Refused;
use super::fields::Fields;
use super::form::Form;
use super::list_query::{parse_paging, totals};
use super::rejected_form::not_formatted;
use super::rules_form::rules_of;
use crate::domain::{Actor, Kind};
use crate::filter::{self, Filter, SUPERUSER_ONLY, Sort};
use crate::http::bearer::Bearer;
use crate::http::tags::Tags;
use crate::http::wire_types::{AnyData, AuthRecord};
use crate::records::list::ListError;

/// The endpoints for collections.
pub struct CollectionsApi(pub Context);

#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct CollectionList {
    items: Vec<AuthRecord>,
    page: u64,
    perPage: u64,
    totalItems: i64,
    totalPages: i64,
}

enum PbListCollections {}

impl Outcomes for PbListCollections {
    type Body = CollectionList;
    const SUCCESS: Option<(u16, &str)> = Some((200, "集合"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "查询参数错误"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (429, "查询过多,请稍后再试"),
        (500, "服务端内部错误"),
    ];
}

enum PbViewCollection {}

impl Outcomes for PbViewCollection {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "集合"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "fields 参数错误"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (404, "集合不存在"),
        (500, "服务端内部错误"),
    ];
}

enum PbUpdateCollection {}

impl Outcomes for PbUpdateCollection {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = Some((200, "修改后的集合"));
    const ERRORS: &[(u16, &str)] = &[
        (400, "规则无法解析,或其他字段与查询结果不一致"),
        (401, "token 无效或已过期"),
        (403, "仅超级管理员可用"),
        (404, "集合不存在"),
        (408, "请求体接收超时"),
        (413, "请求体过大"),
        (500, "服务端内部错误"),
    ];
}

enum PbReadOnly {}

impl Outcomes for PbReadOnly {
    type Body = AnyData;
    const SUCCESS: Option<(u16, &str)> = None;
    const ERRORS: &[(u16, &str)] = &[
        (401, "token 无效或已过期"),
        (403, "集合不可修改"),
        (404, "集合不存在"),
        (500, "服务端内部错误"),
    ];
}

#[OpenApi(prefix_path = "/api")]
impl CollectionsApi {
    /// 查询集合列表(SDK:collections.getList、getFullList):仅超级管理员
    #[oai(
        path = "/collections",
        method = "get",
        tag = "Tags::PocketBase",
        operation_id = "pbListCollections"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a query parameter")]
    async fn list(
        &self,
        bearer: Bearer,
        /// 页码,从 1 开始
        page: Query<Option<String>>,
        /// 每页条数,默认 30,最多 1000
        #[oai(name = "perPage")]
        per_page: Query<Option<String>>,
        /// 排序字段,逗号分隔,可加前缀 + 或 -
        sort: Query<Option<String>>,
        /// 过滤条件,可用 id、created、updated、name、system、type
        filter: Query<Option<String>>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        /// 为 1 时不统计总数
        #[oai(name = "skipTotal")]
        skip_total: Query<Option<String>>,
    ) -> Result<Reply<PbListCollections>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        let paging = parse_paging(
            page.0.as_deref(),
            per_page.0.as_deref(),
            skip_total.0.as_deref(),
        )?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let found = self
            .find(
                by.actor,
                &filter.0.unwrap_or_default(),
                &sort.0.unwrap_or_default(),
            )
            .await?;
        let (total_items, total_pages) = totals(&paging, found.len() as u64);
        let items = paging
            .select(found)
            .into_iter()
            .map(|described| AuthRecord(fields.pick_of_record(described.json.0)));
        let list = CollectionList {
            items: items.collect(),
            page: paging.page,
            perPage: paging.per_page,
            totalItems: total_items,
            totalPages: total_pages,
        };
        Ok(Reply::new(&list, &Fields::all()))
    }

    /// 查询一个集合(SDK:collections.getOne):仅超级管理员
    #[oai(
        path = "/collections/:collection",
        method = "get",
        tag = "Tags::PocketBase",
        operation_id = "pbViewCollection"
    )]
    async fn view(
        &self,
        bearer: Bearer,
        /// 集合名或集合 id
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
    ) -> Result<Reply<PbViewCollection>> {
        self.0.ensure_superuser(&bearer).await?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let kind = self.found(&collection)?;
        Ok(Reply::new(&self.described(kind), &fields))
    }

    /// 创建集合:不支持
    ///
    /// 服务端只有 tbl_auth_users、tbl_company、_superusers 三个集合,不能增删:超级管理员得到 403。
    #[oai(
        path = "/collections",
        method = "post",
        tag = "Tags::NotServed",
        operation_id = "pbCreateCollection"
    )]
    async fn create(&self, bearer: Bearer) -> Result<Reply<PbReadOnly>> {
        self.0.ensure_superuser(&bearer).await?;
        Err(Refused::READ_ONLY.into())
    }

    /// 修改集合的访问规则(SDK:collections.update):仅超级管理员
    ///
    /// 只能修改 tbl_auth_users、tbl_company 的 listRule、viewRule、createRule、updateRule、deleteRule,以及 tbl_auth_users 的 authRule、manageRule:
    /// null 为仅超级管理员,空字符串为所有人,否则为 PocketBase 过滤表达式。其他字段必须与查询结果一致(created、updated 除外)。
    /// 修改立即生效,并记录为 rule-change 事件。
    #[oai(
        path = "/collections/:collection",
        method = "patch",
        tag = "Tags::PocketBase",
        operation_id = "pbUpdateCollection"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        /// 集合名或集合 id
        collection: Path<String>,
        /// 只返回这些字段,逗号分隔
        fields: Query<Option<String>>,
        body: Form<Any<Map<String, Value>>>,
    ) -> Result<Reply<PbUpdateCollection>> {
        let by = self.0.ensure_superuser(&bearer).await?;
        let kind = self.found(&collection)?;
        let fields = Fields::parse(fields.0.as_deref())?;
        let body = body.read().map_err(not_formatted)?;
        let rules = rules_of(body.0, &describe(&self.0, kind).json.0)?;
        self.0.records.change_rules(by, kind, rules).await?;
        Ok(Reply::new(&self.described(kind), &fields))
    }

    /// 删除集合:不支持
    #[oai(
        path = "/collections/:collection",
        method = "delete",
        tag = "Tags::NotServed",
        operation_id = "pbDeleteCollection"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        /// 集合名或集合 id
        collection: Path<String>,
    ) -> Result<Reply<PbReadOnly>> {
        self.0.ensure_superuser(&bearer).await?;
        self.found(&collection)?;
        Err(Refused::READ_ONLY.into())
    }
}

impl CollectionsApi {
    fn found(&self, name_or_id: &str) -> Result<Kind, Refused> {
        let kind = self.0.collection(name_or_id, &Kind::ALL);
        kind.ok_or(Refused::NOT_FOUND)
    }

    fn described(&self, kind: Kind) -> AnyData {
        AnyData(Value::Object(describe(&self.0, kind).json.0))
    }

    async fn find(&self, actor: Actor, filter: &str, sort: &str) -> Result<Vec<Described>> {
        let bad = |_| Refused::BAD_REQUEST;
        let is_field = |name: &str| SEARCHABLE.contains(&name);
        if SUPERUSER_ONLY.iter().any(|word| filter.contains(word)) {
            return Err(Refused::BAD_REQUEST.into());
        }
        let mut found: Vec<_> = IN_ORDER
            .into_iter()
            .map(|kind| describe(&self.0, kind))
            .collect();
        if !filter.is_empty() {
            let filter = Filter::parse(filter).map_err(bad)?;
            filter.check(is_field).map_err(bad)?;
            found = self.matching(actor, found, filter).await?;
        }
        if !sort.is_empty() {
            let sort = Sort::parse(sort).map_err(bad)?;
            sort.check(is_field).map_err(bad)?;
            found.sort_by(|a, b| sort.compare_named(a, b, 0));
        }
        Ok(found)
    }

    async fn matching(
        &self,
        actor: Actor,
        all: Vec<Described>,
        filter: Filter,
    ) -> Result<Vec<Described>, ListError> {
        let now = self.0.app.clock.now();
        self.0
            .records
            .evaluate(actor, move |budget| {
                let context = filter::Context {
                    is_superuser: true,
                    ..filter::Context::new(now)
                };
                let mut found = Vec::with_capacity(all.len());
                for described in &all {
                    if filter.matches(described, &context, budget)? {
                        found.push(described.clone());
                    }
                }
                Ok(found)
            })
            .await
    }
}
