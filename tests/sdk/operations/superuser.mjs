// The health check, and logging in as a superuser.
import { assert, client, email, password, refused, step, superusers, users, world } from "./harness.mjs";

const FAILED = [400, "Failed to authenticate."];

step("health.check", async () => {
  const health = await client().health.check();
  assert.deepEqual(health, { message: "API is healthy.", code: 200, data: {} });
});

step("superusers: listAuthMethods", async () => {
  const { password } = await superusers(client()).listAuthMethods();
  assert.deepEqual(password, { identityFields: ["email"], enabled: true });
});

step("superusers: authWithPassword, wrong password", async () => {
  await refused(superusers(client()).authWithPassword(email, "wrong canary"), ...FAILED);
});

step("superusers: authWithPassword", async () => {
  world.root = client();
  const { record, token } = await superusers(world.root).authWithPassword(email, password);
  assert.equal(record.email, email);
  assert.equal(record.collectionName, "_superusers");
  const { authStore } = world.root;
  assert.equal(authStore.token, token);
  assert.ok(authStore.isValid && authStore.isSuperuser);
  world.rootRecord = record;
});

step("superusers: authRefresh", async () => {
  const { record } = await superusers(world.root).authRefresh();
  assert.equal(record.id, world.rootRecord.id);
  assert.ok(world.root.authStore.isSuperuser);
});

step("superusers: authRefresh of the users' collection", async () => {
  await refused(users(world.root).authRefresh(), 403, "The request requires auth record from _superusers collection.");
});
