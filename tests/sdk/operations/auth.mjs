// Logging in as a user.
import PocketBase from "pocketbase";
import { assert, base, client, json, raw, refused, step, superusers, users, world, NOT_FOUND } from "./harness.mjs";
import { PASSWORD, PEOPLE } from "./people.mjs";

const INVALID = [400, "An error occurred while validating the submitted data."];
const FAILED = [400, "Failed to authenticate."];

step("listAuthMethods", async () => {
  const { password, oauth2, mfa, otp } = await users(client()).listAuthMethods();
  assert.deepEqual(password, { identityFields: ["email", "openid", "users_phone"], enabled: true });
  assert.deepEqual([oauth2.enabled, mfa.enabled, otp.enabled], [false, false, false]);
});

step("auth-methods, without the SDK's fields", async () => {
  assert.equal((await raw("GET", "/api/collections/tbl_auth_users/auth-methods")).status, 200);
});

for (const field of ["users_phone", "openid", "email"]) {
  step(`authWithPassword by ${field}`, async () => {
    const pb = client();
    const { record } = await users(pb).authWithPassword(PEOPLE.zhang[field], PASSWORD);
    assert.equal(record.id, world.zhang.id);
    assert.equal(pb.authStore.record.users_name, "张伟");
  });
}

// The SDK has no parameter for the field: its user writes the request.
const byField = (identity, identityField) =>
  client().send("/api/collections/tbl_auth_users/auth-with-password", {
    method: "POST",
    body: { identity, password: PASSWORD, identityField },
  });

for (const field of ["users_phone", "openid", "email"]) {
  step(`authWithPassword, identityField ${field}`, async () => {
    assert.equal((await byField(PEOPLE.wang[field], field)).record.id, world.wang.id);
  });
}

step("authWithPassword, the wrong identityField", async () => {
  await refused(byField(PEOPLE.wang.openid, "email"), ...FAILED);
});

step("authWithPassword, an unknown identityField", async () => {
  await refused(byField(PEOPLE.wang.openid, "users_name"), ...INVALID, { identityField: "validation_in_invalid" });
});

step("authWithPassword, wrong password", async () => {
  await refused(users(client()).authWithPassword(PEOPLE.zhang.users_phone, "wrong canary"), ...FAILED);
});

step("authWithPassword, unknown identity", async () => {
  await refused(users(client()).authWithPassword("19900000000", PASSWORD), ...FAILED);
});

step("authWithPassword, nothing filled in", async () => {
  await refused(users(client()).authWithPassword("", ""), ...INVALID, {
    identity: "validation_required",
    password: "validation_required",
  });
});

step("authWithPassword, a body that is not JSON", async () => {
  const answer = await json("POST", "/api/collections/tbl_auth_users/auth-with-password", "{");
  assert.equal(answer.status, 400);
});

step("authWithPassword, fields and expand", async () => {
  const { record, token } = await users(client()).authWithPassword(PEOPLE.zhang.email, PASSWORD, {
    fields: "token,record.id,record.users_name",
    expand: "company_id",
  });
  assert.deepEqual(record, { id: world.zhang.id, users_name: "张伟" });
  assert.ok(token);
});

step("authRefresh", async () => {
  const pb = world.zhangClient;
  const { record, token } = await users(pb).authRefresh();
  assert.equal(record.id, world.zhang.id);
  assert.equal(pb.authStore.token, token);
  assert.ok(pb.authStore.isValid && !pb.authStore.isSuperuser);
});

step("the auth store's cookie", async () => {
  const cookie = world.zhangClient.authStore.exportToCookie();
  const expires = new Date(/Expires=([^;]+)/.exec(cookie)[1]);
  assert.ok(Math.abs(expires - Date.now() - 5 * 86_400_000) < 60_000, expires);
  const other = new PocketBase(base);
  other.authStore.loadFromCookie(cookie);
  assert.equal(other.authStore.record.id, world.zhang.id);
  assert.ok(other.authStore.isValid);
});

step("authRefresh without a token", async () => {
  await refused(users(client()).authRefresh(), 401, "The request requires valid record authorization token.");
});

step("authRefresh of the superusers' collection as a user", async () => {
  await refused(superusers(world.zhangClient).authRefresh(), 403, "The request requires auth record from tbl_auth_users collection.");
});

for (const [name, value] of [
  ["raw", (token) => token],
  ["Bearer", (token) => `Bearer ${token}`],
  ["bearer", (token) => `bearer ${token}`],
]) {
  step(`Authorization: ${name}`, async () => {
    const answer = await raw("POST", "/api/collections/tbl_auth_users/auth-refresh", { token: value(world.zhangClient.authStore.token) });
    assert.equal(answer.status, 200);
  });
}

for (const value of ["Basic dXNlcjpwYXNz", "Bearer", "nonsense", "a.b.c", "Token x y"]) {
  step(`Authorization: ${value} is no token`, async () => {
    const answer = await raw("POST", "/api/collections/tbl_auth_users/auth-refresh", { token: value });
    assert.equal(answer.status, 401);
  });
}

step("a token with a changed signature is no token", async () => {
  const { token } = world.zhangClient.authStore;
  const changed = token.slice(0, -5) + (token.at(-5) === "A" ? "B" : "A") + token.slice(-4);
  const answer = await raw("GET", "/api/collections/tbl_auth_users/records", { token: changed });
  assert.deepEqual((await answer.json()).items, []);
});

step("impersonate", async () => {
  const pb = await users(world.root).impersonate(world.li.id, 3600);
  assert.equal(pb.authStore.record.id, world.li.id);
  assert.ok(pb.authStore.isValid && !pb.authStore.isSuperuser);
  world.impersonated = pb;
});

step("impersonate: the client is the user", async () => {
  assert.deepEqual(
    (await users(world.impersonated).getFullList()).map(({ id }) => id),
    [world.li.id],
  );
});

step("impersonate: a refresh gives the same token", async () => {
  const { token } = world.impersonated.authStore;
  assert.equal((await users(world.impersonated).authRefresh()).token, token);
});

step("impersonate with the default duration, expand and fields", async () => {
  const pb = await users(world.root).impersonate(world.zhang.id, 0, { fields: "record.id,token" });
  assert.equal(pb.authStore.record.id, world.zhang.id);
  const { exp } = JSON.parse(atob(pb.authStore.token.split(".")[1]));
  assert.ok(Math.abs(exp - Date.now() / 1000 - 5 * 86_400) < 60);
});

step("impersonate, a negative duration", async () => {
  await refused(users(world.root).impersonate(world.zhang.id, -1), ...INVALID, { duration: "validation_min_greater_equal_than_required" });
});

step("impersonate, an unknown user", async () => {
  await refused(users(world.root).impersonate("xxxxxxxxxxxxxxx", 60), ...NOT_FOUND);
});

step("impersonate as a user", async () => {
  await refused(users(world.zhangClient).impersonate(world.li.id, 60), 403, "The authorized record is not allowed to perform this action.");
});

step("impersonate as nobody", async () => {
  await refused(users(client()).impersonate(world.li.id, 60), 401, "The request requires valid record authorization token.");
});

for (const path of ["requestPasswordReset", "requestVerification"]) {
  step(`${path}, an unknown address`, async () => assert.equal(await users(client())[path]("nobody@example.com"), true));
  step(`${path}, no address`, async () => {
    await refused(users(client())[path]("nobody"), ...INVALID, { email: "validation_is_email" });
  });
}

step("requestEmailChange, no address", async () => {
  await refused(users(world.zhangClient).requestEmailChange("x"), ...INVALID, { newEmail: "validation_is_email" });
});

step("confirm-password-reset, a bad token", async () => {
  await refused(users(client()).confirmPasswordReset("x", PASSWORD, PASSWORD), ...INVALID, { token: "validation_invalid_token" });
});

step("confirm-verification, a bad token", async () => {
  await refused(users(client()).confirmVerification("x"), ...INVALID, { token: "validation_invalid_token_claims" });
});

step("confirm-email-change, a bad token", async () => {
  await refused(users(client()).confirmEmailChange("x", PASSWORD), ...INVALID, {
    password: "validation_invalid_password",
    token: "validation_invalid_token_payload",
  });
});

step("requestOTP, which is off", async () => {
  await refused(users(client()).requestOTP("user1@example.com"), 403, "The collection is not configured to allow OTP authentication.");
});

step("authWithOAuth2Code, which is off", async () => {
  await refused(
    users(client()).authWithOAuth2Code("google", "code", "verifier", "https://example.com"),
    403,
    "The collection is not configured to allow OAuth2 authentication.",
  );
});
