"""The page in a real browser: quiet, without a network, sortable and movable by keyboard, and accessible."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mattekit.bench import validate
from mattekit.bench.accuracy.outputs import write_sample_images
from mattekit.bench.accuracy.predictors import golden_predictor
from mattekit.bench.accuracy.sample_choice import rows_to_show
from mattekit.datasets import open_dataset, write_png
from mattekit.reports import write_report
from records import bench_record

pytest.importorskip("playwright", reason="looking at pages needs the extra `dev`")
pytest.importorskip("matplotlib", reason="reports need the extra `report`")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:axe_playwright_python"),
]

VARIABLE = "MATTEKIT_CHROMIUM"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the one that the variable names, that is on the path, or that playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).is_file():
            pytest.skip(f"there is no Chromium: none of {', '.join(names)} is on the path (set {VARIABLE})")
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"], timeout=300_000)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with verdicts, tables, drawings, a trend and a gallery, of a model whose name tries to be a script."""
    folder = tmp_path_factory.mktemp("page")
    dataset = open_dataset("synthetic:count=4,seed=0,size=96x64")
    (folder / "golden").mkdir()
    for sample in dataset:
        write_png(folder / "golden" / f"{sample.id}.png", np.zeros(sample.image.shape[:2], np.uint8))
    subject = golden_predictor(folder / "golden")
    (record,) = validate([subject], dataset)
    record.write(folder / "v.json")
    write_sample_images(folder / "v.json", subject, dataset, rows_to_show([record], count=2))
    for day in (1, 2):
        times = {precision: [value * day] * 2 for precision, value in (("fp32", 10.0), ("fp16", 9.5), ("int8", 100.25))}
        bench_record(times, model="<script>throw 1</script>", day=day).write(folder / f"w{day}.json")
    gates = folder / "gates.toml"
    gates.write_text('[[gate]]\nmetric = "latency_p50"\nmax = 50\n[[gate]]\nmetric = "iou"\nmin = 2\nsamples = 1\n')
    paths = tuple(folder / name for name in ("v.json", "w1.json", "w2.json"))
    write_report(paths, folder / "report.html", baseline=(folder / "w1.json",), gate=gates)
    return folder / "report.html"


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.goto(page_file.as_uri())
    yield opened
    context.close()


def column(page: Page, heading: str) -> list[str]:
    """Return a column of the table that has such a heading, as it stands on the page."""
    return page.evaluate(
        """heading => {
          const button = [...document.querySelectorAll("thead button")].find(b => b.textContent.startsWith(heading));
          const at = button.closest("th").cellIndex;
          return [...button.closest("table").tBodies[0].rows].map(row => row.cells[at].firstChild.textContent.trim());
        }""",
        heading,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_page_is_quiet_whole_and_accessible(scheme: str, width: int, browser: Browser, page_file: Path) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert not said
    assert [url for url in requested if not url.startswith("data:")] == [page_file.as_uri()]
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert page.evaluate("document.images.length") > 4
    # Nothing makes the page itself wider than the screen; tables scroll in their own frames.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    context.close()


def test_the_policy_stops_what_would_reach_out(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    reached = page.evaluate(
        "fetch('https://example.org').then(() => 'reached', () => 'stopped')",
    )
    assert reached == "stopped"
    assert any("Content Security Policy" in text for text in said)


def test_a_table_sorts_by_mouse_and_by_keyboard(page: Page) -> None:
    heading = page.locator("#models thead button", has_text="latency").first
    heading.click()
    assert column(page, "latency") == ["19.0", "20.0", "200"]
    assert heading.locator("xpath=..").get_attribute("aria-sort") == "ascending"
    heading.focus()
    page.keyboard.press("Enter")
    assert column(page, "latency") == ["200", "20.0", "19.0"]
    assert heading.locator("xpath=..").get_attribute("aria-sort") == "descending"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.locator("[aria-sort]").count() == 1


def test_the_slider_uncovers_the_image(page: Page) -> None:
    slider, over = page.locator(".compare input").first, page.locator(".over").first

    def hidden() -> str:
        return str(over.evaluate("one => getComputedStyle(one).clipPath"))

    before = hidden()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert slider.input_value() == "60"
    assert hidden() != before
    page.keyboard.press("End")
    assert "calc(0%" in hidden() or "0px 0% 0px 0px" in hidden() or "inset(0px)" in hidden()


def test_the_page_prints_with_its_tables(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('figure details')].every(one => one.open)")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
