// Users seen, changed and deleted, by a superuser and by themselves.
import { assert, client, refused, step, users, world, NOT_FOUND, ONLY_SUPERUSERS } from "./harness.mjs";
import { PASSWORD, PEOPLE } from "./people.mjs";

const UPDATE = [400, "Failed to update record."];

step("getOne as a superuser", async () => {
  assert.deepEqual(await users(world.root).getOne(world.zhang.id), world.zhang);
});

step("getOne as oneself", async () => {
  // Hidden: only superusers see it.
  const { unionid: _, ...seen } = world.zhang;
  assert.deepEqual(await users(world.zhangClient).getOne(world.zhang.id), seen);
});

step("getOne as another user", async () => {
  await refused(users(world.zhangClient).getOne(world.wang.id), ...NOT_FOUND);
});

step("getOne as nobody", async () => {
  await refused(users(client()).getOne(world.zhang.id), ...NOT_FOUND);
});

step("getOne by the collection's id", async () => {
  assert.deepEqual(await world.root.collection("pbc_421601843").getOne(world.zhang.id), world.zhang);
});

step("getOne, the collection's name in another case", async () => {
  assert.deepEqual(await world.root.collection("TBL_Auth_Users").getOne(world.zhang.id), world.zhang);
});

step("getOne, expand of a text field and of nothing known", async () => {
  const { expand, ...record } = await users(world.root).getOne(world.zhang.id, { expand: "company_id,nope,company_id.nope" });
  assert.deepEqual(record, world.zhang);
});

step("getOne, fields", async () => {
  const record = await users(world.root).getOne(world.zhang.id, { fields: "users_name, id,nope,expand.company_id" });
  assert.deepEqual(record, { id: world.zhang.id, users_name: "张伟" });
});

step("getOne, an excerpt", async () => {
  const record = await users(world.root).getOne(world.zhang.id, { fields: "users_picture:excerpt(10,true)" });
  assert.equal(record.users_picture, "https://cd...");
});

step("getOne, no id", async () => {
  await refused(users(world.root).getOne(""), 404, "Missing required record id.");
});

step("getOne, an unknown collection", async () => {
  await refused(world.root.collection("nope").getOne("x"), 404, "Missing collection context.");
});

step("update as a superuser", async () => {
  const record = await users(world.root).update(world.zhao.id, {
    users_status: 0,
    users_rank_level: "7",
    users_auth_type: 2,
    users_idtype: "ManagePlatform",
    company_id: "C0000000001",
    verified: true,
    unknown: 1,
  });
  assert.deepEqual([record.users_status, record.users_rank_level, record.users_idtype, record.verified], [0, 7, "ManagePlatform", true]);
  assert.ok(record.updated > record.created);
});

for (const [what, body, expected] of [
  ["users_rank_level+", { "users_rank_level+": 2 }, 9],
  ["users_rank_level-", { "users_rank_level-": 10 }, -1],
]) {
  step(`update, ${what}`, async () => {
    assert.equal((await users(world.root).update(world.zhao.id, body)).users_rank_level, expected);
  });
}

step("update, values are cast", async () => {
  const record = await users(world.root).update(world.zhao.id, {
    users_status: "1",
    users_rank_level: null,
    users_name: 5,
    users_level: true,
    users_promo_code: null,
  });
  assert.deepEqual([record.users_status, record.users_rank_level, record.users_name, record.users_level], [1, 0, "5", "true"]);
});

step("update, a modifier of a text, and dates", async () => {
  const { users_name, created } = await users(world.root).getOne(world.zhao.id);
  const record = await users(world.root).update(world.zhao.id, {
    "users_name+": "x",
    "users_nope-": 1,
    created: "2020-01-01 00:00:00.000Z",
    updated: "2020-01-01 00:00:00.000Z",
  });
  assert.deepEqual([record.users_name, record.created], [users_name, created]);
  assert.ok(record.updated > created);
});

step("update, a wrong choice", async () => {
  await refused(users(world.root).update(world.zhao.id, { users_idtype: "Nope" }), ...UPDATE, { users_idtype: "validation_invalid_value" });
});

step("update, a phone that is taken", async () => {
  await refused(users(world.root).update(world.zhao.id, { users_phone: PEOPLE.zhang.users_phone }), ...UPDATE, {
    users_phone: "validation_not_unique",
  });
});

step("update, a name that is too long", async () => {
  await refused(users(world.root).update(world.zhao.id, { users_name: "名".repeat(65) }), ...UPDATE, {
    users_name: "validation_max_text_constraint",
  });
});

step("update, another id", async () => {
  await refused(users(world.root).update(world.zhao.id, { id: "zzzzzzzzzzzzzzz" }), ...UPDATE, { id: "validation_pk_change" });
});

step("update, an unknown user", async () => {
  await refused(users(world.root).update("xxxxxxxxxxxxxxx", { users_name: "x" }), ...NOT_FOUND);
});

step("update of the e-mail by a superuser", async () => {
  const record = await users(world.root).update(world.chen.id, { email: "chen.xiao@example.com", emailVisibility: true });
  assert.deepEqual([record.email, record.emailVisibility], ["chen.xiao@example.com", true]);
});

step("the new e-mail logs in", async () => {
  const { record } = await users(client()).authWithPassword("chen.xiao@example.com", PASSWORD);
  assert.equal(record.id, world.chen.id);
});

step("update as oneself", async () => {
  const pb = world.zhangClient;
  const record = await users(pb).update(world.zhang.id, { users_name: "张伟明", users_level: "S" });
  assert.deepEqual([record.users_name, pb.authStore.record.users_name], ["张伟明", "张伟明"]);
  world.zhang = record;
});

for (const body of [
  { openid: "other" },
  { users_status: 9 },
  { users_rank_level: 9 },
  { users_auth_type: 9 },
  { users_idtype: "WeChat" },
  { users_id: "U1" },
  { users_convers_id: "x" },
  { "users_rank_level+": 1 },
]) {
  step(`update as oneself, not one's own to change: ${Object.keys(body)}`, async () => {
    await refused(users(world.zhangClient).update(world.zhang.id, body), ...NOT_FOUND);
  });
}

step("update as oneself, the same values are no change", async () => {
  const { openid, users_status, users_rank_level, users_idtype } = world.zhang;
  const record = await users(world.zhangClient).update(world.zhang.id, {
    openid,
    users_status,
    users_rank_level,
    users_idtype,
    users_level: "A",
  });
  assert.equal(record.users_level, "A");
});

step("update as oneself, e-mail and verified", async () => {
  await refused(users(world.zhangClient).update(world.zhang.id, { email: "x@example.com", verified: true }), ...UPDATE, {
    email: "validation_values_mismatch",
    verified: "validation_values_mismatch",
  });
});

step("update as oneself, emailVisibility", async () => {
  assert.equal((await users(world.zhangClient).update(world.zhang.id, { emailVisibility: true })).emailVisibility, true);
});

step("update as another user", async () => {
  await refused(users(world.zhangClient).update(world.wang.id, { users_name: "x" }), ...NOT_FOUND);
});

step("update as nobody", async () => {
  await refused(users(client()).update(world.zhang.id, { users_name: "x" }), ...NOT_FOUND);
});

step("delete as oneself", async () => {
  await refused(users(world.zhangClient).delete(world.zhang.id), ...ONLY_SUPERUSERS);
});

step("delete as a superuser", async () => {
  assert.equal(await users(world.root).delete(world.zhou.id), true);
});

step("delete again", async () => {
  await refused(users(world.root).delete(world.zhou.id), ...NOT_FOUND);
});

step("a deleted user does not log in", async () => {
  await refused(users(client()).authWithPassword("user7@example.com", PASSWORD), 400, "Failed to authenticate.");
});
