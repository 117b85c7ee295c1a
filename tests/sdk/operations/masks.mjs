// Names for what every run has otherwise: the same value has the same name, so relations between values stay to be seen.
export class Masks {
  #names = new Map();
  #ids = 0;

  add(value, name) {
    if (!this.#names.has(value)) this.#names.set(value, `<${name}>`);
  }

  /** A copy of `value` with names for ids of records, tokens and dates. */
  apply(value) {
    this.#learn(value);
    return this.#masked(value);
  }

  // Records, and only they, name their collection.
  #learn(value) {
    if (value === null || typeof value !== "object") return;
    if (!Array.isArray(value) && "collectionId" in value && !this.#names.has(value.id) && /^[a-z0-9]{15}$/.test(value.id)) {
      this.#names.set(value.id, `<id ${++this.#ids}>`);
    }
    Object.values(value).forEach((inner) => this.#learn(inner));
  }

  #masked(value, key) {
    if (typeof value === "string") return key === "token" && value.includes(".") ? "<token>" : this.#text(value);
    if (Array.isArray(value)) return value.map((inner) => this.#masked(inner));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [this.#text(name), this.#masked(inner, name)]));
  }

  #text(text) {
    for (const [value, name] of this.#names) text = text.replaceAll(value, name);
    return text.replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z/g, "<date>");
  }
}
