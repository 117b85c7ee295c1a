// What is typed into a search box, as filters in PocketBase's language.

/** A text as the language quotes it. */
export function quoted(value) {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A text in which `%` is no placeholder. */
function literal(value) {
  return value.replaceAll("%", "\\%");
}

/** A text in which nothing is a placeholder, where there is one behind it. */
function plain(value) {
  return value.replace(/[\\%_]/g, "\\$&");
}

/** A phone as it is stored, however it was written: `+86 138-0013-8000`. */
function asPhone(value) {
  const isNumber = /^[+\d][\d\s().-]*$/.test(value);
  return isNumber ? value.replace(/[\s().-]/g, "").replace(/^(\+86|0086)(?=1)/, "") : value;
}

/** What was typed, as the field would have it. */
function asValue(field, typed) {
  return field === "users_phone" ? asPhone(typed.trim()) : typed.trim();
}

/** Records in which one of the fields contains what was typed. */
export function contains(typed, fields) {
  if (typed.trim() === "") return "";
  const comparisons = fields.map((field) => `${field} ~ ${quoted(literal(asValue(field, typed)))}`);
  return `(${comparisons.join(" || ")})`;
}

/** What the begins of a field are like, if they are alike: whatever else was typed begins none. One letter of an address is the begin of too many. */
const SHAPES = { users_phone: /^\+?\d+$/, id: /^[a-z0-9]{1,15}$/, openid: /^\S+$/, email: /^\S{2,}$/ };

/** A filter for each field that may begin with what was typed. An index serves each by itself, and none serves them joined by `||`. */
export function begins(typed, fields) {
  if (typed.trim() === "") return [];
  const possible = fields.filter((field) => SHAPES[field]?.test(asValue(field, typed)) ?? true);
  return possible.map((field) => `${field} ~ ${quoted(`${plain(asValue(field, typed))}%`)}`);
}

/** Length from which a text that is all of a phone, id, openid or address means that one, and nothing that contains it. */
const WHOLE = 11;
const UNIQUE = ["users_phone", "id", "openid", "email"];

/** Whether what was typed is the whole of a text that no two records share. */
export function isNamed(record, typed) {
  if (typed.trim().length < WHOLE) return false;
  return UNIQUE.some((field) => record[field] && record[field].toLowerCase() === asValue(field, typed).toLowerCase());
}

/** Records that satisfy every condition; empty ones are none. */
export function all(conditions) {
  return conditions.filter((condition) => condition !== "").join(" && ");
}
