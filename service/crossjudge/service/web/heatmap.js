// A passing matrix as a picture that can be walked through. Drawn on a canvas, since it may have 40,000 cells; where
// the cursor is, there is one real element, which a screen reader reads and which carries the focus ring.

import { count, h } from "./dom.js";
import { LETTERS, MARKS, NAMES } from "./verdicts.js";

export const MOST = 200;
const HEAD = 22, LARGEST = 26, SMALLEST = 7, LETTERED = 14, TALL_ENOUGH = 15;

export class Heatmap {
  constructor(problem, { onmove, onopen, onclose }) {
    this.problem = problem;
    this.rows = problem.matrix.length;
    this.columns = problem.tests.length;
    this.onmove = onmove;
    this.onopen = onopen;
    this.onclose = onclose;
    this.row = this.column = 0;
    this.fromRow = this.fromColumn = 0;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.cell = h("div", { role: "gridcell", id: "heat-cell", class: "heat-cursor" });
    this.line = h("div", { role: "row", class: "heat-row" }, this.cell);
    this.grid = h("div", {
      class: "heat", role: "grid", tabindex: 0, "aria-activedescendant": "heat-cell", "data-key": "heatmap",
      "aria-rowcount": this.rows, "aria-colcount": this.columns, "aria-describedby": "heat-help",
      "aria-label": `Passing matrix of ${count(this.rows)} solutions and ${count(this.columns)} tests`,
      onkeydown: (event) => this.key(event),
      onclick: (event) => this.point(event),
    }, this.canvas, this.line);
    this.scroll = h("div", { class: "heat-scroll" }, this.grid);
    this.pages = h("div", { class: "paging" });
    this.place = h("div", { class: "heat-place" }, this.pages, this.scroll);
    this.media = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.media.addEventListener("change", this.redraw);
    this.watcher = new ResizeObserver(() => { this.fit(); this.reveal(); });
    this.watcher.observe(this.place);
  }

  close() {
    this.media.removeEventListener("change", this.redraw);
    this.watcher.disconnect();
  }

  letter(row = this.row, column = this.column) { return this.problem.matrix[row]?.[column] ?? "S"; }

  // Cells as large as the room allows, so that most matrices need no scrolling.
  fit() {
    const wide = Math.min(MOST, this.columns - this.fromColumn), tall = Math.min(MOST, this.rows - this.fromRow);
    const room = this.place.clientWidth - this.headWidth() - 4;
    const beneath = Math.max(TALL_ENOUGH, Math.floor((0.7 * innerHeight) / tall));
    const scale = devicePixelRatio || 1;
    const unit = Math.round(scale * Math.max(SMALLEST, Math.min(LARGEST, Math.floor(room / wide), beneath)));
    if (unit === this.unit && wide === this.wide && tall === this.tall) return;
    Object.assign(this, { unit, scale, size: unit / scale, wide, tall }); // whole pixels of the screen
    this.draw();
    this.reveal();
  }

  headWidth() { return 14 + 8 * String(this.rows).length; }

  draw() {
    if (!this.size) return;
    const { size, scale, unit, wide, tall } = this, left = this.headWidth();
    const width = left + wide * size, height = HEAD + tall * size;
    this.canvas.width = Math.ceil(width * scale);
    this.canvas.height = Math.ceil(height * scale);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.place);
    const cells = this.cellsImage(pen, makeTiles(unit, scale, style));
    pen.putImageData(cells, Math.round(left * scale), Math.round(HEAD * scale));
    pen.scale(scale, scale);
    this.drawHeads(pen, left, style);
    this.drawPages();
    this.mark();
  }

  // The cells as one image, put together pixel by pixel: five times as fast as 40,000 calls of the canvas.
  cellsImage(pen, tiles) {
    const { unit, wide, tall } = this, line = wide * unit;
    const image = pen.createImageData(line, tall * unit), pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < tall; row += 1) {
      const letters = this.problem.matrix[this.fromRow + row];
      for (let column = 0; column < wide; column += 1) {
        const tile = tiles[letters[this.fromColumn + column]] ?? tiles.S;
        let to = row * unit * line + column * unit;
        for (let from = 0; from < tile.length; from += unit, to += line) {
          for (let x = 0; x < unit; x += 1) pixels[to + x] = tile[from + x];
        }
      }
    }
    return image;
  }

  drawHeads(pen, left, style) {
    const { size } = this;
    pen.fillStyle = style.getPropertyValue("--soft");
    pen.font = `11px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    const each = size >= LETTERED ? 1 : size >= 10 ? 5 : 10;
    pen.textAlign = "right";
    for (let row = 0; row < this.tall; row += 1) {
      if ((this.fromRow + row) % each === 0) pen.fillText(String(this.fromRow + row), left - 6, HEAD + (row + 0.5) * size);
    }
    const widest = 8 * String(this.columns).length;
    const every = Math.max(1, Math.ceil(widest / size));
    const apart = every <= 1 ? 1 : every <= 2 ? 2 : every <= 5 ? 5 : 10;
    pen.textAlign = "center";
    for (let column = 0; column < this.wide; column += 1) {
      const index = this.fromColumn + column;
      if (index % apart === 0) pen.fillText(String(index), left + (column + 0.5) * size, HEAD / 2);
      if (this.problem.tests[index]?.vacuous) {
        pen.fillRect(left + column * size + 2, HEAD - 3, size - 4, 2);
      }
    }
  }

  drawPages() {
    const make = (name, from, all, set) => {
      if (all <= MOST) return null;
      const parts = Array.from({ length: Math.ceil(all / MOST) }, (_, part) => part * MOST);
      return h("label", null, `${name} `, h("select", { "data-key": name, onchange: (event) => set(Number(event.target.value)) },
        parts.map((start) => h("option", { value: start, selected: start === from }, `${count(start)} – ${count(Math.min(all, start + MOST) - 1)}`))));
    };
    this.pages.replaceChildren(...[
      make("solutions", this.fromRow, this.rows, (start) => this.go(start, this.column)),
      make("tests", this.fromColumn, this.columns, (start) => this.go(this.row, start)),
    ].filter(Boolean));
    this.pages.hidden = !this.pages.childElementCount;
  }

  // Put the cursor on a cell, on another page of the matrix too.
  go(row, column) {
    this.row = Math.max(0, Math.min(this.rows - 1, row));
    this.column = Math.max(0, Math.min(this.columns - 1, column));
    const fromRow = Math.floor(this.row / MOST) * MOST, fromColumn = Math.floor(this.column / MOST) * MOST;
    if (fromRow !== this.fromRow || fromColumn !== this.fromColumn) {
      Object.assign(this, { fromRow, fromColumn, unit: 0 });
      this.fit();
    }
    this.mark();
    this.reveal();
    this.onmove(this.row, this.column);
  }

  say() {
    const letter = this.letter(), test = this.problem.tests[this.column];
    return `solution ${this.row} × test ${this.column}: ${letter} ${NAMES[letter] ?? ""}${test?.vacuous ? " (the test never used the solution)" : ""}`;
  }

  mark() {
    if (!this.size) return;
    const { size } = this;
    this.cell.style.left = `${this.headWidth() + (this.column - this.fromColumn) * size}px`;
    this.cell.style.top = `${HEAD + (this.row - this.fromRow) * size}px`;
    this.cell.style.width = this.cell.style.height = `${size}px`;
    this.cell.classList.toggle("small", size < LETTERED);
    this.line.setAttribute("aria-rowindex", this.row + 1);
    this.cell.setAttribute("aria-colindex", this.column + 1);
    this.cell.setAttribute("aria-label", this.say());
    this.cell.dataset.at = `${this.row},${this.column}`;
  }

  // Scroll to the cursor within the matrix; the page is moved only for whoever walks about in it.
  reveal() {
    const { scroll, cell, size } = this, around = 2 * size, left = cell.offsetLeft, top = cell.offsetTop;
    scroll.scrollLeft = Math.max(left + size + around - scroll.clientWidth, Math.min(scroll.scrollLeft, left - around - this.headWidth()));
    scroll.scrollTop = Math.max(top + size + around - scroll.clientHeight, Math.min(scroll.scrollTop, top - around - HEAD));
    if (document.activeElement === this.grid) this.cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - this.headWidth()) / this.size);
    const row = Math.floor((event.clientY - box.top - HEAD) / this.size);
    if (row < 0 || column < 0 || row >= this.tall || column >= this.wide) return;
    this.go(this.fromRow + row, this.fromColumn + column);
    this.onopen(this.row, this.column, true);
  }

  key(event) {
    if (event.altKey || event.metaKey) return;
    const { row, column, rows, columns } = this, all = event.ctrlKey;
    const to = {
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      Home: [all ? 0 : row, 0], End: [all ? rows - 1 : row, columns - 1], PageUp: [row - 10, column], PageDown: [row + 10, column],
    }[event.key];
    if (to) this.go(...to);
    else if (all) return;
    else if (event.key === "Enter" || event.key === " ") this.onopen(row, column);
    else if (event.key === "Escape") this.onclose();
    else if (LETTERS.includes(event.key.toUpperCase()) && event.key.length === 1) this.seek(event.key.toUpperCase());
    else return;
    event.preventDefault();
  }

  // The next cell with that letter, in reading order, round the end to the beginning.
  seek(letter) {
    const from = this.row * this.columns + this.column + 1, all = this.rows * this.columns;
    for (let step = 0; step < all; step += 1) {
      const at = (from + step) % all, row = Math.floor(at / this.columns), column = at % this.columns;
      if (this.letter(row, column) === letter) { this.go(row, column); return; }
    }
  }
}

// The picture of a cell of each verdict, as pixels of the screen.
function makeTiles(unit, scale, style) {
  const size = unit / scale, gap = size >= 10 ? 1 : 0.5;
  return Object.fromEntries(LETTERS.map((letter) => {
    const pen = new OffscreenCanvas(unit, unit).getContext("2d", { willReadFrequently: true });
    const side = size - gap, colour = (name) => style.getPropertyValue(`--${letter}-${name}`).trim();
    pen.scale(scale, scale);
    pen.beginPath();
    pen.roundRect(0, 0, side, side, size >= LETTERED ? 3 : size >= 10 ? 2 : 0);
    pen.fillStyle = colour("fill");
    pen.fill();
    pen.clip();
    pen.strokeStyle = pen.fillStyle = colour("ink");
    if (size >= LETTERED) {
      pen.font = `600 ${Math.round(size * 0.55)}px ${style.fontFamily}`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.globalAlpha = letter === "P" ? 0.7 : 1;
      pen.fillText(letter, side / 2, side / 2 + 0.5);
    } else {
      pen.lineWidth = Math.max(1, size / 7);
      pen.globalAlpha = 0.85;
      for (const [x1, y1, x2, y2] of MARKS[letter]) {
        pen.beginPath();
        pen.moveTo(x1 * side, y1 * side);
        pen.lineTo(x2 * side, y2 * side);
        pen.stroke();
      }
    }
    return [letter, new Uint32Array(pen.getImageData(0, 0, unit, unit).data.buffer)];
  }));
}
