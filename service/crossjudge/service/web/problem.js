// One problem: its heatmap, and beside it the cell that was chosen.

import { read, Refused } from "./api.js";
import { crumbs, problemLink } from "./batch.js";
import { cellPanel, readCell } from "./cell.js";
import { legend, mixBar, mixText } from "./charts.js";
import { count, h } from "./dom.js";
import { Heatmap } from "./heatmap.js";
import { batchLink } from "./overview.js";
import { LETTERS } from "./verdicts.js";

const PAUSE_MS = 120; // while an arrow key is held down nothing is loaded

export class ProblemView {
  constructor(route) {
    this.route = route;
    this.place = h("div", { class: "problem" }, h("p", { class: "soft" }, "loading …"));
    this.side = h("div", { class: "side", "aria-live": "polite" });
    this.asked = 0;
    document.title = `problem ${route.problem} · ${route.batch} · crossjudge`;
  }

  async refresh() {
    if (this.isSettled) return;
    const { batch, problem } = this.route;
    try {
      this.problem = await read(`/v1/batches/${encodeURIComponent(batch)}/problems/${problem}?details=false`);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      this.place.replaceChildren(this.crumbs(`problem ${problem}`), h("p", { class: "notice" }, error.message));
      return;
    }
    this.isSettled = true;
    this.draw();
  }

  crumbs(name) {
    const { batch } = this.route;
    return crumbs([batch, batchLink(batch)], [name]);
  }

  draw() {
    const { problem } = this;
    const counts = {};
    for (const row of problem.matrix) for (const letter of row) counts[letter] = (counts[letter] ?? 0) + 1;
    this.heat = new Heatmap(problem, {
      onmove: (row, column) => this.moved(row, column), onopen: (row, column, isPointed) => this.open(row, column, isPointed), onclose: () => this.shut(),
    });
    this.readout = h("p", { class: "readout", id: "heat-readout" }, this.heat.say());
    const vacuous = problem.tests.filter((test) => test.vacuous).length;
    document.title = `${problem.id} · crossjudge`;
    this.place.replaceChildren(
      this.crumbs(problem.id),
      h("h1", null, h("bdi", null, problem.id)),
      h("p", { class: "sub" }, `${count(problem.matrix.length)} solutions × ${count(problem.tests.length)} tests`, h("span", { class: "wide" }, mixBar(counts, "verdicts")), mixText(counts),
        vacuous ? ` · ${vacuous} ${vacuous === 1 ? "test" : "tests"} never used a solution (underlined)` : ""),
      h("div", { class: "split" },
        h("div", { class: "left" }, this.readout, this.heat.place, legend(LETTERS.filter((letter) => counts[letter])),
          h("p", { class: "soft help", id: "heat-help" }, "Arrow keys move, Enter shows the cell, a letter (F, E, …) finds the next such cell, Escape closes.")),
        this.side));
    this.heat.fit();
    this.follow(this.route);
  }

  // Another cell of the same problem, from the address.
  follow(route) {
    this.route = route;
    if (!this.heat) return;
    if (route.row === undefined) { this.side.replaceChildren(); return; }
    this.heat.go(route.row, route.column);
    this.load(this.heat.row, this.heat.column);
  }

  moved(row, column) {
    this.readout.textContent = this.heat.say();
    if (!this.side.childElementCount) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(row, column), PAUSE_MS);
  }

  open(row, column, isPointed = false) {
    clearTimeout(this.timer);
    const { batch, problem } = this.route;
    const link = `${problemLink(batch, problem)}/c/${row}/${column}`;
    if (location.hash !== link) history.replaceState(null, "", link);
    this.route = { ...this.route, row, column };
    this.load(row, column, isPointed);
  }

  async load(row, column, isPointed = false) {
    const { batch, problem } = this.route, mine = ++this.asked;
    try {
      const cell = await readCell({ batch, problem, row, column });
      if (mine !== this.asked) return;
      this.side.replaceChildren(cellPanel(cell, () => this.shut()));
      if (isPointed) this.side.scrollIntoView({ block: "nearest" }); // on a phone it is below the matrix
    } catch (error) {
      if (mine !== this.asked) return;
      if (error instanceof Refused) this.side.replaceChildren(h("p", { class: "notice" }, error.message));
      else this.onerror?.(error);
    }
  }

  shut() {
    clearTimeout(this.timer);
    this.asked += 1;
    const { batch, problem } = this.route;
    this.route = { batch, problem };
    history.replaceState(null, "", problemLink(batch, problem));
    this.side.replaceChildren();
    this.heat.grid.focus({ preventScroll: true });
  }

  close() { clearTimeout(this.timer); this.heat?.close(); }
}
