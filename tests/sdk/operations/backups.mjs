// Backups, but for their restoration, after which PocketBase starts anew.
import { assert, base, client, mask, raw, refused, step, world, NOT_FOUND } from "./harness.mjs";

const ONLY_FOR = [403, "The authorized record is not allowed to perform this action."];
const NO_TOKEN = [401, "The request requires valid record authorization token."];
const INVALID = [400, "An error occurred while validating the submitted data."];
const NO_ACCESS = [403, "Insufficient permissions to access the resource."];

const keys = async () => (await world.root.backups.getFullList({ fields: "key" })).map(({ key }) => key);

step("backups: getFullList, none yet", async () => {
  assert.deepEqual(await keys(), []);
});

step("backups: create", async () => {
  assert.equal(await world.root.backups.create("first.zip"), true);
});

step("backups: create without a name", async () => {
  assert.equal(await world.root.backups.create(""), true);
  const [unnamed] = (await keys()).filter((key) => key !== "first.zip");
  assert.equal(await world.root.backups.delete(unnamed), true);
});

step("backups: getFullList", async () => {
  const [{ key, size, modified }, ...others] = await world.root.backups.getFullList();
  assert.deepEqual([key, others], ["first.zip", []]);
  assert.ok(size > 0 && Math.abs(new Date(modified) - Date.now()) < 60_000);
});

for (const [why, name, code] of [
  ["with capitals", "First.zip", "validation_match_invalid"],
  ["out of the folder", "../first.zip", "validation_match_invalid"],
  ["no ending", "first", "validation_match_invalid"],
  ["too long", `${"a".repeat(147)}.zip`, "validation_length_out_of_range"],
  ["taken", "first.zip", "validation_backup_name_exists"],
]) {
  step(`backups: create, the name is wrong: ${why}`, async () => {
    await refused(world.root.backups.create(name), ...INVALID, { name: code });
  });
}

step("backups: create, the name is a number", async () => {
  await refused(world.root.backups.create(5), 400, "An error occurred while loading the submitted data.");
});

step("backups: create as a user", async () => {
  await refused(world.zhangClient.backups.create("x.zip"), ...ONLY_FOR);
});

step("backups: getFullList as nobody", async () => {
  await refused(client().backups.getFullList(), ...NO_TOKEN);
});

step("backups: download", async () => {
  const token = await world.root.files.getToken();
  mask(encodeURIComponent(token), "file token");
  mask(token, "file token");
  const url = world.root.backups.getDownloadURL(token, "first.zip");
  const response = await raw("GET", url.slice(base.length));
  assert.deepEqual([response.status, response.headers.get("content-disposition")], [200, 'attachment; filename="first.zip"']);
  world.backup = await response.blob();
  const [{ size }] = await world.root.backups.getFullList();
  assert.equal(world.backup.size, size);
});

step("backups: download without a token for files", async () => {
  for (const token of ["", "nope", world.root.authStore.token]) {
    if (token === world.root.authStore.token) mask(encodeURIComponent(token), "token");
    await refused(world.root.send("/api/backups/first.zip", { query: { token } }), ...NO_ACCESS);
  }
});

step("backups: download with the token of a user", async () => {
  const token = await world.zhangClient.files.getToken();
  mask(encodeURIComponent(token), "file token");
  await refused(world.root.send("/api/backups/first.zip", { query: { token } }), ...NO_ACCESS);
});

step("backups: download of what is not there", async () => {
  const token = await world.root.files.getToken();
  mask(encodeURIComponent(token), "file token");
  await refused(world.root.send("/api/backups/nope.zip", { query: { token } }), ...NOT_FOUND);
});

step("files: getToken as nobody", async () => {
  await refused(client().files.getToken(), ...NO_TOKEN);
});

step("backups: upload", async () => {
  const file = new File([world.backup], "second.zip", { type: "application/zip" });
  assert.equal(await world.root.backups.upload({ file }), true);
  assert.ok((await keys()).includes("second.zip"));
});

step("backups: upload again", async () => {
  const file = new File([world.backup], "second.zip", { type: "application/zip" });
  await refused(world.root.backups.upload({ file }), ...INVALID, { file: "validation_backup_name_exists" });
});

step("backups: upload of something else", async () => {
  const file = new File(["nothing like it"], "third.zip", { type: "application/zip" });
  await refused(world.root.backups.upload({ file }), ...INVALID, { file: "validation_invalid_mime_type" });
});

step("backups: upload of nothing", async () => {
  await refused(world.root.backups.upload({}), ...INVALID, { file: "validation_required" });
});

step("backups: upload as a user", async () => {
  const file = new File([world.backup], "x.zip", { type: "application/zip" });
  await refused(world.zhangClient.backups.upload({ file }), ...ONLY_FOR);
});

step("backups: restore of what is not there", async () => {
  await refused(world.root.backups.restore("nope.zip"), 400, "Missing or invalid backup file.");
});

step("backups: restore as a user", async () => {
  await refused(world.zhangClient.backups.restore("first.zip"), ...ONLY_FOR);
});

step("backups: delete as a user", async () => {
  await refused(world.zhangClient.backups.delete("first.zip"), ...ONLY_FOR);
});

step("backups: delete", async () => {
  for (const key of await keys()) assert.equal(await world.root.backups.delete(key), true);
  assert.deepEqual(await keys(), []);
});

step("backups: delete of what is not there", async () => {
  const error = await world.root.backups.delete("nope.zip").catch((error) => error);
  assert.equal(error.status, 400);
});

for (const [method, path] of [
  ["PUT", "/api/backups/first.zip"],
  ["PATCH", "/api/backups"],
  ["GET", "/api/backups/first.zip/restore"],
  ["GET", "/api/files/token"],
  ["GET", "/api/backups/"],
]) {
  step(`backups: unknown: ${method} ${path}`, async () => {
    await raw(method, path, { token: world.root.authStore.token });
  });
}
