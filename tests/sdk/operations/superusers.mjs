// The collection of superusers.
import { assert, client, email, refused, step, superusers, world, NOT_FOUND, ONLY_SUPERUSERS } from "./harness.mjs";

const OTHER = { email: "second@example.com", password: "canary second", passwordConfirm: "canary second" };

step("superusers: getFullList", async () => {
  const [only, ...others] = await superusers(world.root).getFullList();
  assert.deepEqual([only.email, others], [email, []]);
});

step("superusers: getList as a user", async () => {
  await refused(superusers(world.zhangClient).getList(), ...ONLY_SUPERUSERS);
});

step("superusers: getOne as nobody", async () => {
  await refused(superusers(client()).getOne(world.rootRecord.id), ...ONLY_SUPERUSERS);
});

step("superusers: create as a user", async () => {
  await refused(superusers(world.zhangClient).create(OTHER), ...ONLY_SUPERUSERS);
});

step("superusers: create", async () => {
  world.second = await superusers(world.root).create(OTHER);
  assert.equal(world.second.email, OTHER.email);
});

step("superusers: create, the address is taken", async () => {
  await refused(superusers(world.root).create(OTHER), 400, "Failed to create record.", { email: "validation_not_unique" });
});

step("superusers: create, nothing given", async () => {
  await refused(superusers(world.root).create({}), 400, "Failed to create record.", {
    password: "validation_required",
    passwordConfirm: "validation_required",
  });
});

step("superusers: create without an address", async () => {
  await refused(
    superusers(world.root).create({ password: OTHER.password, passwordConfirm: OTHER.password }),
    400,
    "Failed to create record.",
    { email: "validation_required" },
  );
});

step("superusers: the new one logs in", async () => {
  world.secondClient = client();
  await superusers(world.secondClient).authWithPassword(OTHER.email, OTHER.password);
  assert.ok(world.secondClient.authStore.isSuperuser);
});

step("superusers: list with filter, sort and fields", async () => {
  const { items } = await superusers(world.root).getList(1, 10, { filter: "email ~ 'example'", sort: "-email", fields: "email,verified" });
  assert.deepEqual(
    items.map(({ email }) => email),
    [OTHER.email, email],
  );
});

step("superusers: update", async () => {
  const record = await superusers(world.root).update(world.second.id, { email: "third@example.com" });
  assert.equal(record.email, "third@example.com");
});

step("superusers: another's password", async () => {
  const change = { password: "canary third", passwordConfirm: "canary third" };
  await superusers(world.root).update(world.second.id, change);
  await superusers(client()).authWithPassword("third@example.com", "canary third");
});

step("superusers: the old token has ended", async () => {
  await refused(superusers(world.secondClient).authRefresh(), 401, "The request requires valid record authorization token.");
});

step("superusers: one's own password, without the old one", async () => {
  await superusers(world.secondClient).authWithPassword("third@example.com", "canary third");
  const change = { password: "canary fourth", passwordConfirm: "canary fourth" };
  await superusers(world.secondClient).update(world.second.id, change);
});

step("superusers: impersonate as a superuser", async () => {
  const pb = await superusers(world.root).impersonate(world.second.id, 60);
  assert.ok(pb.authStore.isSuperuser);
  assert.equal((await superusers(pb).getFullList({ sort: "email" })).length, 2);
});

step("superusers: impersonate as a user", async () => {
  await refused(
    superusers(world.zhangClient).impersonate(world.second.id, 60),
    403,
    "The authorized record is not allowed to perform this action.",
  );
});

step("superusers: delete", async () => {
  assert.equal(await superusers(world.root).delete(world.second.id), true);
});

step("superusers: delete of an unknown one", async () => {
  await refused(superusers(world.root).delete("xxxxxxxxxxxxxxx"), ...NOT_FOUND);
});

step("superusers: the last one stays", async () => {
  await refused(superusers(world.root).delete(world.rootRecord.id), 400, "You can't delete the only existing superuser.");
});

step("superusers: requestPasswordReset", async () => {
  assert.equal(await superusers(client()).requestPasswordReset("nobody@example.com"), true);
});
