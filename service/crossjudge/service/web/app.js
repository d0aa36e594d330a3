// Which view is shown, and when it is read anew. The address says it all: a link to a cell can be passed on.

import { dropKey, hasKey, KeyWanted, read, Refused, setKey, Unreachable } from "./api.js";
import { BatchView } from "./batch.js";
import { sharedPatterns } from "./charts.js";
import { h } from "./dom.js";
import { Overview } from "./overview.js";
import { ProblemView } from "./problem.js";

const EVERY_MS = 2000, LONGEST_MS = 10000;
const main = document.getElementById("main"), state = document.getElementById("state");
let view = null, timer = null, failures = 0, turn = 0;

function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (parts[0] === "run" && parts[1]) return { name: "overview", run: parts[1] };
  if (parts[0] !== "b" || !parts[1]) return { name: "overview" };
  const [, batch, p, problem, c, row, column] = parts;
  if (p !== "p" || !isIndex(problem)) return { name: "batch", batch };
  const cell = c === "c" && isIndex(row) && isIndex(column) ? { row: Number(row), column: Number(column) } : {};
  return { name: "problem", batch, problem: Number(problem), ...cell };
}

const isIndex = (text) => /^\d{1,9}$/.test(text ?? "");
function decoded(text) { try { return decodeURIComponent(text); } catch { return text; } }

const VIEWS = { overview: Overview, batch: BatchView, problem: ProblemView };
const same = (one, other) => one.name === other.name && one.batch === other.batch && one.problem === other.problem && one.run === other.run;

function show(event) {
  const wanted = route();
  if (view && same(view.wanted, wanted) && view.follow) { view.wanted = wanted; view.follow(wanted); return; }
  view?.close?.();
  view = new VIEWS[wanted.name](wanted);
  view.wanted = wanted;
  view.onerror = failed;
  main.replaceChildren(view.place);
  scrollTo(0, 0);
  if (event) main.focus({ preventScroll: true }); // what had the focus is gone with the view before
  beat();
}

function say(kind, text) {
  if (state.dataset.state !== kind || state.textContent !== text) { state.dataset.state = kind; state.textContent = text; }
}

async function beat() {
  clearTimeout(timer);
  const mine = ++turn;
  if (document.hidden) { say("paused", "paused"); return; }
  const shown = view;
  try {
    if (!shown.isSettled) await shown.refresh();
    else if (failures) await read("/healthz"); // nothing more to read here, but it should be said when the service is back
    if (mine !== turn) return;
    failures = 0;
    if (!shown.place.isConnected) main.replaceChildren(shown.place);
    say("live", shown.isSettled ? "up to date" : "live");
  } catch (error) {
    if (mine !== turn) return;
    failed(error);
    if (error instanceof KeyWanted) return;
  }
  timer = setTimeout(beat, Math.min(LONGEST_MS, EVERY_MS * 1.5 ** failures));
}

function failed(error) {
  if (error instanceof KeyWanted) { askForKey(error.message); return; }
  if (error instanceof Refused) {
    failures += 1;
    say("wrong", "not found");
    main.replaceChildren(h("div", { class: "notice" }, h("p", null, error.message), h("p", null, h("a", { href: "#/" }, "Back to the overview"))));
    return;
  }
  failures += 1;
  say("away", "not reachable, trying again …");
  if (!(error instanceof Unreachable)) console.error(error);
}

function askForKey(why) {
  clearTimeout(timer);
  say("locked", "locked");
  if (main.querySelector("form.key") && !hasKey()) return; // it is being filled in
  const field = h("input", { type: "password", id: "key", autocomplete: "off", required: true, spellcheck: "false" });
  const wrong = hasKey();
  dropKey();
  const form = h("form", { class: "panel key", onsubmit: (event) => {
    event.preventDefault();
    setKey(field.value.trim());
    main.replaceChildren(view.place);
    beat();
  } },
    h("h1", null, "An API key, please"),
    h("p", null, wrong ? "That key was not taken. " : "", why),
    h("label", { for: "key" }, "API key"), field,
    h("button", { type: "submit" }, "Look in"),
    h("p", { class: "soft" }, "It is kept in this tab until it is closed, and sent to this service alone."));
  main.replaceChildren(form);
  field.focus();
}

document.body.append(sharedPatterns());
document.addEventListener("visibilitychange", beat);
addEventListener("online", beat);
addEventListener("hashchange", show);
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
show();
