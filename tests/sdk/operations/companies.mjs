// Companies, which superusers keep and users look up.
import { assert, client, companies, refused, step, world, NOT_FOUND, ONLY_SUPERUSERS } from "./harness.mjs";
import { COMPANIES } from "./people.mjs";

const CREATE = [400, "Failed to create record."];

for (const [name, body] of Object.entries(COMPANIES)) {
  step(`a company: ${name}`, async () => {
    world[name] = await companies(world.root).create(body);
    assert.equal(world[name].company_name, body.company_name);
  });
}

step("companies: create without its key", async () => {
  await refused(companies(world.root).create({ company_name: "无名" }), ...CREATE, { company_id: "validation_required" });
});

step("companies: create, its key is taken", async () => {
  await refused(companies(world.root).create(COMPANIES.huawei), ...CREATE, { company_id: "validation_not_unique" });
});

step("companies: create as a user", async () => {
  await refused(companies(world.zhangClient).create({ company_id: "C9" }), ...ONLY_SUPERUSERS);
});

step("companies: getOne as a user", async () => {
  assert.deepEqual(await companies(world.zhangClient).getOne(world.huawei.id), world.huawei);
});

step("companies: getOne as nobody", async () => {
  await refused(companies(client()).getOne(world.huawei.id), ...NOT_FOUND);
});

step("companies: getList as a user", async () => {
  await refused(companies(world.zhangClient).getList(), ...ONLY_SUPERUSERS);
});

step("companies: getList as a superuser", async () => {
  const { items, totalItems } = await companies(world.root).getList(1, 10, { sort: "company_id" });
  assert.deepEqual([items.map(({ company_id }) => company_id), totalItems], [["C0000000001", "C0000000002"], 2]);
});

step("companies: filter and sort", async () => {
  const { items } = await companies(world.root).getList(1, 1, {
    filter: "company_status >= 0 && company_name ~ '公司'",
    sort: "-company_name",
  });
  assert.deepEqual(
    items.map(({ id }) => id),
    [world.huawei.id],
  );
});

step("companies: getFirstListItem by the key", async () => {
  const found = await companies(world.root).getFirstListItem(world.root.filter("company_id = {:id}", { id: "C0000000002" }));
  assert.equal(found.id, world.bakery.id);
});

step("companies: update", async () => {
  world.bakery = await companies(world.root).update(world.bakery.id, { company_name: "上海老面包坊(静安店)", "company_status+": 3 });
  assert.equal(world.bakery.company_status, 3);
});

step("companies: update as a user", async () => {
  await refused(companies(world.zhangClient).update(world.bakery.id, { company_name: "x" }), ...ONLY_SUPERUSERS);
});

step("companies: delete as a user", async () => {
  await refused(companies(world.zhangClient).delete(world.bakery.id), ...ONLY_SUPERUSERS);
});

step("companies: delete", async () => {
  const { id } = await companies(world.root).create({ company_id: "C0000000003" });
  assert.equal(await companies(world.root).delete(id), true);
});

step("companies: delete again", async () => {
  await refused(companies(world.root).delete("xxxxxxxxxxxxxxx"), ...NOT_FOUND);
});
