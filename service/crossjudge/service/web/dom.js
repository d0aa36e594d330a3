// Elements, and nothing else. Whatever a model or a caller wrote enters the page as a text node: there is no markup here.

const SVG = "http://www.w3.org/2000/svg";

function dress(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined));
  return made;
}

export function h(tag, attributes, ...children) {
  return dress(document.createElement(tag), attributes, children.map(asNode));
}

export function svg(tag, attributes, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children.map(asNode));
}

function asNode(child) {
  if (Array.isArray(child)) return child.map(asNode);
  return typeof child === "number" ? String(child) : child;
}

// What would not be seen, or would move other letters about, is shown by its name: controls, directions, half letters.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/u;
const NAMES = { 0: "NUL", 7: "BEL", 8: "BS", 13: "CR", 27: "ESC", 127: "DEL" };

export function plainText(text) {
  const parts = [];
  let from = 0;
  const seen = new RegExp(UNSEEN, "gu");
  for (const found of text.matchAll(seen)) {
    const code = found[0].codePointAt(0);
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push(h("span", { class: "unseen" }, NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`));
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

const MOST_LETTERS = 60000;

// Text of any length, as it is. What is very long is cut until somebody wants all of it.
export function source(text, label) {
  const pre = h("pre", { class: "source", tabindex: 0, "aria-label": label, dir: "ltr" }, h("code", null, plainText(text.slice(0, MOST_LETTERS))));
  if (text.length <= MOST_LETTERS) return pre;
  const more = h("button", { type: "button", onclick: () => { pre.firstChild.replaceChildren(...plainText(text)); more.remove(); } },
    `show all ${count(text.length)} characters`);
  return h("div", null, pre, more);
}

export const count = (number) => Math.round(number).toLocaleString("en");

export function amount(number) {
  if (number >= 1e6) return `${(number / 1e6).toFixed(number >= 1e7 ? 0 : 1)}M`;
  if (number >= 1e4) return `${(number / 1e3).toFixed(number >= 1e5 ? 0 : 1)}k`;
  return number >= 100 || Number.isInteger(number) ? count(number) : number.toFixed(number >= 10 ? 1 : 2);
}

export function percent(part, whole) {
  if (!whole) return "–";
  const value = (100 * part) / whole;
  return value > 0 && value < 1 ? "<1 %" : value < 100 && value > 99 ? ">99 %" : `${Math.round(value)} %`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

export const ago = (at) => {
  const seconds = (Date.now() - new Date(at)) / 1000;
  return seconds < 1.5 ? "now" : seconds < 120 ? `${Math.round(seconds)} s ago` : `${duration(seconds)} ago`;
};

export const clock = (at) => new Date(at).toLocaleTimeString("en-GB");

export function moment(at) {
  return h("time", { datetime: at, title: new Date(at).toLocaleString() }, ago(at));
}

// Whether somebody is about to click something or to copy it: then nothing is put in its place.
let isPressed = false;
addEventListener("pointerdown", () => { isPressed = true; }, true);
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => { isPressed = false; }, true);
export const isBusy = () => isPressed || !(getSelection()?.isCollapsed ?? true);

// Puts new children in the place of the old, and the focus and the scrolling back where they were.
export function renew(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("data-key") : null;
  const scrolled = [...place.querySelectorAll("[data-scroll]")].map((each) => [each.dataset.scroll, each.scrollLeft, each.scrollTop]);
  place.replaceChildren(...children.flat(Infinity).filter((each) => each !== null && each !== undefined));
  for (const [key, left, top] of scrolled) {
    const same = place.querySelector(`[data-scroll="${CSS.escape(key)}"]`);
    if (same) { same.scrollLeft = left; same.scrollTop = top; }
  }
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
