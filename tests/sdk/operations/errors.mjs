// What the SDK hides: unknown routes, wrong methods, CORS, and passwords that end tokens.
import { assert, client, companies, json, raw, refused, step, users, world } from "./harness.mjs";
import { NEW_PASSWORD, PASSWORD } from "./people.mjs";

const RECORDS = "/api/collections/tbl_auth_users/records";

for (const [method, path] of [
  ["GET", "/api/nope"],
  ["POST", "/api/health"],
  ["GET", "/api/collections/tbl_auth_users/nope"],
  ["GET", "/api/collections/tbl_auth_users/auth-with-password"],
  ["PUT", `${RECORDS}/xxxxxxxxxxxxxxx`],
  ["POST", `${RECORDS}/xxxxxxxxxxxxxxx`],
  ["DELETE", RECORDS],
  ["PATCH", RECORDS],
  ["GET", "/api/collections/nope/records"],
  ["POST", "/api/collections/nope/records"],
  ["PATCH", "/api/collections/nope/records/xxxxxxxxxxxxxxx"],
  ["DELETE", "/api/collections/nope/records/xxxxxxxxxxxxxxx"],
  ["GET", "/api/collections/nope/auth-methods"],
  ["POST", "/api/collections/nope/auth-with-password"],
  ["POST", "/api/collections/nope/auth-refresh"],
  ["POST", "/api/collections/tbl_company/auth-with-password"],
  ["GET", "/api/collections/tbl_company/auth-methods"],
  ["POST", "/api/collections/tbl_company/auth-refresh"],
  ["GET", `${RECORDS}/`],
  ["GET", `${RECORDS}/a/b`],
]) {
  step(`${method} ${path}`, async () => {
    await raw(method, path, { token: world.root.authStore.token });
  });
}

for (const [method, path] of [
  ["GET", RECORDS],
  ["POST", RECORDS],
  ["GET", `${RECORDS}/xxxxxxxxxxxxxxx`],
]) {
  step(`CORS: ${method} ${path}`, async () => {
    const answer = await raw(method, path, { headers: { Origin: "https://app.example.com" } });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  });
}

step("CORS: preflight", async () => {
  const answer = await raw("OPTIONS", RECORDS, {
    headers: {
      Origin: "https://app.example.com",
      "Access-Control-Request-Method": "PATCH",
      "Access-Control-Request-Headers": "authorization,content-type",
    },
  });
  assert.equal(answer.status, 204);
});

step("HEAD of a list", async () => {
  await raw("HEAD", RECORDS);
});

for (const path of [
  "auth-with-password",
  "request-password-reset",
  "request-verification",
  "confirm-password-reset",
  "confirm-verification",
  "confirm-email-change",
  "request-otp",
  "auth-with-otp",
  "auth-with-oauth2",
]) {
  step(`${path} with an empty body`, async () => {
    const answer = await json("POST", `/api/collections/tbl_auth_users/${path}`, "");
    assert.ok(answer.status >= 400);
  });
}

const change = (oldPassword, password, passwordConfirm = password) => ({ oldPassword, password, passwordConfirm });
const update = (body) => users(world.zhangClient).update(world.zhang.id, body);
const wrong = (field, code) => [400, "Failed to update record.", { [field]: code }];

step("a new password without the old one", () =>
  refused(update({ password: NEW_PASSWORD, passwordConfirm: NEW_PASSWORD }), ...wrong("oldPassword", "validation_required")).then(() => {}),
);
step("a new password with a wrong old one", () =>
  refused(update(change("wrong canary", NEW_PASSWORD)), ...wrong("oldPassword", "validation_invalid_old_password")).then(() => {}),
);
step("a new password that is too short", () =>
  refused(update(change(PASSWORD, "canary")), ...wrong("password", "validation_min_text_constraint")).then(() => {}),
);
step("a new password that is not confirmed", () =>
  refused(update(change(PASSWORD, NEW_PASSWORD, PASSWORD)), ...wrong("passwordConfirm", "validation_values_mismatch")).then(() => {}),
);

step("a new password", async () => {
  const record = await update(change(PASSWORD, NEW_PASSWORD));
  assert.equal(record.id, world.zhang.id);
});

step("the old token has ended", async () => {
  await refused(users(world.zhangClient).authRefresh(), 401, "The request requires valid record authorization token.");
});

step("the old token is nobody", async () => {
  assert.deepEqual((await users(world.zhangClient).getList()).items, []);
});

step("the old password has ended", async () => {
  await refused(users(client()).authWithPassword("user1@example.com", PASSWORD), 400, "Failed to authenticate.");
});

step("the new password logs in", async () => {
  await users(world.zhangClient).authWithPassword("user1@example.com", NEW_PASSWORD);
});

step("a superuser sets a password, without the old one", async () => {
  await users(world.root).update(world.li.id, { password: NEW_PASSWORD, passwordConfirm: NEW_PASSWORD });
});

step("a password that a superuser set ends tokens, also impersonated ones", async () => {
  await refused(users(world.impersonated).authRefresh(), 401, "The request requires valid record authorization token.");
});

step("a changed e-mail ends tokens", async () => {
  await users(world.root).update(world.wang.id, { email: "wang.fang@example.com" });
  await refused(users(world.wangClient).authRefresh(), 401, "The request requires valid record authorization token.");
});

step("a deleted user's token is nobody's", async () => {
  await users(world.root).delete(world.zhang.id);
  await refused(users(world.zhangClient).authRefresh(), 401, "The request requires valid record authorization token.");
});

step("everything goes", async () => {
  for (const [records, sort] of [
    [users(world.root), "users_id"],
    [companies(world.root), "company_id"],
  ]) {
    for (const { id } of await records.getFullList({ sort })) await records.delete(id);
    assert.equal((await records.getList(1, 1)).totalItems, 0);
  }
});
