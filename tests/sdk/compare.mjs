// Compares two transcripts, operation by operation: node compare.mjs A B
import { readFileSync } from "node:fs";

/** Where the second server may differ from the first, and why. */
const ALLOWED = [
  {
    name: /^collections: getList, the system's, too$/,
    path: "body",
    why: "bai has none of the collections that PocketBase keeps for OAuth2, OTP, MFA and mail",
  },
  {
    name: /expand/,
    path: "body.expand",
    why: "bai shows a user's company, to whose key company_id refers; to PocketBase it is a text",
  },
  {
    name: /^a filter for superusers, as a superuser: @/,
    path: "",
    why: "bai has no @collection and, of @request, only @request.auth",
  },
  {
    name: /^backups: create without a name/,
    path: "",
    why: "bai gives its backups other names",
  },
  {
    name: /^backups: (getFullList|download \(3\))$/,
    path: "body.0.size",
    why: "the databases differ, and so do their sizes",
  },
  {
    name: /^backups: download \(2\)$/,
    path: "headers",
    why: "a backup of bai is no zip, and no cache may keep it",
  },
  {
    name: /^backups: upload of something else$/,
    path: "body.data.file.message",
    why: "a backup of bai is a database, whatever it is called",
  },
  {
    name: /^backups: delete of what is not there$/,
    path: "body.message",
    why: "PocketBase shows paths of its machine",
  },
  {
    name: /^GET \/api\/nope$/,
    path: "body",
    why: "outside of PocketBase's paths errors have the contract's form",
  },
];

const read = (file) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const show = (value) => (value === undefined ? "nothing" : JSON.stringify(value)).slice(0, 300);
const isObject = (value) => value !== null && typeof value === "object";

/** The smallest parts that differ, with their paths. The order of keys counts. */
function* differences(a, b, path = "") {
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
    if (a !== b) yield { path, a, b };
    return;
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  let inner = false;
  for (const key of keys) {
    for (const difference of differences(a[key], b[key], path ? `${path}.${key}` : key)) {
      inner = true;
      yield difference;
    }
  }
  if (!inner && Object.keys(a).join() !== Object.keys(b).join()) yield { path: `${path} (order)`, a: Object.keys(a), b: Object.keys(b) };
}

const allowed = (name, path) => ALLOWED.find((rule) => rule.name.test(name) && (rule.path === "" || path === rule.path || path.startsWith(`${rule.path}.`)));

/** A step that failed on both sides is no success. */
const failed = (line) => line !== undefined && "failed" in line;

const [first, second] = process.argv.slice(2, 4).map((file) => {
  const lines = read(file);
  const byName = new Map(lines.map((line) => [line.name, line]));
  if (byName.size !== lines.length) throw new Error(`${file}: two operations of one name`);
  return byName;
});
const names = new Set([...first.keys(), ...second.keys()]);
const [equal, excused, different] = [new Set(), new Set(), new Set()];
for (const name of names) {
  const [a, b] = [first.get(name), second.get(name)];
  const found = failed(a) && failed(b) ? [{ path: "failed", a: a.failed, b: b.failed }] : [...differences(a, b)];
  const wrong = found.filter(({ path }) => !allowed(name, path));
  if (found.length > 0 && wrong.length === 0) console.log(`allowed: ${name}: ${allowed(name, found[0].path).why}`);
  (wrong.length > 0 ? different : found.length > 0 ? excused : equal).add(name);
  if (wrong.length > 0) console.log(`${name}: ${a?.request ?? ""}`);
  for (const { path, a, b } of wrong) console.log(`  ${path || "(all)"}\n    ${show(a)}\n    ${show(b)}`);
}
console.log(`${names.size} operations, ${equal.size} equal, ${excused.size} with allowed differences, ${different.size} different`);
process.exitCode = different.size === 0 ? 0 : 1;
