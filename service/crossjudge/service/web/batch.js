// One batch: how far it is, and its problems. Their matrices are loaded one at a time.

import { read } from "./api.js";
import { mixBar } from "./charts.js";
import { count, duration, h, isBusy, moment, percent, renew } from "./dom.js";
import { batchLink, progress, runLink, status, table } from "./overview.js";

const PROBLEMS = 50;
const FINAL = ["done", "cancelled", "failed"];

export const problemLink = (batch, problem) => `${batchLink(batch)}/p/${problem}`;
export const isFinal = (batch) => FINAL.includes(batch.status);

export function crumbs(...steps) {
  return h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "#/" }, "Overview"),
    steps.map(([name, link]) => [h("span", { "aria-hidden": "true" }, " / "), link ? h("a", { href: link }, h("bdi", null, name)) : h("span", null, h("bdi", null, name))]));
}

export class BatchView {
  constructor(route) {
    this.batch = route.batch;
    this.first = 0;
    this.place = h("div", { class: "batch" });
    document.title = `${this.batch} · crossjudge`;
  }

  async refresh() {
    this.page = await read(`/v1/batches/${encodeURIComponent(this.batch)}/problems?first=${this.first}&limit=${PROBLEMS}`);
    this.isSettled = isFinal(this.page.batch) && !isBusy();
    if (!isBusy()) this.draw();
  }

  go(first) {
    this.first = Math.max(0, first);
    this.refresh().catch((error) => this.onerror?.(error));
  }

  draw() {
    const { batch, problems, total } = this.page;
    const rows = problems.map((problem) => h("tr", null,
      h("th", { scope: "row" }, h("a", { href: problemLink(batch.id, problem.index), "data-key": `problem ${problem.index}` }, h("bdi", null, problem.id))),
      h("td", { "data-name": "size", class: "number" }, `${count(problem.solutions)} × ${count(problem.tests)}`),
      h("td", { "data-name": "passed", class: "number" }, problem.verdicts ? percent(problem.verdicts.P ?? 0, judged(problem.verdicts)) : "–"),
      h("td", { "data-name": "verdicts", class: "mixcell" }, problem.verdicts ? mixBar(problem.verdicts, "verdicts") : h("span", { class: "soft" }, "not done"))));
    const paging = total > PROBLEMS ? h("div", { class: "paging" },
      h("button", { type: "button", "data-key": "before", disabled: this.first === 0, onclick: () => this.go(this.first - PROBLEMS) }, "← before"),
      h("span", null, `${count(this.first + 1)} to ${count(this.first + problems.length)} of ${count(total)}`),
      h("button", { type: "button", "data-key": "further", disabled: this.page.next === undefined || this.page.next === null, onclick: () => this.go(this.page.next) }, "further →")) : null;
    renew(this.place,
      crumbs([batch.run, runLink(batch.run)]),
      h("h1", { class: "mono" }, batch.id),
      facts(batch),
      batch.error ? h("p", { class: "notice alarm" }, batch.error) : null,
      h("h2", null, `${count(total)} ${total === 1 ? "problem" : "problems"}`),
      table("problems", ["problem", "#solutions × tests", "#passed", "verdicts"], rows), paging);
  }
}

function judged(verdicts) {
  return Object.entries(verdicts).reduce((sum, [letter, cells]) => sum + (letter === "S" || letter === "X" ? 0 : cells), 0);
}

export function facts(batch) {
  const { cells } = batch;
  const fact = (name, ...value) => h("div", null, h("dt", null, name), h("dd", null, ...value));
  return h("dl", { class: "facts" },
    fact("status", status(batch.status)),
    fact("run", h("a", { href: runLink(batch.run) }, h("bdi", null, batch.run))),
    fact("cells", progress(cells)),
    fact("run anew", count(cells.executed)),
    fact("known already", count(cells.cached)),
    fact("posted", moment(batch.created_at)),
    fact("waited", batch.started_at ? duration((new Date(batch.started_at) - new Date(batch.created_at)) / 1000) : "–"),
    fact("judged in", batch.finished_at && batch.started_at ? duration((new Date(batch.finished_at) - new Date(batch.started_at)) / 1000) : "–"));
}
