// Bodies that are forms, and bodies that are neither form nor JSON.
import { assert, json, raw, step, users, world } from "./harness.mjs";
import { PASSWORD } from "./people.mjs";

const RECORDS = "/api/collections/tbl_auth_users/records";
const root = () => world.root.authStore.token;

function form(entries) {
  const data = new FormData();
  entries.forEach(([name, value]) => data.append(name, value));
  return data;
}

step("create with FormData", async () => {
  const record = await users(world.root).create(
    form([
      ["email", "user9@example.com"],
      ["password", PASSWORD],
      ["passwordConfirm", PASSWORD],
      ["openid", "5f0d6c1e-0000-4000-8000-000000000009"],
      ["users_id", "U0000000109"],
      ["users_convers_id", "7a1e2b3c-0000-4000-8000-000000000009"],
      ["users_idtype", "ManagePlatform"],
      ["users_type", "注册用户"],
      ["users_status", "1"],
      ["users_name", "吴刚"],
      ["users_phone", "13700000009"],
      ["users_picture", "https://cdn.example.com/9.png"],
      ["users_rank_level", "12"],
      ["verified", "true"],
    ]),
  );
  assert.deepEqual([record.users_name, record.users_rank_level, record.users_status, record.verified], ["吴刚", 12, 1, true]);
  world.wu = record;
});

step("update with FormData", async () => {
  const record = await users(world.root).update(
    world.wu.id,
    form([
      ["users_name", "吴刚 2"],
      ["users_level", "007"],
      ["users_rank_level", "x"],
      ["verified", "false"],
    ]),
  );
  assert.deepEqual([record.users_name, record.users_level, record.users_rank_level, record.verified], ["吴刚 2", "007", 0, false]);
});

step("update with FormData, a field twice, a modifier, an unknown field and a file", async () => {
  const record = await users(world.root).update(
    world.wu.id,
    form([
      ["users_level", "one"],
      ["users_level", "two"],
      ["users_rank_level+", "4"],
      ["nope", "1"],
      ["file", new Blob(["text"])],
    ]),
  );
  assert.equal(record.users_rank_level, 4);
});

step("update with FormData, texts that look like numbers, booleans and null", async () => {
  await users(world.root).update(
    world.wu.id,
    form([
      ["users_name", "12.50"],
      ["users_level", "true"],
      ["users_promo_code", "null"],
      ["usergroups_id", "[1,2]"],
      ["users_parent_id", '{"a":1}'],
    ]),
  );
});

step("update with FormData and @jsonPayload", async () => {
  const record = await users(world.root).update(
    world.wu.id,
    form([
      ["@jsonPayload", JSON.stringify({ users_name: "吴刚", users_rank_level: 2 })],
      ["users_level", "C"],
    ]),
  );
  assert.deepEqual([record.users_name, record.users_rank_level, record.users_level], ["吴刚", 2, "C"]);
});

step("update with FormData, @jsonPayload is not JSON", async () => {
  const answer = await raw("PATCH", `${RECORDS}/${world.wu.id}`, { token: root(), body: form([["@jsonPayload", "{"]]) });
  assert.equal(answer.status, 400);
});

step("update with FormData, nothing in it", async () => {
  await raw("PATCH", `${RECORDS}/${world.wu.id}`, { token: root(), body: form([]) });
});

step("update with FormData as oneself", async () => {
  const record = await users(world.wangClient).update(
    world.wang.id,
    form([
      ["users_level", "B2"],
      ["openid", world.wang.openid],
    ]),
  );
  assert.equal(record.users_level, "B2");
});

step("update with FormData as oneself, not one's own to change", async () => {
  const answer = await raw("PATCH", `${RECORDS}/${world.wang.id}`, {
    token: world.wangClient.authStore.token,
    body: form([["users_status", "0"]]),
  });
  assert.equal(answer.status, 404);
});

step("update with a urlencoded body", async () => {
  const answer = await raw("PATCH", `${RECORDS}/${world.wu.id}`, {
    token: root(),
    body: new URLSearchParams({ users_name: "吴 刚", users_rank_level: "3" }),
  });
  assert.deepEqual((({ users_name, users_rank_level }) => [users_name, users_rank_level])(await answer.json()), ["吴 刚", 3]);
});

step("login with FormData", async () => {
  const answer = await raw("POST", "/api/collections/tbl_auth_users/auth-with-password", {
    body: form([
      ["identity", "13700000009"],
      ["password", PASSWORD],
    ]),
  });
  assert.equal(answer.status, 200);
});

step("login with a urlencoded body", async () => {
  const answer = await raw("POST", "/api/collections/tbl_auth_users/auth-with-password", {
    body: new URLSearchParams({ identity: "13700000009", password: PASSWORD }),
  });
  assert.equal(answer.status, 200);
});

for (const type of ["text/plain", "application/xml", "application/json; charset=utf-8", "application/problem+json"]) {
  step(`login with ${type}`, async () => {
    await raw("POST", "/api/collections/tbl_auth_users/auth-with-password", {
      body: JSON.stringify({ identity: "13700000009", password: PASSWORD }),
      headers: { "Content-Type": type },
    });
  });
  step(`update with ${type}`, async () => {
    await raw("PATCH", `${RECORDS}/${world.wu.id}`, { token: root(), body: '{"users_name":"吴刚"}', headers: { "Content-Type": type } });
  });
}

step("a multipart body without a boundary", async () => {
  await raw("PATCH", `${RECORDS}/${world.wu.id}`, { token: root(), body: "x", headers: { "Content-Type": "multipart/form-data" } });
});

step("the form's user goes", async () => {
  assert.equal(await users(world.root).delete(world.wu.id), true);
});

for (const body of [
  "{",
  "[]",
  "null",
  '"x"',
  "1",
  "",
  '{"users_name":"a","users_name":"b"}',
  '{"users_name":"a"}x',
  '{"users_name":"\\ud800"}',
]) {
  step(`update with the body ${body}`, async () => {
    await json("PATCH", `${RECORDS}/${world.sun.id}?fields=users_name`, body, { token: root() });
  });
}
