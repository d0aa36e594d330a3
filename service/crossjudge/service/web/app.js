// The dashboard. Whatever a model or a caller wrote enters the page through textContent alone.
const NAMES = {
  P: "passed", F: "failed", E: "error", T: "timeout", M: "memory", C: "crashed", S: "skipped", X: "not judged",
};
const MOST_ROWS = 200, MOST_COLUMNS = 200, MOST_PROBLEMS = 50;
const REFRESH_MS = 2000;
let chosen = null;
let drawn = null;

const at = (id) => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function read(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || `${answer.status}`);
  return body;
}

function fill(id, rows, columns) {
  const lines = rows.map((cells) => {
    const line = element("tr");
    for (const cell of cells) {
      const place = element("td", cell instanceof Node ? undefined : String(cell));
      if (typeof cell === "number") place.className = "number";
      if (cell instanceof Node) place.append(cell);
      line.append(place);
    }
    return line;
  });
  if (!lines.length) {
    const line = element("tr"), place = element("td", "none yet", "none");
    place.colSpan = columns;
    line.append(place);
    lines.push(line);
  }
  at(id).replaceChildren(...lines);
}

function batchButton(id) {
  const button = element("button", id, "link");
  button.type = "button";
  button.addEventListener("click", () => { chosen = id; drawn = null; location.hash = id; drawBatch().catch(failed); });
  return button;
}

function drawLegend() {
  at("legend").replaceChildren(...Object.entries(NAMES).flatMap(([letter, name]) => [
    element("span", letter, `cell ${letter}`), document.createTextNode(name),
  ]));
}

function drawMatrix(problem) {
  const box = element("article");
  const passed = problem.matrix.join("").split("P").length - 1;
  const tests = problem.tests.length;
  box.append(element("h3", `${problem.id} — ${problem.matrix.length} × ${tests}, ${passed} passed`));
  const grid = element("div", undefined, "matrix");
  problem.matrix.slice(0, MOST_ROWS).forEach((letters, index) => {
    const row = element("div", undefined, "row");
    const status = problem.solutions[index];
    const label = element("span", String(index), "label");
    label.title = status.message ? `${status.status}: ${status.message}` : status.status;
    row.append(label);
    [...letters].slice(0, MOST_COLUMNS).forEach((letter, test) => {
      const cell = element("span", letter, NAMES[letter] ? `cell ${letter}` : "cell");
      cell.title = `solution ${index} × test ${test}: ${NAMES[letter] ?? letter}`;
      row.append(cell);
    });
    grid.append(row);
  });
  box.append(grid);
  if (problem.matrix.length > MOST_ROWS || tests > MOST_COLUMNS) {
    box.append(element("p", `only the first ${MOST_ROWS} × ${MOST_COLUMNS} cells are drawn`, "cut"));
  }
  return box;
}

async function drawBatch() {
  if (!chosen) return;
  const asked = chosen;
  const status = await read(`/v1/batches/${encodeURIComponent(asked)}`);
  if (asked !== chosen) return;
  const cells = status.cells;
  const note = `${status.id} of run ${status.run}: ${status.status}, ${cells.done} of ${cells.total} cells judged, `
    + `${cells.executed} run, ${cells.cached} answered from an equal cell`;
  at("batch-note").textContent = note;
  if (drawn === `${status.id} ${status.status}`) return;
  drawn = `${status.id} ${status.status}`;
  const problems = status.problems ?? [];
  const boxes = problems.slice(0, MOST_PROBLEMS).map(drawMatrix);
  if (problems.length > MOST_PROBLEMS) {
    boxes.push(element("p", `only the first ${MOST_PROBLEMS} of ${problems.length} problems are drawn`, "cut"));
  }
  at("matrices").replaceChildren(...boxes);
}

function failed(error) {
  at("state").textContent = error.message;
}

async function refresh() {
  try {
    const [workers, runs, page] = await Promise.all([
      read("/v1/workers"), read("/v1/runs?limit=20"), read("/v1/batches?limit=20"),
    ]);
    fill("workers", workers.workers.map((w) => [w.name, w.host, w.jails, w.sandbox, w.version]), 5);
    fill("runs", runs.runs.map((r) => [
      r.run, r.batches, r.cells, r.executed, r.cached, r.cpu_seconds, r.queue_wait_seconds,
    ]), 7);
    fill("batches", page.batches.map((b) => [
      batchButton(b.id), b.run, b.status, `${b.cells.done} / ${b.cells.total}`, new Date(b.created_at).toLocaleString(),
    ]), 5);
    at("state").textContent = `${workers.workers.length} workers, ${workers.queued_chunks} chunks waiting, `
      + `${workers.leased_chunks} being judged`;
    if (chosen && drawn && !/ (done|cancelled|failed)$/.test(drawn)) await drawBatch();
  } catch (error) {
    failed(error);
  } finally {
    setTimeout(refresh, REFRESH_MS);
  }
}

drawLegend();
chosen = decodeURIComponent(location.hash.slice(1)) || null;
if (chosen) drawBatch().catch(failed);
refresh();
