// Several changes in one transaction.
import { assert, client, companies, json, raw, refused, step, users, world } from "./harness.mjs";
import { PEOPLE } from "./people.mjs";

const BATCH = [400, "Batch transaction failed."];
const URL = "/api/collections/tbl_auth_users/records";
const person = (number, more = {}) => ({
  ...PEOPLE.chen,
  email: `user2${number}@example.com`,
  openid: `5f0d6c1e-0000-4000-8000-00000000002${number}`,
  users_id: `U000000012${number}`,
  users_name: `批量${number}`,
  users_phone: `1370000002${number}`,
  ...more,
});
const root = () => world.root.authStore.token;
const batch = (requests, options) => json("POST", "/api/batch", { requests }, { token: root(), ...options });

step("batch: two creates, an update and a delete", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_auth_users").create(person(1));
  work.collection("tbl_company").create({ company_id: "C0000000021", company_name: "批量公司" });
  work.collection("tbl_auth_users").update(world.sun.id, { "users_rank_level+": 5 });
  work.collection("tbl_company").delete(world.bakery.id);
  const results = await work.send();
  assert.deepEqual(
    results.map(({ status }) => status),
    [200, 200, 200, 204],
  );
  world.batchUser = results[0].body;
  world.batchCompany = results[1].body;
});

step("batch: what it made is there", async () => {
  assert.equal((await users(world.root).getOne(world.batchUser.id)).users_name, "批量1");
});

step("batch: upsert creates and updates", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_company").upsert({ id: "upsertcompany01", company_id: "C0000000022", company_name: "新" });
  work.collection("tbl_company").upsert({ id: world.batchCompany.id, company_name: "旧" });
  work.collection("tbl_company").upsert({ company_id: "C0000000023" });
  const results = await work.send();
  assert.deepEqual(
    results.map(({ body }) => body.company_name),
    ["新", "旧", ""],
  );
});

step("batch: fields of each request", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_auth_users").update(world.sun.id, { users_level: "b" }, { fields: "users_level" });
  assert.deepEqual((await work.send())[0].body, { users_level: "b" });
});

step("batch: one that fails undoes all", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_company").create({ company_id: "C0000000024" });
  work.collection("tbl_auth_users").create(person(2, { users_phone: PEOPLE.zhang.users_phone }));
  work.collection("tbl_company").create({ company_id: "C0000000025" });
  const error = await refused(work.send(), ...BATCH, { requests: undefined });
  assert.equal(error.response.data.requests["1"].code, "batch_request_failed");
});

step("batch: nothing of the failed one is there", async () => {
  const { totalItems } = await companies(world.root).getList(1, 1, { filter: "company_id = 'C0000000024'" });
  assert.equal(totalItems, 0);
});

step("batch: a later request sees an earlier one", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_company").create({ id: "batchcompany001", company_id: "C0000000026" });
  work.collection("tbl_company").update("batchcompany001", { company_name: "见" });
  work.collection("tbl_company").delete("batchcompany001");
  assert.deepEqual(
    (await work.send()).map(({ status }) => status),
    [200, 200, 204],
  );
});

step("batch: two of the same key", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_company").create({ company_id: "C0000000027" });
  work.collection("tbl_company").create({ company_id: "C0000000027" });
  await refused(work.send(), ...BATCH, { requests: undefined });
});

step("batch: as a user, one's own record", async () => {
  const work = world.wangClient.createBatch();
  work.collection("tbl_auth_users").update(world.wang.id, { users_level: "B3" });
  assert.equal((await work.send())[0].body.users_level, "B3");
});

step("batch: as a user, not one's own", async () => {
  const work = world.wangClient.createBatch();
  work.collection("tbl_auth_users").update(world.wang.id, { users_level: "B4" });
  work.collection("tbl_auth_users").update(world.zhang.id, { users_level: "B4" });
  await refused(work.send(), ...BATCH, { requests: undefined });
});

step("batch: as nobody", async () => {
  const work = client().createBatch();
  work.collection("tbl_auth_users").create(person(3));
  await refused(work.send(), ...BATCH, { requests: undefined });
});

step("batch: a token in a request's own headers is not looked at", async () => {
  const answer = await json("POST", "/api/batch", {
    requests: [
      {
        method: "PATCH",
        url: `${URL}/${world.wang.id}?fields=users_level`,
        body: { users_level: "B5" },
        headers: { Authorization: world.wangClient.authStore.token },
      },
    ],
  });
  assert.equal(answer.status, 400);
});

step("batch: as JSON", async () => {
  const answer = await batch([{ method: "PATCH", url: `${URL}/${world.sun.id}?fields=users_level`, body: { users_level: "c" } }]);
  assert.deepEqual(await answer.json(), [{ status: 200, body: { users_level: "c" } }]);
});

for (const [what, body] of [
  ["no requests", { requests: [] }],
  ["no body", {}],
  ["51 requests", { requests: Array.from({ length: 51 }, () => ({ method: "DELETE", url: `${URL}/xxxxxxxxxxxxxxx` })) }],
  ["a method that is not allowed", { requests: [{ method: "GET", url: `${URL}/xxxxxxxxxxxxxxx` }] }],
  ["a path that is not allowed", { requests: [{ method: "POST", url: "/api/collections/tbl_auth_users/auth-with-password", body: {} }] }],
  ["no method", { requests: [{ url: URL }] }],
  ["no url", { requests: [{ method: "POST" }] }],
  ["an unknown collection", { requests: [{ method: "POST", url: "/api/collections/nope/records", body: {} }] }],
  ["an unknown record", { requests: [{ method: "DELETE", url: `${URL}/xxxxxxxxxxxxxxx` }] }],
  ["requests that is no list", { requests: 1 }],
  ["a whole url", { requests: [{ method: "DELETE", url: `http://127.0.0.1:1${URL}/xxxxxxxxxxxxxxx` }] }],
]) {
  step(`batch: ${what}`, async () => {
    const answer = await json("POST", "/api/batch", body, { token: root() });
    assert.equal(answer.status, 400);
  });
}

step("batch: not JSON", async () => {
  assert.equal((await json("POST", "/api/batch", "{", { token: root() })).status, 400);
});

step("batch: GET", async () => {
  assert.equal((await raw("GET", "/api/batch", { token: root() })).status, 404);
});

step("batch: what the batches made goes", async () => {
  const work = world.root.createBatch();
  for (const { id } of await companies(world.root).getFullList({ filter: "company_id > 'C0000000020'", sort: "company_id" }))
    work.collection("tbl_company").delete(id);
  work.collection("tbl_auth_users").delete(world.batchUser.id);
  await work.send();
});
