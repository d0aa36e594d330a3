// One cell, with all that is known of it. Most of this was written by a model: it is text, whatever it looks like.

import { read } from "./api.js";
import { badge } from "./charts.js";
import { h, plainText, source } from "./dom.js";
import { NAMES } from "./verdicts.js";

export function cellPath({ batch, problem, row, column }) {
  return `/v1/batches/${encodeURIComponent(batch)}/problems/${problem}/cells/${row}/${column}`;
}

export const readCell = (at) => read(cellPath(at));

function block(title, text, open = true) {
  if (text === null || text === undefined || text === "") return null;
  return h("details", { open }, h("summary", null, title), source(text, title));
}

function testBlocks(test) {
  if (!test) return [h("p", { class: "soft" }, "The test is not kept: it was too large.")];
  if (test.code !== undefined) return [block(`Test (${test.kind})`, test.code)];
  if (test.kind === "stdio") return [block("Input", test.stdin), block(`Expected output, compared by ${test.compare}`, test.stdout)];
  return [block("Arguments", test.args), test.kwargs === "{}" ? null : block("Keyword arguments", test.kwargs),
    block(test.tolerance ? `Expected, within ${test.tolerance}` : "Expected", test.expected)];
}

const milliseconds = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(value < 10 ? 2 : 0)} ms`);

function facts(cell) {
  const rows = [];
  const add = (name, value) => { if (value !== null && value !== undefined && value !== "") rows.push(h("div", null, h("dt", null, name), h("dd", null, value))); };
  add("CPU time", cell.cpu_ms === null || cell.cpu_ms === undefined ? null : milliseconds(cell.cpu_ms));
  add("wall-clock time", cell.wall_ms === null || cell.wall_ms === undefined ? null : milliseconds(cell.wall_ms));
  add("entry point", cell.entry_point ? h("code", null, plainText(cell.entry_point)) : null);
  add("output digest", cell.output ? h("code", null, plainText(cell.output)) : null);
  add("solution", cell.solution_status && cell.solution_status !== "ok" ? cell.solution_status.replaceAll("_", " ") : null);
  add("test", cell.test_status && cell.test_status !== "ok" ? cell.test_status.replaceAll("_", " ") : null);
  return rows.length ? h("dl", { class: "facts" }, rows) : null;
}

export function cellPanel(cell, onclose) {
  const verdict = cell.verdict ?? null;
  const said = [...new Set([cell.message, cell.solution_message, cell.test_message].filter(Boolean))];
  const messages = said.filter((one) => !said.some((other) => other !== one && other.includes(one)));
  const wanted = ["messages", "timings", "stdout"].filter((each) => !cell.detail.includes(each));
  return h("section", { class: "panel cell", "aria-labelledby": "cell-title", "data-cell": `${cell.solution_index},${cell.test_index}` },
    h("header", null,
      verdict === null ? h("span", { class: "badge S" }, "…") : badge(verdict),
      h("h2", { id: "cell-title" }, verdict === null ? "not judged yet" : NAMES[verdict] ?? verdict,
        h("small", null, `solution ${cell.solution_index} × test ${cell.test_index}`)),
      h("button", { type: "button", class: "close", "aria-label": "Close the cell", onclick: onclose }, "✕")),
    messages.map((message) => h("p", { class: "message" }, plainText(message))),
    facts(cell),
    block("What it printed", cell.stdout),
    cell.stdout === "" ? h("p", { class: "soft" }, "It printed nothing.") : null,
    wanted.length ? h("p", { class: "soft" }, "Not kept for this batch: ", wanted.join(", "), ". Post with ", h("code", null, '"detail": "full"'), " to see all of it.") : null,
    ...testBlocks(cell.test),
    cell.solution === null || cell.solution === undefined ? h("p", { class: "soft" }, "The solution is not kept: it was too large, or no cell of it was asked for.")
      : cell.solution === "" ? h("p", { class: "soft" }, "The solution is empty.") : block("Solution", cell.solution),
    block("Prelude", cell.prelude, false));
}
