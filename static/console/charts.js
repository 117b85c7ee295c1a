// Charts: SVG made from data, each with the same figures as a table for screen readers.

import { el } from "./dom.js";
import { number } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100;
/** Width of a column, and of its bar. */
const STEP = 10;
const BAR = 8;

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** A column: its bars on each other, and what is said when somebody points at it. */
function column(label, series, at, place, most, format) {
  const x = place * STEP;
  let top = HEIGHT;
  const bars = series.filter(({ values }) => values[at] > 0).map(({ color, values }) => {
    const height = (values[at] / most) * HEIGHT;
    top -= height;
    return svg("rect", { class: color, x: x + (STEP - BAR) / 2, y: top, width: BAR, height });
  });
  const words = series.map(({ name, values }) => `${name}: ${format(values[at])}`);
  const target = svg("rect", { class: "target", x, y: 0, width: STEP, height: HEIGHT });
  return svg("g", {}, svg("title", {}, [label, ...words].join("\n")), target, ...bars);
}

function legend(series, format) {
  const entry = ({ name, color, values }) => el("li", { class: color }, `${name}: `, el("b", {}, format(sum(values))));
  return el("ul", { class: "legend" }, series.map(entry));
}

function figures(caption, first, labels, series, format) {
  const head = el("tr", {}, [first, ...series.map(({ name }) => name)].map((name) => el("th", { scope: "col" }, name)));
  const row = (label, at) => el("tr", {}, el("th", { scope: "row" }, label), series.map(({ values }) => el("td", {}, format(values[at]))));
  return el("table", {}, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, labels.map(row)));
}

/**
 * Bars on each other, one column for each label. `series` are `{name, color, values}`, a colour being a class of the style sheet; `first` is
 * what the labels are. `hasSums` is whether adding up the values says something; `room` is for how many columns there is room at least.
 */
export function barChart({ caption, first, labels, series, format = number, hasSums = true, room = 0 }) {
  const totals = labels.map((_, at) => sum(series.map(({ values }) => values[at])));
  const most = Math.max(...totals);
  const free = Math.max(0, room - labels.length);
  const columns = labels.map((label, at) => column(label, series, at, free + at, most || 1, format));
  const picture = svg(
    "svg",
    { class: "bars", viewBox: `0 0 ${(free + labels.length) * STEP} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...columns,
  );
  return el(
    "figure",
    { class: "chart" },
    hasSums ? legend(series, format) : undefined,
    el("p", { class: "most", "aria-hidden": "true" }, format(most)),
    picture,
    el("p", { class: "ends", "aria-hidden": "true" }, el("span", {}, free > 0 ? "" : labels[0]), el("span", {}, labels.at(-1))),
    el("div", { class: "unseen" }, figures(caption, first, labels, series, format)),
  );
}
