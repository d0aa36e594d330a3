// The first page: how much is judged, for whom, by whom, and what came of it.

import { read } from "./api.js";
import { legend, mixBar, throughputChart, verdictChart } from "./charts.js";
import { amount, count, duration, h, isBusy, moment, percent, renew } from "./dom.js";
import { LETTERS } from "./verdicts.js";

const STATES = ["queued", "running", "done", "cancelled", "failed"];
const MARKS = { queued: "○", running: "◐", done: "●", cancelled: "⊘", failed: "✕" };
const WINDOWS = [[10, "10 minutes"], [20, "20 minutes"], [60, "1 hour"], [120, "2 hours"]];
const BATCHES = 15;
const MOST_WORKERS = 24;

export const runLink = (run) => `#/run/${encodeURIComponent(run)}`;
export const batchLink = (batch) => `#/b/${encodeURIComponent(batch)}`;

export function status(state) {
  return h("span", { class: `status ${state}` }, h("span", { class: "shape", "aria-hidden": "true" }, MARKS[state] ?? "?"), state);
}

export function progress(cells) {
  const bar = h("progress", { max: Math.max(1, cells.total), value: cells.done, "aria-label": `${cells.done} of ${cells.total} cells judged` });
  return h("span", { class: "progress" }, bar, h("span", null, cells.done === cells.total ? amount(cells.total) : `${amount(cells.done)} / ${amount(cells.total)}`));
}

function tile(name, value, beside, tone) {
  return h("div", { class: `tile ${tone ?? ""}` }, h("dt", null, name), h("dd", null, h("b", null, value), h("span", null, beside)));
}

export class Overview {
  constructor(route) {
    this.minutes = 10;
    this.state = "";
    this.pages = [null];
    this.cursor = null;
    this.run = route.run ?? null;
    this.place = h("div", { class: "overview" });
    this.parts = {};
    for (const part of ["top", "tiles", "charts", "runs", "batches", "workers"]) {
      this.parts[part] = h("section", { class: part });
      this.place.append(this.parts[part]);
    }
    // What is chosen from is made once: a list that is open would close whenever it is made anew.
    this.parts.top.append(this.heading());
    this.list = h("div");
    this.parts.batches.append(h("div", { class: "heading" }, h("h2", null, "Batches"), this.stateChoice()), this.list);
    document.title = this.run === null ? "crossjudge" : `${this.run} · crossjudge`;
  }

  async refresh() {
    const asked = new URLSearchParams({ limit: BATCHES });
    if (this.run !== null) asked.set("run", this.run);
    if (this.state) asked.set("status", this.state);
    const cursor = this.pages.at(-1);
    if (cursor) asked.set("cursor", cursor);
    const [stats, page] = await Promise.all([
      read(`/v1/stats?minutes=${this.minutes}${this.run === null ? "" : `&by_run=true&run=${encodeURIComponent(this.run)}`}`), read(`/v1/batches?${asked}`),
    ]);
    this.stats = stats;
    this.page = page;
    if (!isBusy()) this.draw();
  }

  again() { this.refresh().catch((error) => this.onerror?.(error)); }

  draw() {
    const { stats } = this;
    const mine = this.run === null ? null : stats.runs.find((run) => run.run === this.run);
    this.hint.hidden = this.run === null || mine !== undefined;
    renew(this.parts.tiles, ...(this.run !== null && !mine ? [] : [this.tiles(mine ?? stats, mine)]));
    this.drawCharts(mine?.buckets ?? (this.run === null ? stats.buckets : []));
    renew(this.parts.runs, ...(this.run === null ? this.runs() : []));
    renew(this.list, ...this.batches());
    renew(this.parts.workers, ...(this.run === null ? this.workers() : []));
  }

  heading() {
    const choice = h("select", { "aria-label": "Time shown", onchange: (event) => { this.minutes = Number(event.target.value); this.cursor = null; this.again(); } },
      WINDOWS.map(([minutes, name]) => h("option", { value: minutes, selected: minutes === this.minutes }, `last ${name}`)));
    this.hint = h("p", { class: "soft", hidden: true }, "Not among the latest runs: its batches, if there are any, are below.");
    const title = this.run === null ? h("h1", null, "Overview")
      : h("div", null, h("p", { class: "crumbs" }, h("a", { href: "#/" }, "Overview")), h("h1", null, "Run ", h("bdi", null, this.run)));
    return h("div", { class: "heading" }, title, this.hint, choice);
  }

  tiles(of, mine) {
    const queue = mine ? mine : this.stats.queue;
    const { window } = of;
    const jails = this.stats.workers.reduce((sum, worker) => sum + worker.jails, 0);
    return h("dl", { class: "tilelist" },
      tile("Throughput", amount(of.cells_per_second), "cells/s, last minute"),
      tile("Judged", amount(window.cells), `cells in ${this.stats.minutes} minutes`),
      tile("Passed", percent(window.verdicts.P ?? 0, window.cells), "of these cells"),
      tile("Known already", percent(Math.max(0, window.cells - window.executed), window.cells), "equal to another cell"),
      tile("CPU time", window.executed ? cpu(window.cpu_seconds / window.executed) : "–", "of a cell that was run"),
      tile("Waiting", count(queue.waiting_chunks), queue.waiting_chunks ? `chunks, oldest ${duration(queue.oldest_wait_seconds)}` : "chunks"),
      mine ? tile("Share", percent(Math.round(mine.share * 1000), 1000), "of CPU time, last minute")
        : tile("Workers", count(this.stats.workers.length), this.stats.workers.length ? `${jails} jails` : "start one: crossjudge worker", this.stats.workers.length ? "" : "alarm"));
  }

  drawCharts(buckets) {
    if (!buckets.length) return renew(this.parts.charts);
    const moved = (index) => { this.cursor = index; };
    const seen = LETTERS.filter((letter) => buckets.some((bucket) => bucket.verdicts[letter]));
    const { step_seconds: step } = this.stats;
    return renew(this.parts.charts,
      throughputChart(buckets, step, "throughput", this.cursor, moved),
      verdictChart(buckets, "verdicts", this.cursor, moved, seen.length ? legend(seen) : null));
  }

  runs() {
    const { runs } = this.stats;
    if (!runs.length) return [h("h2", null, "Runs"), h("p", { class: "empty" }, "No batch has been posted yet. See ", h("a", { href: "/docs" }, "the API"), " for how.")];
    const rows = runs.map((run) => h("tr", null,
      h("th", { scope: "row" }, h("a", { href: runLink(run.run), "data-key": `run ${run.run}` }, h("bdi", null, run.run))),
      h("td", { "data-name": "share" }, share(run.share)),
      h("td", { "data-name": "cells/s", class: "number" }, amount(run.cells_per_second)),
      h("td", { "data-name": "waiting", class: "number" }, count(run.waiting_chunks), run.waiting_chunks ? h("small", null, ` ${duration(run.oldest_wait_seconds)}`) : null),
      h("td", { "data-name": "held", class: "number" }, count(run.held_chunks)),
      h("td", { "data-name": "verdicts", class: "mixcell" }, mixBar(run.window.verdicts, "verdicts")),
      h("td", { "data-name": "cells so far", class: "number" }, amount(run.cells)),
      h("td", { "data-name": "last batch" }, run.last_batch_at ? moment(run.last_batch_at) : "–")));
    return [h("h2", null, "Runs"), table("runs", ["run", "share of CPU", "#cells/s", "#chunks waiting", "#held", "verdicts", "#cells so far", "last batch"], rows)];
  }

  stateChoice() {
    return h("select", { "aria-label": "Only batches that are", onchange: (event) => { this.state = event.target.value; this.pages = [null]; this.again(); } },
      ["", ...STATES].map((state) => h("option", { value: state, selected: state === this.state }, state || "in any state")));
  }

  batches() {
    const rows = this.page.batches.map((batch) => h("tr", null,
      h("th", { scope: "row" }, h("a", { href: batchLink(batch.id), "data-key": `batch ${batch.id}`, class: "mono" }, batch.id)),
      h("td", { "data-name": "run" }, h("a", { href: runLink(batch.run) }, h("bdi", null, batch.run))),
      h("td", { "data-name": "status" }, status(batch.status)),
      h("td", { "data-name": "cells" }, progress(batch.cells)),
      h("td", { "data-name": "posted" }, moment(batch.created_at)),
      h("td", { "data-name": "took", class: "number" }, batch.finished_at ? duration((new Date(batch.finished_at) - new Date(batch.created_at)) / 1000) : "–")));
    const newer = h("button", { type: "button", "data-key": "newer", disabled: this.pages.length === 1, onclick: () => { this.pages.pop(); this.again(); } }, "← newer");
    const older = h("button", { type: "button", "data-key": "older", disabled: !this.page.next, onclick: () => { this.pages.push(this.page.next); this.again(); } }, "older →");
    const paging = this.pages.length > 1 || this.page.next ? h("div", { class: "paging" }, newer, h("span", null, `page ${this.pages.length}`), older) : null;
    return [rows.length ? table("batches", ["batch", "run", "status", "cells", "posted", "#took"], rows) : h("p", { class: "empty" }, "No batch here."), paging];
  }

  workers() {
    const all = this.stats.workers;
    if (!all.length) return [h("h2", null, "Workers"), h("p", { class: "empty" }, "No worker is there: start one with ", h("code", null, "crossjudge worker"), ".")];
    const rows = all.slice(0, MOST_WORKERS).map((worker) => h("tr", null,
      h("th", { scope: "row" }, worker.name),
      h("td", { "data-name": "host" }, worker.host),
      h("td", { "data-name": "jails", class: "number" }, worker.jails),
      h("td", { "data-name": "sandbox" }, worker.sandbox === "none" ? h("strong", { class: "alarmtext" }, "⚠ none") : worker.sandbox),
      h("td", { "data-name": "version" }, worker.version)));
    const more = all.length > MOST_WORKERS ? h("p", { class: "soft" }, `and ${all.length - MOST_WORKERS} more`) : null;
    return [h("h2", null, "Workers"), table("workers", ["worker", "host", "#jails", "sandbox", "version"], rows), more];
  }
}

function cpu(seconds) {
  const ms = 1000 * seconds;
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 2 : 0)} ms` : `${seconds.toFixed(1)} s`;
}

function share(part) {
  return h("span", { class: "share" }, h("meter", { min: 0, max: 1, value: part, "aria-label": `${Math.round(100 * part)} % of CPU time` }), h("span", null, percent(Math.round(part * 1000), 1000)));
}

// Names that begin with # are of columns of numbers.
export function table(name, columns, rows) {
  return h("div", { class: "scroll", "data-scroll": name, tabindex: 0, role: "region", "aria-label": name },
    h("table", { class: "list" },
      h("thead", null, h("tr", null, columns.map((column) => h("th", { scope: "col", class: column.startsWith("#") ? "number" : null }, column.replace(/^#/, ""))))),
      h("tbody", null, rows)));
}
