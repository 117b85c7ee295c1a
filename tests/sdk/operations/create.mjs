// Users made by a superuser.
import { assert, client, refused, step, users, world, ONLY_SUPERUSERS } from "./harness.mjs";
import { PASSWORD, PEOPLE } from "./people.mjs";

const CREATE = [400, "Failed to create record."];
// Like 张伟, but nothing that has to be unique is.
const OTHER = {
  ...PEOPLE.zhang,
  email: "user8@example.com",
  openid: "5f0d6c1e-0000-4000-8000-000000000008",
  users_phone: "13700000008",
  users_id: "U0000000108",
};

for (const [name, body] of Object.entries(PEOPLE)) {
  step(`a user: ${name}`, async () => {
    world[name] = await users(world.root).create(body);
    assert.equal(world[name].users_name, body.users_name);
    assert.equal(world[name].email, body.email);
    assert.ok(!("password" in world[name]) && !("tokenKey" in world[name]));
  });
}

step("the users of the next steps log in", async () => {
  for (const name of ["zhang", "wang", "li"]) {
    world[`${name}Client`] = client();
    await users(world[`${name}Client`]).authWithPassword(PEOPLE[name].email, PASSWORD);
  }
});

step("a user with an id, verified", async () => {
  const id = "a1b2c3d4e5f6g7h";
  const body = { ...PEOPLE.chen, id, email: "user6@example.com", openid: "5f0d6c1e-0000-4000-8000-000000000006", users_id: "U0000000106" };
  world.sun = await users(world.root).create({
    ...body,
    verified: true,
    emailVisibility: true,
    users_name: "孙丽",
    users_phone: "13700000006",
  });
  assert.deepEqual([world.sun.id, world.sun.verified, world.sun.emailVisibility], [id, true, true]);
});

step("create, fields", async () => {
  const body = { ...PEOPLE.chen, email: "user7@example.com", openid: "5f0d6c1e-0000-4000-8000-000000000007", users_id: "U0000000107" };
  const record = await users(world.root).create(
    { ...body, users_name: "周杰", users_phone: "13700000007" },
    { fields: "id,users_name,collectionId" },
  );
  world.zhou = record;
  assert.deepEqual(Object.keys(record).sort(), ["collectionId", "id", "users_name"]);
});

step("create, nothing given", async () => {
  await refused(users(world.root).create({}), ...CREATE, {
    password: "validation_required",
    passwordConfirm: "validation_required",
  });
});

step("create, values that are wrong", async () => {
  const body = {
    ...PEOPLE.zhang,
    email: "nobody",
    users_idtype: "Nope",
    users_type: "Nope",
    users_name: "名".repeat(65),
    password: "short",
    passwordConfirm: "short",
    openid: "",
  };
  await refused(users(world.root).create(body), ...CREATE, {
    email: "validation_is_email",
    openid: "validation_required",
    password: "validation_min_text_constraint",
    users_idtype: "validation_invalid_value",
    users_name: "validation_max_text_constraint",
    users_type: "validation_invalid_value",
  });
});

step("create, only the confirmation differs", async () => {
  await refused(users(world.root).create({ ...PEOPLE.zhang, passwordConfirm: "another canary" }), ...CREATE, {
    passwordConfirm: "validation_values_mismatch",
  });
});

step("create, no confirmation", async () => {
  const { passwordConfirm, ...body } = PEOPLE.zhang;
  await refused(users(world.root).create(body), ...CREATE, { passwordConfirm: "validation_required" });
});

for (const field of ["email", "openid", "users_phone"]) {
  step(`create, ${field} is taken`, async () => {
    await refused(users(world.root).create({ ...OTHER, [field]: PEOPLE.zhang[field] }), ...CREATE, { [field]: "validation_not_unique" });
  });
}

step("create, everything is taken", async () => {
  await refused(users(world.root).create({ ...PEOPLE.zhang, id: world.zhang.id }), ...CREATE, { email: "validation_not_unique" });
});

step("create, openid and id are taken", async () => {
  const body = { ...PEOPLE.zhang, id: world.zhang.id, email: "user8@example.com", users_phone: "13700000008" };
  await refused(users(world.root).create(body), ...CREATE, { openid: "validation_not_unique" });
});

step("create, openid and phone are taken", async () => {
  await refused(users(world.root).create({ ...PEOPLE.zhang, email: "user8@example.com" }), ...CREATE, {
    users_phone: "validation_not_unique",
  });
});

step("create, openid is taken and a choice is wrong", async () => {
  await refused(users(world.root).create({ ...PEOPLE.zhang, users_type: "Nope" }), ...CREATE, { users_type: "validation_invalid_value" });
});

step("create, an id with capitals", async () => {
  await refused(users(world.root).create({ ...OTHER, id: "ABCDEFGHIJ12345" }), ...CREATE, { id: "validation_invalid_format" });
});

step("create, an e-mail that is taken, but for capitals", async () => {
  const { id, email } = await users(world.root).create({ ...OTHER, email: "User1@Example.com" });
  assert.equal(email, "User1@Example.com");
  for (const identity of ["User1@Example.com", "user1@example.com", "USER1@EXAMPLE.COM"]) {
    await users(client())
      .authWithPassword(identity, PASSWORD)
      .catch((error) => error);
  }
  await users(world.root).delete(id);
});

step("authWithPassword, an e-mail in capitals", async () => {
  await users(client())
    .authWithPassword("USER1@EXAMPLE.COM", PASSWORD)
    .catch((error) => error);
});

step("create, an id that is taken", async () => {
  await refused(users(world.root).create({ ...OTHER, id: world.sun.id }), ...CREATE, { id: "validation_not_unique" });
});

step("create, an id that is none", async () => {
  await refused(users(world.root).create({ ...OTHER, id: "Too-Short" }), ...CREATE, { id: "validation_min_text_constraint" });
});

step("create as a user", async () => {
  await refused(users(world.zhangClient).create(PEOPLE.zhang), ...ONLY_SUPERUSERS);
});

step("create as nobody", async () => {
  await refused(users(client()).create(PEOPLE.zhang), ...ONLY_SUPERUSERS);
});
