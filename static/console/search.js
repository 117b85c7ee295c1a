// What is typed into a search box, as a filter in PocketBase's language.

/** A text as the language quotes it. */
export function quoted(value) {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** A text in which `%` is no placeholder. */
function literal(value) {
  return value.replaceAll("%", "\\%");
}

/** A phone as it is stored, however it was written: `+86 138-0013-8000`. */
function asPhone(value) {
  const isNumber = /^[+\d][\d\s().-]*$/.test(value);
  return isNumber ? value.replace(/[\s().-]/g, "").replace(/^(\+86|0086)(?=1)/, "") : value;
}

/** Records in which one of the fields contains what was typed. */
export function contains(typed, fields) {
  const wanted = typed.trim();
  if (wanted === "") return "";
  const comparisons = fields.map((field) => {
    const part = field === "users_phone" ? asPhone(wanted) : wanted;
    return `${field} ~ ${quoted(literal(part))}`;
  });
  return `(${comparisons.join(" || ")})`;
}

/** Records that satisfy every condition; empty ones are none. */
export function all(conditions) {
  return conditions.filter((condition) => condition !== "").join(" && ");
}
