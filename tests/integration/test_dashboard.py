"""The dashboard in a real browser, on a real stack: what a person sees, and reaches with the keyboard alone.

Chromium is the machine's own (Debian: `apt install chromium`); Playwright only drives it.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from crossjudge.client import Client
from crossjudge.contracts import Quotas
from crossjudge.service.keys import KeyStore
from running_stack import RunningStack, running

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
HOSTILE = "<img src=x onerror=\"document.title='owned'\"></script><script>document.title='owned'</script>\u202e"
SOLUTIONS = [
    "def f(x): return x + 1",
    f"def f(x):\n    print({HOSTILE!r})\n    raise ValueError({HOSTILE!r})  # {HOSTILE}",
    f"def f(x): return '\x00'  # {HOSTILE}",
]
TESTS = ["assert f(1) == 2", f"assert f(2) == 3  # {HOSTILE}", "assert f(3) == 5"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 860}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running(tmp_path_factory.mktemp("dashboard")) as stack:
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    if binary is None:
        pytest.skip("no Chromium here: apt install chromium")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=binary, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def said() -> list[str]:
    """What the page complained of: errors of its scripts, and whatever its policy kept it from doing."""
    return []


@pytest.fixture
def page(browser: Browser, parts: RunningStack, said: list[str]) -> Iterator[Page]:
    opened = browser.new_page(base_url=parts.url, viewport=DESK)  # type: ignore[arg-type]  # a TypedDict of Playwright's
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.on("dialog", lambda dialog: said.append(f"a dialog: {dialog.message}"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def hostile_batch(parts: RunningStack) -> str:
    """One problem of nine cells, of which six have hostile text in every place that a model can write to."""
    with Client(parts.url, run=f"run {HOSTILE}") as judge:
        problem = {
            "id": f"id {HOSTILE}",
            "entry_point": "f",
            "solutions": SOLUTIONS,
            "tests": TESTS,
            "prelude": f"# {HOSTILE}",
        }
        status = judge.wait(judge.submit([problem], detail="full"), timeout=60)
        assert status.problems is not None and status.problems[0].matrix == ["PPF", "EEE", "EEE"]
        return status.id


def tile(page: Page, name: str) -> Any:
    return page.locator(".tile", has=page.get_by_text(name, exact=True)).locator("b")


def test_live_numbers_move(page: Page, parts: RunningStack, said: list[str]) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    expect(tile(page, "Workers")).to_have_text("2")
    before = tile(page, "Judged").inner_text()

    with Client(parts.url, run="a moving run", cache=False) as judge:
        judge.matrix([f"def f(x): return x + {n}" for n in range(30)], ["assert f(1) == 2", "assert f(2) == 3"])

    expect(tile(page, "Judged")).not_to_have_text(before)
    expect(tile(page, "Throughput")).not_to_have_text("0")
    row = page.get_by_role("region", name="runs").get_by_role("row", name="a moving run")
    expect(row.get_by_role("img", name=re.compile(r"verdicts: P \d+ %"))).to_be_visible()
    expect(page.get_by_role("region", name="batches").get_by_role("link", name="a moving run").first).to_be_visible()
    chart = page.get_by_role("img", name=re.compile("Throughput"))
    chart.focus()
    page.keyboard.press("End")
    expect(page.locator("figure .readout").first).to_contain_text("cells/s")
    assert said == []


def test_the_keyboard_alone_reaches_a_cell(page: Page, hostile_batch: str, said: list[str]) -> None:
    page.goto("/")
    page.get_by_role("link", name=hostile_batch).focus()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="problems").get_by_role("link").focus()
    page.keyboard.press("Enter")
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "3")
    while not grid.evaluate("each => each === document.activeElement"):
        page.keyboard.press("Tab")

    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_role("gridcell")).to_have_attribute("aria-label", "solution 1 × test 1: E error")
    assert grid.get_attribute("aria-activedescendant") == page.get_by_role("gridcell").get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("[data-cell='1,1']")).to_be_visible()
    page.keyboard.press("f")  # the next cell that failed, round the end
    expect(page.locator("[data-cell='0,2']")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-cell]")).to_have_count(0)
    assert grid.evaluate("each => each === document.activeElement")
    assert said == []


def test_what_a_model_wrote_stays_text(page: Page, hostile_batch: str, said: list[str]) -> None:
    page.goto(f"/#/b/{hostile_batch}/p/0/c/1/1")
    cell = page.locator("[data-cell='1,1']")
    expect(cell.locator(".message")).to_contain_text("ValueError: <img src=x onerror=")
    for name in ("What it printed", "Test (assert)", "Solution"):
        expect(cell.get_by_label(name, exact=True)).to_contain_text("</script><script>")
    for name in ("Test (assert)", "Solution"):  # workers replace what cannot be printed in what a program says
        expect(cell.get_by_label(name, exact=True).locator(".unseen").last).to_have_text("U+202E")
    page.goto(f"/#/b/{hostile_batch}/p/0/c/2/0")
    expect(
        page.locator("[data-cell='2,0']").get_by_label("Solution", exact=True).locator(".unseen").first
    ).to_have_text("NUL")
    for view in ("/", f"/#/b/{hostile_batch}", f"/#/b/{hostile_batch}/p/0"):
        page.goto(view)
        expect(page.locator("main")).to_contain_text("<img src=x")

    assert page.locator("main img, main script, main iframe").count() == 0
    assert page.title() != "owned"
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(
    browser: Browser, parts: RunningStack, hostile_batch: str, scheme: Any, tmp_path: Path
) -> None:
    page = browser.new_page(base_url=parts.url, viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]  # as above
    for name, view, shown in (
        ("overview", "/", ".chart"), ("batch", f"/#/b/{hostile_batch}", ".mixbar"),
        ("cell", f"/#/b/{hostile_batch}/p/0/c/1/1", "[data-cell]"),
    ):  # fmt: skip
        page.goto(view)
        expect(page.locator(shown).first).to_be_visible()
        page.screenshot(path=tmp_path / f"{name}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    page.close()


def test_a_large_matrix_is_shown_in_pages(page: Page, parts: RunningStack, said: list[str]) -> None:
    solutions = [f"def f(x): return {n % 3}" for n in range(3)] * 75
    with Client(parts.url, run="large") as judge:
        batch = judge.wait(judge.submit([{"solutions": solutions, "tests": ["assert f(0) == 1"] * 210}]), timeout=60)
    page.goto(f"/#/b/{batch.id}/p/0/c/150/120")  # the cursor of an address is scrolled to
    expect(page.get_by_role("gridcell")).to_be_in_viewport()
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+End")
    expect(page.get_by_role("gridcell")).to_have_attribute("aria-label", "solution 224 × test 209: F failed")
    expect(page.get_by_role("gridcell")).to_be_in_viewport()
    expect(page.get_by_role("combobox", name="solutions")).to_have_value("200")
    expect(page.get_by_role("combobox", name="tests")).to_have_value("200")
    assert said == []


def test_a_service_that_restarts_is_waited_for(page: Page, parts: RunningStack) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    parts.stop_service()
    expect(page.locator("#state")).to_contain_text("not reachable, trying again", timeout=20_000)
    expect(tile(page, "Workers")).to_be_visible()  # what was known is still shown
    parts.start_service()
    expect(page.locator("#state")).to_have_text("live", timeout=30_000)


def test_a_key_is_asked_for_and_kept_in_the_session_alone(browser: Browser, tmp_path: Path) -> None:
    guarded = RunningStack(tmp_path)  # no worker: looking in needs none
    try:
        guarded.redis.start()
        guarded.start_service()
        with Redis.from_url(guarded.redis.url, decode_responses=True) as redis:
            _, right = KeyStore(redis).create("acme", note="", weight=1.0, quotas=Quotas(), expires_at=None)
        page = browser.new_page(base_url=guarded.url)
        page.goto("/")
        for key in ("cj_wrong", right):
            expect(page.get_by_role("heading", name="An API key, please")).to_be_visible()
            page.get_by_label("API key").fill(key)
            page.keyboard.press("Enter")
            expect(page.locator("#state")).to_have_text("live" if key == right else "locked")
        assert page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
        page.close()
    finally:
        guarded.stop()


def test_an_address_that_leads_nowhere_says_so(page: Page) -> None:
    page.goto("/#/b/b_nothing")
    expect(page.get_by_text("there is no batch 'b_nothing'")).to_be_visible()
    page.get_by_role("link", name="Back to the overview").click()
    expect(page.locator("#state")).to_have_text("live")
