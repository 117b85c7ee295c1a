// What the collections look like.
import { assert, client, raw, refused, step, world, NOT_FOUND } from "./harness.mjs";

const ONLY_FOR = [403, "The authorized record is not allowed to perform this action."];

step("collections: getFullList, those that are no system's", async () => {
  const names = (await world.root.collections.getFullList({ filter: "system = false", sort: "name" })).map(({ name }) => name);
  assert.deepEqual(names, ["tbl_auth_users", "tbl_company"]);
});

step("collections: getList with filter, sort and fields", async () => {
  const { items } = await world.root.collections.getList(1, 10, { filter: "name ~ 'tbl_'", sort: "-name", fields: "id,name,type" });
  assert.deepEqual(
    items.map(({ name }) => name),
    ["tbl_company", "tbl_auth_users"],
  );
});

step("collections: getList, the system's, too", async () => {
  const { items } = await world.root.collections.getList(1, 30, { fields: "name,type,system" });
  assert.ok(items.length >= 3);
});

for (const name of ["tbl_auth_users", "tbl_company", "_superusers", "pbc_421601843"]) {
  step(`collections: getOne ${name}`, async () => {
    const collection = await world.root.collections.getOne(name);
    assert.ok([collection.id, collection.name].includes(name));
  });
}

step("collections: getOne, fields", async () => {
  const { viewRule, fields } = await world.root.collections.getOne("tbl_company", { fields: "viewRule,fields.name" });
  assert.equal(viewRule, "@request.auth.id != ''");
  assert.deepEqual(
    fields.map(({ name }) => name),
    ["id", "company_id", "company_name", "company_type", "company_status", "created", "updated"],
  );
});

step("collections: getOne, unknown", async () => {
  await refused(world.root.collections.getOne("nope"), ...NOT_FOUND);
});

step("collections: getList as a user", async () => {
  await refused(world.zhangClient.collections.getList(), ...ONLY_FOR);
});

step("collections: getOne as a user", async () => {
  await refused(world.zhangClient.collections.getOne("tbl_company"), ...ONLY_FOR);
});

step("collections: getList as nobody", async () => {
  await refused(client().collections.getList(), 401, "The request requires valid record authorization token.");
});

step("collections: a bad filter", async () => {
  await refused(world.root.collections.getList(1, 1, { filter: "nope = 1" }), 400, "Something went wrong while processing your request.");
});

step("collections: GET with a slash at the end", async () => {
  await raw("GET", "/api/collections/", { token: world.root.authStore.token });
});
