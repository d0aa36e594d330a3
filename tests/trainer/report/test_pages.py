"""The pages: what stands on them, and what cannot get onto them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="the pages' charts are drawn by it")

from crossjudge.trainer.report.arms import arms_of
from crossjudge.trainer.report.comparison import of_arms
from crossjudge.trainer.report.history import read_history
from crossjudge.trainer.report.run_page import of_run
from run_folders import metrics, sample, written

HOSTILE = (
    '</pre></svg></style><script>alert(1)</script><img src=x onerror="alert(2)">&lt;b&gt; $\\frac{ \x00\x1b[31m'
    "\u202e\ud800 _x"
)
TAGS = {
    "b", "body", "circle", "clippath", "dd", "defs", "details", "div", "dl", "dt", "figcaption", "figure", "g",
    "h1", "h2", "h3", "h4", "h5", "head", "html", "li", "line", "main", "meta", "p", "path", "polyline", "pre", "rect",
    "section", "small", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr",
    "ul", "use",
}  # fmt: skip


class Seen(HTMLParser):
    """What a browser would make of a page: its elements, attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def labels(self) -> list[str]:
        return sorted(value or "" for name, value in self.attributes if name == "aria-label")


def page_of(path: Path) -> Seen:
    return Seen(of_run(arms_of([read_history(path)], [None])[0]))


def hostile_run(path: Path, **settings: Any) -> Path:
    """Whatever a file can hold that a run would not write: as names, as words, as code, as letters."""
    written(path, {}, **settings)
    names = [HOSTILE, *(f"{before}/{HOSTILE}" for before in ("eval", "time", "alarm", "coder/reward", "selector"))]
    logged = [metrics(step) | dict.fromkeys(names, step / 4) | {"words": HOSTILE, "step": step} for step in range(4)]
    samples = [
        sample(HOSTILE, step=1, solutions=[HOSTILE] * 3, tests=[HOSTILE] * 2),
        sample(HOSTILE, step=1, abstain=HOSTILE, matrix=['<"', "&'", "P\x00"]),
    ]
    alarms = [{"step": 1, "reason": HOSTILE, "text": HOSTILE}]
    for name, objects in (("metrics", logged), ("samples", samples), ("alarms", alarms)):
        (path / f"{name}.jsonl").write_text(
            "".join(json.dumps({"step": each["step"]} | each) + "\n" for each in objects)
        )
    legal = json.dumps(HOSTILE.replace("\ud800", ""))
    with (path / "config.yaml").open("a") as config:
        config.write(f"{legal}: {legal}\n")
    return path


def test_nothing_in_a_run_becomes_markup(tmp_path: Path) -> None:
    pages = [page_of(hostile_run(tmp_path / HOSTILE.replace("/", "").replace("\x00", "").replace("\ud800", "")))]
    runs = [read_history(hostile_run(tmp_path / str(at), mutants=at)) for at in range(2)]
    pages.append(Seen(of_arms(arms_of(runs, [HOSTILE, None]))))
    for seen in pages:
        assert seen.tags <= TAGS
        names = {name for name, _ in seen.attributes}
        assert not {name for name in names if name.startswith("on")}
        assert not names & {"src", "action", "srcdoc", "formaction"}
        links = {value for name, value in seen.attributes if name == "href"}
        assert all(re.fullmatch(r"#[a-z][0-9a-f]+", link or "") for link in links)
        assert "<script>alert(1)</script>" in seen.text
        assert not set("\x00\x1b\u202e\ud800") & set(seen.text)


def test_a_page_needs_nothing_from_elsewhere_and_lets_nothing_run(tmp_path: Path) -> None:
    seen = page_of(written(tmp_path, samples={1: [sample("p")]}))
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in seen.attributes
    assert "script" not in seen.tags
    assert "http" not in "".join(f"{name}{value}" for name, value in seen.attributes if name != "http-equiv")
    assert not re.search(r"@import|url\((?!#)", seen.text)


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    run = read_history(written(tmp_path, samples={1: [sample("p")]}))
    arm = arms_of([run], [None])[0]
    assert of_run(arm) == of_run(arm)


def test_the_verdict_says_what_rose_and_how_surely(tmp_path: Path) -> None:
    text = page_of(written(tmp_path)).text
    assert "pass@1 on held-out problems rose from 0.500 to 0.800 (+0.300): 9.4 standard errors" in text
    assert "0.500 → 0.800" in text
    assert "tells little apart" not in text
    assert "this is what a tester's collapse looks like" in text  # valid .3 → .6, kill .6 → .12


def test_a_change_that_may_be_chance_is_called_so(tmp_path: Path) -> None:
    logged = {0: {"eval/pass@1": 0.5}, 6: {"eval/pass@1": 0.51}}
    assert "which may be chance" in page_of(written(tmp_path, logged)).text


def test_a_run_that_is_going_says_where_it_stands(tmp_path: Path) -> None:
    assert "stands at step 3 of 6" in page_of(written(tmp_path, {3: metrics(3)})).text


def test_a_run_with_nothing_logged_yet_has_a_page(tmp_path: Path) -> None:
    assert "Nothing was measured on held-out problems" in page_of(written(tmp_path, {1: {}})).text


def test_charts_tell_their_figures_to_those_who_do_not_see_them(tmp_path: Path) -> None:
    labels = page_of(written(tmp_path)).labels
    told = next(label for label in labels if label.startswith("Held-out solutions"))
    assert "pass@1: 0.500 at step 0, highest 0.800 at 6, lowest 0.500 at 0, 0.800 at step 6" in told
    assert any(label.startswith("A step took 1.5 s") for label in labels)


def test_every_metric_is_somewhere_on_the_page(tmp_path: Path) -> None:
    text = page_of(written(tmp_path)).text
    assert "something/new" in text
    assert all(name in text for name in metrics(3) if not name.startswith("time/"))


def test_what_never_changes_is_a_line_of_text(tmp_path: Path) -> None:
    seen = page_of(written(tmp_path, {step: {"coder/kl": 0.0, "tester/kl": 0.25} for step in range(4)}))
    assert "KL to the reference: coder 0, tester 0.250, throughout." in seen.text
    assert not any(label.startswith("KL") for label in seen.labels)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"time/sample": 1.0, "time/verify": 1.0}, "Parts overlap: they add up to 1.33 times the step"),
        ({"time/sample": 0.6, "time/sample/wait": 0.3}, "The rest (60\N{NO-BREAK SPACE}%) is in no part"),
    ],
)
def test_parts_of_a_step_that_do_not_add_up_are_explained(tmp_path: Path, parts: dict[str, float], said: str) -> None:
    seen = page_of(written(tmp_path, {step: {"time/step": 1.5, **parts} for step in range(1, 4)}))
    assert said in seen.text


def test_alarms_are_listed_and_marked_on_the_curves(tmp_path: Path) -> None:
    path = written(tmp_path, {step: metrics(step) | {"alarm/drift": float(step == 4)} for step in range(7)})
    seen = page_of(path)
    assert "Step 4: drift" in seen.text
    assert all("steps with alarms: 1" in label for label in seen.labels if label.startswith("Held-out"))


def test_a_matrix_stands_beside_its_code(tmp_path: Path) -> None:
    skipped = sample("hard", matrix=["EE", "FF", "FP"], chosen=[0], abstain="too close")
    seen = page_of(written(tmp_path, samples={1: [skipped, sample("easy")]}))
    assert "3 solutions × 2 tests: 5 passed, 1 failed; 2 solutions chosen" in seen.labels
    assert "3 solutions × 2 tests: 1 passed, 3 failed, 2 error; skipped" in seen.labels
    assert "Chosen (marked ●): 2 of 3 solutions and 1 of 2 tests." in seen.text
    assert "Skipped: too close." in seen.text
    assert "Chosen solution 1def f(x): return x" in seen.text
    assert "1, passed by 2 of 3assert f(1) == 1" in seen.text
    assert seen.text.count("●1") == 1  # of the skipped problem nothing is marked


def test_problems_of_a_recipe_without_a_selector_say_nothing_of_one(tmp_path: Path) -> None:
    plain = {key: value for key, value in sample("p").items() if key not in ("chosen", "chosen_tests", "abstain")}
    seen = page_of(written(tmp_path, samples={1: [plain]}))
    assert "Step 11 problems." in seen.text
    assert "●" not in seen.text
    assert "elector" not in seen.text.partition("Passing matrices")[2].partition("Other metrics")[0]


def test_long_code_is_cut_and_says_so(tmp_path: Path) -> None:
    seen = page_of(written(tmp_path, samples={1: [sample("p", solutions=["x" * 9000] * 3)]}))
    assert "… (7,500 more characters)" in seen.text
    assert "x" * 1600 not in seen.text


def test_a_comparison_shows_arms_with_their_errors(tmp_path: Path) -> None:
    runs = [
        read_history(written(tmp_path / f"{mutants}-{seed}", {s: metrics(s, 0.4 + 0.02 * seed) for s in range(7)},
                             seed=seed, mutants=mutants))
        for mutants in (0, 5) for seed in (0, 1)
    ]  # fmt: skip
    seen = Seen(of_arms(arms_of(runs, [None] * 4)))
    assert "4 runs in 2 arms" in seen.text
    assert "At the end pass@1 is highest for mutants=0: 0.710 ± 0.016" in seen.text  # binomial: more than over seeds
    assert "(seed 0, 1)" in seen.text
    told = next(label for label in seen.labels if label.startswith("Held-out solutions: pass@1"))
    assert "mutants=0: 0.410 at step 0" in told and "mutants=5" in told
    assert "5-1: mutants=5, 6 steps" in seen.text
