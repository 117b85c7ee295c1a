// The language of the page: `?lang=en|zh`, else the browser's.

const LANGUAGES = ["en", "zh"];

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (LANGUAGES.includes(asked)) return asked;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const language = chosen();
export const locale = { en: "en", zh: "zh-CN" }[language];

export const { text } = await import(`./texts/${language}.js`);

/** The same view in the other language. */
export function otherLanguage() {
  const other = LANGUAGES.find((it) => it !== language);
  const url = new URL(location.href);
  url.searchParams.set("lang", other);
  return { language: other, href: url.href };
}

export function number(value) {
  return value.toLocaleString(locale);
}

function inWords(value, style) {
  if (!value) return "";
  const at = new Date(value.replace(" ", "T"));
  if (Number.isNaN(at.getTime())) return value;
  return at.toLocaleString(locale, style);
}

/** A time of the server ("2026-11-22 05:50:36.858Z"), as the reader's clock has it. */
export function time(value) {
  return inWords(value, { dateStyle: "medium", timeStyle: "short" });
}

/** The same, to the second. */
export function moment(value) {
  return inWords(value, { dateStyle: "short", timeStyle: "medium" });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A number of bytes, in the unit that people read it in. */
export function bytes(count) {
  const power = Math.min(UNITS.length - 1, count > 0 ? Math.floor(Math.log10(count) / 3) : 0);
  return `${(count / 1000 ** power).toLocaleString(locale, { maximumFractionDigits: power > 2 ? 1 : 0 })} ${UNITS[power]}`;
}
