// Small charts as SVG: bars over time, and a bar that is divided by verdict. Colours and patterns come from style.css.

import { amount, clock, count, h, percent, svg } from "./dom.js";
import { LETTERS, MARKS, NAMES } from "./verdicts.js";

const HEIGHT = 150, LEFT = 44, BOTTOM = 20, TOP = 8, PATTERN = 8;

// Charts are scaled to the room that they get; on a phone they are drawn for less, so that what stands in them is read.
const width = () => (matchMedia("(max-width: 44rem)").matches ? 350 : 620);

function patterns() {
  return svg("defs", null, LETTERS.map((letter) => svg("pattern",
    { id: `fill-${letter}`, width: PATTERN, height: PATTERN, patternUnits: "userSpaceOnUse" },
    svg("rect", { width: PATTERN, height: PATTERN, class: `fill ${letter}` }),
    MARKS[letter].map(([x1, y1, x2, y2]) => svg("line", {
      x1: x1 * PATTERN, y1: y1 * PATTERN, x2: x2 * PATTERN, y2: y2 * PATTERN, class: `mark ${letter}` })))));
}

// The patterns of the page, once: every chart refers to them.
export function sharedPatterns() {
  return svg("svg", { class: "hidden-defs", width: 0, height: 0, "aria-hidden": "true", focusable: "false" }, patterns());
}

export function badge(letter) {
  return h("span", { class: `badge ${letter}`, title: NAMES[letter] ?? letter }, letter);
}

export function legend(letters) {
  return h("ul", { class: "legend", "aria-label": "Verdicts" }, letters.map((letter) => h("li", null, swatch(letter), NAMES[letter])));
}

export function swatch(letter) {
  return svg("svg", { class: "swatch", viewBox: "0 0 24 16", width: 24, height: 16, "aria-hidden": "true" },
    svg("rect", { x: 0.5, y: 0.5, width: 23, height: 15, rx: 3, fill: `url(#fill-${letter})`, class: "edge" }),
    svg("text", { x: 12, y: 12, class: `letter ${letter}`, "text-anchor": "middle" }, letter));
}

export function mixText(verdicts) {
  const total = LETTERS.reduce((sum, letter) => sum + (verdicts[letter] ?? 0), 0);
  if (!total) return "no cells";
  return LETTERS.filter((letter) => verdicts[letter]).map((letter) => `${letter} ${percent(verdicts[letter], total)}`).join("  ");
}

// One line, divided by verdict.
export function mixBar(verdicts, label) {
  const total = LETTERS.reduce((sum, letter) => sum + (verdicts?.[letter] ?? 0), 0);
  if (!total) return h("span", { class: "soft" }, "–");
  let x = 0;
  const pieces = LETTERS.filter((letter) => verdicts[letter]).map((letter) => {
    const width = (100 * verdicts[letter]) / total;
    const piece = svg("rect", { x: `${x}%`, y: 0, width: `${width}%`, height: 14, fill: `url(#fill-${letter})` });
    x += width;
    return piece;
  });
  const said = `${label}: ${mixText(verdicts)}`;
  return h("span", { class: "mixbar", title: mixText(verdicts) },
    svg("svg", { role: "img", "aria-label": said, height: 14, class: "mix" }, pieces));
}

function niceTop(most) {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((each) => each * power).find((each) => each >= most);
}

// A chart of stacked bars over time. `layers` says of each bucket what it is made of, bottom first: {value, fill}.
function timeChart({ title, buckets, layers, top, say, tick, key, cursor, onCursor, below }) {
  const WIDTH = width();
  const inner = WIDTH - LEFT - 6, tall = HEIGHT - TOP - BOTTOM, step = inner / buckets.length;
  const stacks = buckets.map(layers);
  const most = top ?? niceTop(Math.max(0, ...stacks.map((stack) => stack.reduce((sum, each) => sum + each.value, 0))));
  const y = (value) => TOP + tall * (1 - value / most);
  const bars = stacks.map((stack, index) => {
    let base = 0;
    const x = LEFT + index * step, wide = Math.max(1, step - Math.min(2, step / 4));
    return svg("g", { class: index === stacks.length - 1 ? "filling" : null }, stack.filter((each) => each.value > 0).map((each) => {
      const piece = svg("rect", { x, width: wide, y: y(base + each.value), height: Math.max(0.6, y(base) - y(base + each.value)), fill: each.fill, class: each.class });
      base += each.value;
      return piece;
    }));
  });
  const lines = [0, 0.5, 1].map((part) => [
    svg("line", { x1: LEFT, x2: WIDTH - 6, y1: y(part * most), y2: y(part * most), class: part ? "grid" : "axis" }),
    svg("text", { x: LEFT - 6, y: y(part * most) + 4, "text-anchor": "end", class: "tick" }, tick(part * most)),
  ]);
  const times = [0, Math.floor(buckets.length / 2), buckets.length - 1].map((index, place) => svg("text", {
    x: LEFT + (index + (place === 2 ? 1 : 0)) * step, y: HEIGHT - 5, class: "tick", "text-anchor": ["start", "middle", "end"][place] },
    clock(buckets[index].at).slice(0, 5)));
  const line = svg("rect", { class: "cursor", y: TOP, height: tall, width: step, visibility: "hidden" });
  const readout = h("p", { class: "readout", "aria-live": "polite" });
  let chosen = null;
  const show = (index) => {
    chosen = index === null ? null : Math.max(0, Math.min(buckets.length - 1, index));
    line.setAttribute("visibility", chosen === null ? "hidden" : "visible");
    if (chosen !== null) line.setAttribute("x", LEFT + chosen * step);
    const bucket = chosen === null ? buckets[Math.max(0, buckets.length - 2)] : buckets[chosen];
    readout.replaceChildren(h("b", null, clock(bucket.at)), "  ", say(bucket));
  };
  const choose = (index) => { show(index); onCursor?.(chosen); };
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", tabindex: 0, "data-key": key,
    "aria-label": `${title}. Left and right arrow keys read the values.`,
    onpointermove: (event) => {
      const box = chart.getBoundingClientRect();
      const index = Math.floor(((event.clientX - box.left) / box.width * WIDTH - LEFT) / step);
      choose(index >= 0 && index < buckets.length ? index : null);
    },
    onpointerleave: () => choose(null),
    onkeydown: (event) => {
      const at = chosen ?? buckets.length - 1;
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buckets.length - 1, Escape: null }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(to);
    },
  }, lines, bars, times, line);
  show(cursor ?? null);
  return h("figure", { class: "panel" }, h("figcaption", null, title), chart, readout, below);
}

export function throughputChart(buckets, step, key, cursor, onCursor) {
  const rate = (cells) => cells / step;
  return timeChart({
    title: "Throughput, cells per second", buckets, key, cursor, onCursor,
    layers: (b) => [
      { value: rate(Math.min(b.cells, b.executed)), class: "runbar" },
      { value: rate(Math.max(0, b.cells - b.executed)), class: "cachedbar" },
    ],
    tick: amount, below: h("ul", { class: "legend" }, h("li", null, h("i", { class: "key run" }), "run"), h("li", null, h("i", { class: "key known" }), "known already")),
    say: (b) => `${amount(rate(b.cells))} cells/s: ${amount(rate(Math.min(b.cells, b.executed)))} run, ${amount(rate(Math.max(0, b.cells - b.executed)))} known already`,
  });
}

export function verdictChart(buckets, key, cursor, onCursor, below) {
  return timeChart({
    title: "Verdicts, share of cells", buckets, top: 1, key, cursor, onCursor, below,
    layers: (b) => (b.cells ? LETTERS.map((letter) => ({ value: (b.verdicts[letter] ?? 0) / b.cells, fill: `url(#fill-${letter})` })) : []),
    tick: (value) => `${Math.round(100 * value)} %`,
    say: (b) => `${count(b.cells)} cells  ${b.cells ? mixText(b.verdicts) : ""}`,
  });
}
