// Lists: paging, sorting, filters, fields.
import { assert, client, raw, refused, step, users, world, SOMETHING } from "./harness.mjs";

const names = async (options, pb = world.root) =>
  (await users(pb).getFullList({ sort: "users_id", ...options })).map(({ users_name }) => users_name);

step("getList as a superuser", async () => {
  const { items, page, perPage, totalItems, totalPages } = await users(world.root).getList(1, 2, { sort: "users_id" });
  assert.deepEqual([items.length, page, perPage, totalItems, totalPages], [2, 1, 2, 6, 3]);
});

step("getList, the last page", async () => {
  assert.equal((await users(world.root).getList(2, 4, { sort: "users_id" })).items.length, 2);
});

step("getList, beyond the last page", async () => {
  assert.deepEqual((await users(world.root).getList(9, 4)).items, []);
});

step("getList, skipTotal", async () => {
  const { totalItems, totalPages } = await users(world.root).getList(1, 1, { sort: "users_id", skipTotal: true });
  assert.deepEqual([totalItems, totalPages], [-1, -1]);
});

step("getList, perPage is capped", async () => {
  assert.equal((await users(world.root).getList(1, 5000, { fields: "id" })).perPage, 1000);
});

for (const query of ["page=0&perPage=0", "page=-1&perPage=-1", "page=x", "perPage=x", "skipTotal=zzz", "page="]) {
  step(`a list of nothing: ${query}`, async () => {
    await raw("GET", `/api/collections/tbl_auth_users/records?${query}&filter=id=''`);
  });
}

step("getList as oneself", async () => {
  const { items, totalItems } = await users(world.zhangClient).getList();
  assert.deepEqual([items.map(({ id }) => id), totalItems], [[world.zhang.id], 1]);
});

step("getList as nobody", async () => {
  assert.deepEqual((await users(client()).getList()).items, []);
});

step("getFullList in batches", async () => {
  assert.equal((await users(world.root).getFullList({ batch: 4, fields: "users_id", sort: "users_id" })).length, 6);
});

for (const sort of [
  "users_name",
  "-users_name",
  "users_rank_level,-users_id",
  "-created,-users_id",
  "+users_level,users_id",
  "-@rowid",
  "users_phone",
  "email",
]) {
  step(`sort: ${sort}`, async () => {
    await users(world.root).getList(1, 30, { sort, fields: "users_id,users_name,users_rank_level,users_level" });
  });
}

step("sort by an unknown field", async () => {
  await refused(users(world.root).getList(1, 1, { sort: "nope" }), ...SOMETHING);
});

for (const [filter, expected] of [
  ["users_idtype = 'WeChat'", ["李娜"]],
  ["users_name ~ '张'", ["张伟明"]],
  ["users_name ~ 'chen'", ["陈晓 Chen"]],
  ["users_name !~ '张' && users_rank_level > 0", ["王芳<&>\"'"]],
  ["users_rank_level >= 3 && (users_name ~ '王' || users_name ~ '张')", ["张伟明", "王芳<&>\"'"]],
  ["users_phone = ''", ["李娜"]],
  ["users_phone ?= '13800138001'", ["张伟明"]],
  ["users_phone ~ '138%'", ["张伟明"]],
  ["users_promo_code ~ '50\\%'", ["陈晓 Chen", "孙丽"]],
  ["users_promo_code ~ '5%off'", ["陈晓 Chen", "孙丽"]],
  ["users_promo_code ~ '5__'", []],
  ["company_id != '' && company_id != 'C0000000002'", ["张伟明", "5"]],
  ["verified = true", ["5", "孙丽"]],
  ["verified = false && emailVisibility = true", ["张伟明", "陈晓 Chen"]],
  ["users_level:lower = 'a'", ["张伟明", "陈晓 Chen", "孙丽"]],
  ["created > '2020-01-01' && created <= @now", ["张伟明", "王芳<&>\"'", "李娜", "5", "陈晓 Chen", "孙丽"]],
  ["created < '2020-01-01 00:00:00.000Z'", []],
  ["users_rank_level = null", []],
  ['users_name = "王芳<&>\\"\'"', ["王芳<&>\"'"]],
  ["id = @request.auth.id", []],
  ["users_name != @request.auth.email && users_rank_level = 5", ["张伟明"]],
  ["users_id < 'U0000000103' // a comment", ["张伟明", "王芳<&>\"'"]],
]) {
  step(`filter: ${filter}`, async () => {
    assert.deepEqual(await names({ filter, fields: "users_id,users_name" }), expected);
  });
}

step("filter with the SDK's placeholders", async () => {
  const filter = world.root.filter("users_name = {:name} && created <= {:now} && users_rank_level = {:rank} && verified = {:no}", {
    name: "王芳<&>\"'",
    now: new Date(Date.now() + 60_000),
    rank: 3,
    no: false,
  });
  const { items } = await users(world.root).getList(1, 5, {
    filter: filter.replace(/created <= '[^']*'/, "created <= '2999-01-01 00:00:00.000Z'"),
  });
  assert.deepEqual(
    items.map(({ id }) => id),
    [world.wang.id],
  );
});

step("filter on the asking user", async () => {
  await refused(
    users(world.zhangClient).getList(1, 1, { filter: "id = @request.auth.id" }),
    403,
    "Only superusers can filter by @request.",
  );
});

step("a filter does not show others", async () => {
  assert.deepEqual(await names({ filter: "id != ''" }, world.zhangClient), ["张伟明"]);
});

step("getFirstListItem", async () => {
  assert.equal((await users(world.root).getFirstListItem("users_phone = '13912345678'")).id, world.wang.id);
});

step("getFirstListItem, none", async () => {
  await refused(users(world.root).getFirstListItem("users_phone = '1'"), 404, "The requested resource wasn't found.");
});

for (const filter of [
  "nope = 1",
  "users_name",
  "users_name = ",
  "(id = ''",
  "id = '' &&",
  "users_name = 'a' users_level = 'b'",
  "id == 'x'",
]) {
  step(`a bad filter: ${filter}`, async () => {
    await refused(users(world.root).getList(1, 1, { filter }), ...SOMETHING);
  });
}

for (const field of ["password", "tokenKey"]) {
  step(`a filter on what is never shown: ${field}`, async () => {
    await refused(users(world.zhangClient).getList(1, 1, { filter: `${field} != ''` }), ...SOMETHING);
  });
}

for (const filter of ["@collection.tbl_company.company_id = company_id", "@request.query.x = ''"]) {
  step(`a filter for superusers, as a superuser: ${filter}`, async () => {
    // Not served by both; the comparison knows.
    await users(world.root)
      .getList(1, 1, { filter, sort: "users_id", fields: "users_id" })
      .catch((error) => error);
  });
  step(`a filter for superusers, as a user: ${filter}`, async () => {
    await users(world.zhangClient)
      .getList(1, 1, { filter, fields: "users_id" })
      .catch((error) => error);
  });
}

step("getList, fields and expand", async () => {
  const { items } = await users(world.root).getList(1, 1, { sort: "users_id", fields: "users_id,collectionName", expand: "company_id" });
  assert.deepEqual(items, [{ users_id: "U0000000101", collectionName: "tbl_auth_users" }]);
});
