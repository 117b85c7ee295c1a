// Events of changes, as they come to those who may see them.
import {
  assert,
  base,
  client,
  companies,
  json,
  mask,
  raw,
  refused,
  sleep,
  sorted,
  step,
  superusers,
  until,
  users,
  world,
} from "./harness.mjs";
import { PEOPLE } from "./people.mjs";

const heard = {};
const clients = {};
const person = {
  ...PEOPLE.chen,
  email: "user31@example.com",
  openid: "5f0d6c1e-0000-4000-8000-000000000031",
  users_id: "U0000000131",
  users_name: "实时",
  users_phone: "13700000031",
};

async function listen(name, pb, collection, topic, options) {
  clients[name] = pb;
  heard[name] = [];
  // As with requests: what `fields` picked comes in another order each time.
  const shown = options?.fields ? sorted : (event) => event;
  await pb.collection(collection).subscribe(topic, (event) => heard[name].push(shown(event)), options);
  mask(pb.realtime.clientId, `client ${name}`);
}

const copy = (pb) => {
  const other = client();
  other.authStore.save(pb.authStore.token, pb.authStore.record);
  return other;
};

/** What everybody has heard since the last time; who should hear nothing gets the time to. */
async function events(expected) {
  await until(
    () => Object.entries(expected).every(([name, count]) => heard[name].length >= count),
    `events ${JSON.stringify(expected)}, had ${JSON.stringify(heard)}`,
  );
  await sleep(100);
  const all = Object.fromEntries(Object.keys(heard).map((name) => [name, heard[name].splice(0)]));
  const counts = Object.fromEntries(
    Object.entries(all)
      .map(([name, list]) => [name, list.length])
      .filter(([, count]) => count > 0),
  );
  assert.deepEqual(counts, expected);
  return all;
}

step("realtime: the bytes of a connection", async () => {
  const stop = new AbortController();
  const reader = (await fetch(`${base}/api/realtime`, { signal: stop.signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (events) => {
    while (text.split("\n\n").length <= events) text += (await reader.read()).value;
  };
  await read(1);
  const { clientId } = JSON.parse(/data: ?(.*)/.exec(text)[1]);
  mask(clientId, "client of the bytes");
  await json("POST", "/api/realtime", { clientId, subscriptions: ["tbl_auth_users/*"] }, { token: world.root.authStore.token });
  await users(world.root).update(world.chen.id, { users_level: "b" });
  await read(2);
  stop.abort();
  return text;
});

step("realtime: a superuser subscribes to all users", () => listen("root", copy(world.root), "tbl_auth_users", "*"));
step("realtime: the owner subscribes to all users", () => listen("zhangAll", copy(world.zhangClient), "tbl_auth_users", "*"));
step("realtime: the owner subscribes to its record", () => listen("zhang", copy(world.zhangClient), "tbl_auth_users", world.zhang.id));
step("realtime: another user subscribes to all users", () => listen("wang", copy(world.wangClient), "tbl_auth_users", "*"));
step("realtime: another user subscribes to the owner's record", () =>
  listen("wangOne", copy(world.wangClient), "tbl_auth_users", world.zhang.id),
);
step("realtime: nobody subscribes to all users", () => listen("nobody", client(), "tbl_auth_users", "*"));
step("realtime: a superuser subscribes with fields", () =>
  listen("rootFields", copy(world.root), "tbl_auth_users", "*", { fields: "users_name,id" }),
);
step("realtime: a superuser subscribes with a filter", () =>
  listen("rootFilter", copy(world.root), "tbl_auth_users", "*", { filter: "users_level = 'Z'" }),
);
step("realtime: a superuser subscribes to all companies", () => listen("rootCompanies", copy(world.root), "tbl_company", "*"));
step("realtime: a user subscribes to all companies", () => listen("wangCompanies", copy(world.wangClient), "tbl_company", "*"));
step("realtime: a user subscribes to one company", () => listen("wangCompany", copy(world.wangClient), "tbl_company", world.huawei.id));
step("realtime: nobody subscribes to one company", () => listen("nobodyCompany", client(), "tbl_company", world.huawei.id));

step("realtime: a superuser subscribes to superusers", () => listen("rootSuperusers", copy(world.root), "_superusers", "*"));
step("realtime: a user subscribes to superusers", () => listen("wangSuperusers", copy(world.wangClient), "_superusers", "*"));

step("realtime: superusers come and go", async () => {
  const { id } = await superusers(world.root).create({
    email: "live@example.com",
    password: "canary live",
    passwordConfirm: "canary live",
  });
  await superusers(world.root).delete(id);
  return events({ rootSuperusers: 2 });
});

step("realtime: a superuser subscribes by the collection's id", async () => {
  await listen("rootById", copy(world.root), "pbc_421601843", "*");
  await users(world.root).update(world.chen.id, { users_level: "a" });
  const heard = await events({ root: 1, rootById: 1, rootFields: 1 });
  await clients.rootById.realtime.unsubscribe();
  return heard;
});

step("realtime: create", async () => {
  world.live = await users(world.root).create(person);
  return events({ root: 1, rootFields: 1 });
});

step("realtime: update of the owner", async () => {
  await users(world.root).update(world.zhang.id, { users_rank_level: 6 });
  return events({ root: 1, rootFields: 1, zhang: 1, zhangAll: 1 });
});

step("realtime: update by the owner, so that a filter holds", async () => {
  await users(world.zhangClient).update(world.zhang.id, { users_level: "Z" });
  return events({ root: 1, rootFields: 1, rootFilter: 1, zhang: 1, zhangAll: 1 });
});

step("realtime: an update that changes nothing", async () => {
  await users(world.zhangClient).update(world.zhang.id, { users_level: "Z" });
  return events({ root: 1, rootFields: 1, rootFilter: 1, zhang: 1, zhangAll: 1 });
});

step("realtime: a refused update is no event", async () => {
  await refused(users(world.root).update(world.zhang.id, { users_idtype: "Nope" }), 400, "Failed to update record.", {
    users_idtype: "validation_invalid_value",
  });
  return events({});
});

step("realtime: a batch", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_auth_users").update(world.live.id, { users_name: "实时 2" });
  work.collection("tbl_company").update(world.huawei.id, { company_status: 2 });
  await work.send();
  return events({ root: 1, rootFields: 1, rootCompanies: 1, wangCompany: 1 });
});

step("realtime: a failed batch is no event", async () => {
  const work = world.root.createBatch();
  work.collection("tbl_auth_users").update(world.live.id, { users_name: "实时 3" });
  work.collection("tbl_company").update(world.huawei.id, { company_id: "" });
  await refused(work.send(), 400, "Batch transaction failed.", { requests: undefined });
  return events({});
});

step("realtime: delete", async () => {
  await users(world.root).delete(world.live.id);
  return events({ root: 1, rootFields: 1 });
});

step("realtime: unsubscribed from one of two", async () => {
  await clients.root.collection("tbl_company").subscribe(world.huawei.id, (event) => heard.root.push(event));
  await clients.root.collection("tbl_auth_users").unsubscribe("*");
  await users(world.root).update(world.zhang.id, { users_level: "A" });
  await companies(world.root).update(world.huawei.id, { company_status: 1 });
  return events({ root: 1, rootFields: 1, rootCompanies: 1, wangCompany: 1, zhang: 1, zhangAll: 1 });
});

step("realtime: a user who goes hears it", async () => {
  const user = await users(world.root).create({
    ...person,
    openid: "5f0d6c1e-0000-4000-8000-000000000032",
    email: "user32@example.com",
    users_phone: "",
  });
  const pb = client();
  await users(pb).authWithPassword("user32@example.com", person.password);
  await listen("gone", pb, "tbl_auth_users", user.id);
  for (const name of Object.keys(heard)) heard[name] = [];
  await users(world.root).delete(user.id);
  return events({ rootFields: 1, gone: 1 });
});

step("realtime: a new password of a connected user", async () => {
  const { zhao } = world;
  await users(world.root).update(zhao.id, { password: "canary zhao 1", passwordConfirm: "canary zhao 1" });
  const pb = client();
  await users(pb).authWithPassword(PEOPLE.zhao.email, "canary zhao 1");
  await listen("zhao", pb, "tbl_auth_users", zhao.id);
  await users(world.root).update(zhao.id, { password: "canary zhao 2", passwordConfirm: "canary zhao 2" });
  await users(world.root).update(zhao.id, { users_level: "C" });
  return events({ rootFields: 3 });
});

step("realtime: unknown topics are taken", async () => {
  await clients.rootFilter.collection("nope").subscribe("*", () => {});
  await clients.rootFilter.realtime.subscribe("anything", () => {});
});

step("realtime: unsubscribe from everything", async () => {
  for (const name of ["zhang", "zhangAll", "wang"]) await clients[name].realtime.unsubscribe();
  assert.equal(clients.zhang.realtime.isConnected, false);
  await users(world.zhangClient).update(world.zhang.id, { users_level: "B" });
  return events({ rootFields: 1 });
});

step("realtime: somebody else's client", async () => {
  const { clientId } = clients.wangOne.realtime;
  const answer = await json(
    "POST",
    "/api/realtime",
    { clientId, subscriptions: ["tbl_auth_users/*"] },
    { token: world.zhangClient.authStore.token },
  );
  assert.equal(answer.status, 403);
});

step("realtime: a user's client as nobody", async () => {
  const answer = await json("POST", "/api/realtime", { clientId: clients.wangOne.realtime.clientId, subscriptions: [] });
  assert.equal(answer.status, 403);
});

step("realtime: nobody's client becomes a user's", async () => {
  const { clientId } = clients.nobody.realtime;
  const answer = await json(
    "POST",
    "/api/realtime",
    { clientId, subscriptions: ["tbl_auth_users/*"] },
    { token: world.wangClient.authStore.token },
  );
  assert.equal(answer.status, 204);
  await users(world.wangClient).update(world.wang.id, { users_level: "B6" });
  return events({ rootFields: 1, nobody: 1 });
});

for (const [what, body] of [
  ["no client", {}],
  ["an unknown client", { clientId: "x".repeat(40), subscriptions: ["tbl_auth_users/*"] }],
  ["a client that is too long", { clientId: "x".repeat(256), subscriptions: [] }],
  ["not JSON", "{"],
  ["subscriptions that are no list", { clientId: "x", subscriptions: 1 }],
]) {
  step(`realtime: POST with ${what}`, async () => {
    const answer = await json("POST", "/api/realtime", body);
    assert.ok(answer.status >= 400);
  });
}

step("realtime: a subscription that is too long", async () => {
  const { clientId } = clients.wangOne.realtime;
  const answer = await json(
    "POST",
    "/api/realtime",
    { clientId, subscriptions: ["x".repeat(2501)] },
    { token: world.wangClient.authStore.token },
  );
  assert.equal(answer.status, 400);
});

step("realtime: too many subscriptions", async () => {
  const { clientId } = clients.wangOne.realtime;
  const answer = await json(
    "POST",
    "/api/realtime",
    { clientId, subscriptions: Array.from({ length: 1001 }, (_, i) => `t${i}`) },
    { token: world.wangClient.authStore.token },
  );
  assert.equal(answer.status, 400);
});

step("realtime: PATCH", async () => {
  assert.equal((await raw("PATCH", "/api/realtime")).status, 404);
});

step("realtime: everybody leaves", async () => {
  for (const pb of Object.values(clients)) await pb.realtime.unsubscribe();
});
