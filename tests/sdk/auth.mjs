// What a user does with the official PocketBase SDK, against a running bai: node auth.mjs BASE
import assert from "node:assert/strict";
import PocketBase, { BaseAuthStore, ClientResponseError } from "pocketbase";

const base = process.argv[2];
const phone = `139${String(Date.now()).slice(-8)}`;
const [password, newPassword] = ["correct horse", "battery staple"];
const users = (pb) => pb.collection("tbl_auth_users");
const client = () => new PocketBase(base, new BaseAuthStore()).autoCancellation(false);

// The error of a call that has to fail.
async function failure(call) {
  const error = await call.then(() => assert.fail("no error"), (error) => error);
  assert.ok(error instanceof ClientResponseError, error);
  return error;
}

async function refused(call, status, message, codes = {}) {
  const error = await failure(call);
  assert.equal(error.status, status);
  assert.equal(error.message, message);
  const found = Object.entries(error.response.data).map(([field, { code }]) => [field, code]);
  assert.deepEqual(Object.fromEntries(found), codes);
}

const steps = [];
const step = (name, run) => steps.push([name, run]);
const pb = client();
let registered;

step("a registration through the contract's endpoint", async () => {
  const body = { users_name: "张三", users_phone: phone, password, passwordConfirm: password, users_picture: "https://example.com/a.png" };
  registered = (await pb.send("/api/platform/register", { method: "POST", body })).record;
});

step("health.check", async () => assert.equal((await pb.health.check()).code, 200));

step("listAuthMethods", async () => {
  const { password, oauth2, mfa, otp } = await users(pb).listAuthMethods();
  assert.deepEqual(password, { identityFields: ["email", "openid", "users_phone"], enabled: true });
  assert.deepEqual([oauth2.enabled, mfa.enabled, otp.enabled], [false, false, false]);
});

step("an anonymous client sees nothing", async () => {
  const list = await users(pb).getList();
  assert.deepEqual({ ...list }, { items: [], page: 1, perPage: 30, totalItems: 0, totalPages: 0 });
  await refused(users(pb).getOne(registered.id), 404, "The requested resource wasn't found.");
  await refused(users(pb).authRefresh(), 401, "The request requires valid record authorization token.");
  await refused(users(pb).update(registered.id, { users_name: "x" }), 404, "The requested resource wasn't found.");
});

step("authWithPassword by phone, openid and email", async () => {
  for (const field of ["users_phone", "openid", "email"]) {
    const other = client();
    const auth = await users(other).authWithPassword(registered[field], password);
    assert.equal(auth.record.id, registered.id);
    assert.equal(other.authStore.record.openid, registered.openid);
  }
  await refused(users(client()).authWithPassword(phone, "wrong password"), 400, "Failed to authenticate.");
  await refused(users(client()).authWithPassword("", ""), 400, "An error occurred while validating the submitted data.", {
    identity: "validation_required", password: "validation_required",
  });
});

step("the auth store understands the token", async () => {
  await users(pb).authWithPassword(phone, password);
  assert.ok(pb.authStore.isValid);
  assert.ok(!pb.authStore.isSuperuser);
  const expires = new Date(/Expires=([^;]+)/.exec(pb.authStore.exportToCookie())[1]);
  assert.ok(Math.abs(expires - Date.now() - 5 * 86_400_000) < 60_000, expires);
});

step("authRefresh", async () => {
  const { record, token } = await users(pb).authRefresh();
  assert.equal(record.id, registered.id);
  assert.equal(pb.authStore.token, token);
});

step("reading one's own record", async () => {
  assert.deepEqual(await users(pb).getOne(registered.id), registered);
  assert.deepEqual(await users(pb).getOne(registered.id, { fields: "id,openid" }), { id: registered.id, openid: registered.openid });
  const { items, totalItems } = await users(pb).getList(1, 10, { sort: "-created" });
  assert.deepEqual([items[0].id, items.length, totalItems], [registered.id, 1, 1]);
  assert.deepEqual((await users(pb).getFullList()).map(({ id }) => id), [registered.id]);
  const own = pb.filter("users_phone = {:phone} && created <= @now", { phone });
  assert.equal((await users(pb).getFirstListItem(own)).id, registered.id);
  await refused(users(pb).getFirstListItem(`id != "${registered.id}"`), 404, "The requested resource wasn't found.");
  await refused(users(pb).getList(1, 1, { filter: "nope = 1" }), 400, "Something went wrong while processing your request.");
  await refused(users(pb).getOne("xxxxxxxxxxxxxxx"), 404, "The requested resource wasn't found.");
  assert.equal((await pb.collection("pbc_421601843").getOne(registered.id)).id, registered.id);
});

step("changing one's own record", async () => {
  const updated = await users(pb).update(registered.id, { users_name: "李四" });
  assert.equal(updated.users_name, "李四");
  assert.equal(pb.authStore.record.users_name, "李四");
  await refused(users(pb).update(registered.id, { users_type: "Nope" }), 400, "Failed to update record.", {
    users_type: "validation_invalid_value",
  });
  await refused(users(pb).update(registered.id, { openid: "o_other" }), 404, "The requested resource wasn't found.");
});

step("what only superusers may do", async () => {
  await refused(users(pb).create({ openid: "o_new" }), 403, "Only superusers can perform this action.");
  await refused(users(pb).delete(registered.id), 403, "Only superusers can perform this action.");
});

step("mail", async () => {
  assert.equal(await users(pb).requestPasswordReset("nobody@example.com"), true);
  assert.equal(await users(pb).requestVerification(registered.email), true);
  await refused(users(pb).requestEmailChange("a@example.com"), 400, "Failed to request email change.");
});

step("an unknown collection", async () => {
  await refused(pb.collection("nope").getList(), 404, "Missing collection context.");
});

step("changing the password ends all tokens", async () => {
  const change = (oldPassword) => ({ password: newPassword, passwordConfirm: newPassword, oldPassword });
  await refused(users(pb).update(registered.id, change("wrong password")), 400, "Failed to update record.", {
    oldPassword: "validation_invalid_old_password",
  });
  await users(pb).update(registered.id, change(password));
  await refused(users(pb).authRefresh(), 401, "The request requires valid record authorization token.");
  await refused(users(pb).authWithPassword(phone, password), 400, "Failed to authenticate.");
  assert.equal((await users(pb).authWithPassword(phone, newPassword)).record.id, registered.id);
});

for (const [name, run] of steps) {
  await run().catch((error) => {
    console.error(`failed: ${name}`, error.originalError ?? error);
    process.exit(1);
  });
  console.log(`ok: ${name}`);
}
