"""The report in a real browser: headless Chromium opens it from disk, and it is used.

Set REPORT_SCREENSHOTS to a folder to look at what the browser saw.
"""

import csv
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import pytest
from made_up import Made, as_svg

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium; on Debian: apt install chromium"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
NPM = Path(__file__).parent / "node_modules"
needs_npm = pytest.mark.skipif(
    not NPM.is_dir(), reason="axe and html-validate are missing: npm ci --prefix tests/report"
)
WIDTHS = {"phone": 360, "desktop": 1280, "wide": 1920}
SIZE = 3_000_000  # bytes
CLAIMS = {
    "sam": {
        "title": "SAM does not improve Adam",
        "claim": "higher",
        "a": {"study": "grid", "optimizer": "adam", "sam_rho": [0.02, 0.05, 0.1]},
        "b": {"study": "grid", "optimizer": "adam", "sam_rho": "none"},
    }
}


@pytest.fixture(scope="module")
def made():
    """Return results for the whole grid of 192 cells, some of which diverged."""

    def errors(model):
        lost = model.cell.optimizer == "sgd" and model.cell.learning_rate == 2e-2
        return float("nan") if lost and model.seed == 1 else 1 + 100 * model.cell.learning_rate

    return Made({"comparisons": CLAIMS, "studies": {"grid": {"title": "The grid"}}}, errors=errors)


@pytest.fixture(scope="module")
def address(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "index.html"
    drawings = made.shown()
    path.write_text(made.report(drawings))
    stand_in = Made(made.settings, synthetic=["obesity"])
    path.with_name("synthetic.html").write_text(stand_in.report(drawings))
    assert path.stat().st_size < SIZE
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def folder(tmp_path):
    """Return where pictures of what the browser saw go."""
    return Path(os.environ.get("REPORT_SCREENSHOTS") or tmp_path)


@pytest.fixture
def visit(browser, address, folder):
    """Return a function that opens the report; nothing may be fetched or complained of."""
    opened = []

    def open_page(width=1280, height=800, file="index.html", **context):
        page = browser.new_page(viewport={"width": width, "height": height}, **context)
        wanted = address.replace("index.html", file)
        page.on("request", lambda made: opened.append(made.url) if made.url != wanted else None)
        page.on("console", lambda message: opened.append(message.text))
        page.on("pageerror", lambda error: opened.append(str(error)))
        page.goto(wanted)
        page.shots = lambda name: page.screenshot(path=folder / f"{name}.png", full_page=True)
        return page

    yield open_page
    assert opened == []


def test_nothing_is_wider_than_the_screen(visit):
    for name, width in WIDTHS.items():
        page = visit(width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.shots(name)
        page.close()


def test_no_text_on_a_phone_is_smaller_than_eleven_pixels(visit):
    page = visit(390)
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    small = page.evaluate("""() => [...document.querySelectorAll("body *")].filter((element) => {
      const isText = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      const { a, b } = element.getScreenCTM?.() ?? { a: 1, b: 0 };
      const size = parseFloat(getComputedStyle(element).fontSize) * Math.hypot(a, b);
      return isText && element.checkVisibility() && size < 10.95; // widths are rounded
    }).map((element) => element.outerHTML.slice(0, 200))""")
    assert small == []


@pytest.mark.parametrize("width", [390, 1200, 1280, 1360, 1440, 1680, 1920])
def test_colour_tables_are_seen_whole(visit, width):
    page = visit(width)
    cut = "[...document.querySelectorAll('.heat-box')].map(e => e.scrollWidth - e.clientWidth)"
    assert set(page.evaluate(cut)) == {0}


@pytest.mark.parametrize("width", [1200, 1280, 1440])
def test_text_wraps_so_that_no_table_has_to_be_scrolled_sideways(visit, width):
    page = visit(width)
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll:has(table)')]"
        ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.ariaLabel || e.textContent)"
    )
    assert cut == []


def test_text_is_to_the_left_and_numbers_are_to_the_right(visit):
    page = visit()
    page.locator("#best summary").click()
    sides = (
        page.locator("#table-best tbody tr")
        .first.locator("td")
        .evaluate_all("cells => cells.map(cell => getComputedStyle(cell).textAlign)")
    )
    names = page.locator("#table-best th").all_inner_texts()
    texts = {name for name, side in zip(names, sides, strict=True) if side == "left"}
    assert texts == {"study", "best of", "best cell", "edge of the grid", "chosen separately"}


def test_seeds_are_shown_on_hover_and_on_focus(visit, folder):
    page = visit()
    tip = page.locator("#tip")
    assert tip.is_hidden()
    cell = page.locator(".heat td[data-details]").nth(5)
    cell.hover()
    assert tip.inner_text() == cell.get_attribute("data-details")
    assert "seed 0: " in tip.inner_text()
    box, screen = tip.bounding_box(), page.viewport_size
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= screen["width"]
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    cell.focus()
    assert tip.is_visible()
    assert cell.get_attribute("aria-describedby") == "tip"
    page.screenshot(path=folder / "tip.png")


def test_a_table_is_one_stop_of_the_tab_key_and_arrows_move_in_it(visit):
    page = visit()
    tables = page.locator(".heat")
    assert tables.count() == 8
    for index in range(tables.count()):
        assert tables.nth(index).locator("td[tabindex='0']").count() == 1
    first = tables.nth(0)
    first.locator("td[tabindex='0']").focus()

    def place():
        return page.evaluate(
            "[document.activeElement.parentElement.rowIndex, document.activeElement.cellIndex]"
        )

    assert place() == [1, 1]
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert place() == [2, 1]
    assert page.locator("#tip").inner_text().startswith("lr 1e-4, wd 0")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.heat') === "
                             "document.querySelectorAll('.heat')[0]")  # fmt: skip


def test_everything_can_be_reached_with_the_tab_key_and_is_seen_to_be(visit):
    page = visit()
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("element => element === document.activeElement")
    assert skip.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2
    assert {"TD", "SUMMARY", "DIV"} <= seen


def test_tables_can_be_sorted(visit):
    page = visit()
    page.locator("#ranking summary").click()
    table = page.locator("#table-ranking")
    column = table.locator("th").all_inner_texts().index("test MSE")
    head = table.locator("th").nth(column)

    def values():
        return table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()

    before = values()
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert values() == before  # the best come first as it is
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    numbers = [float(text) for text in values() if not text.startswith("diverged")]
    assert numbers == sorted(numbers, reverse=True)
    assert [text.startswith("diverged") for text in values()[-16:]] == [True] * 16
    assert "Sorted by test MSE, descending" in page.locator("#status").inner_text()
    table.locator("th button").first.click()
    assert head.get_attribute("aria-sort") is None
    assert table.locator("[aria-sort]").count() == 1
    page.shots("sorted")


def saved(page, button):
    with page.expect_download() as found:
        button.press("Enter")
    return found.value.suggested_filename, Path(found.value.path()).read_bytes().decode()


def test_every_table_and_figure_can_be_saved(visit, made):
    page = visit(accept_downloads=True)
    tables, figures = (
        page.locator("main table[id^='table-']"),
        page.locator("figure[id^='figure-']"),
    )
    files = page.locator(".save:not(#explorer .save)")
    assert files.count() == tables.count() + figures.count()
    name, text = saved(page, page.get_by_role("button", name="CSV of Adam, no SAM"))
    assert name == "grid-adam-no-sam.csv"
    header, first, *_ = csv.reader(text.splitlines())
    assert header == ["", "wd 0", "wd 1e-4", "wd 1e-3", "wd 1e-2"]
    assert first == ["lr 3e-5", *["1.00"] * 4]
    page.locator("#ranking summary").click()
    name, text = saved(page, page.locator("#ranking .save"))
    rows = list(csv.reader(text.splitlines()))
    assert len(rows) == 1 + len(made.results.summary)
    assert {len(row) for row in rows} == {len(rows[0])}
    name, text = saved(page, page.locator("#figure-methods .save"))
    assert name == "methods.svg"
    whole = ElementTree.fromstring(as_svg(made.figure("methods")))
    assert "data-cuts" in whole.attrib  # the page has it in parts
    box = list(map(float, ElementTree.fromstring(text).get("viewBox").split()))
    assert box == pytest.approx(list(map(float, whole.get("viewBox").split())))
    assert "var(" not in text
    assert "currentColor" not in text


def test_headings_link_to_themselves(visit):
    page = visit()
    for heading in page.locator("main h2").all():
        link = heading.locator("a")
        place = link.get_attribute("href")
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, place=place: url.endswith(place))
        target = page.locator(f"[id='{place.removeprefix('#')}'] h2")
        assert target.inner_text().startswith(heading.inner_text())


def test_printed_blocks_leave_no_page_half_empty(visit):
    across, down = (96 / 2.54 * (side - 2.8) for side in (21.0, 29.7))  # px of A4 in its margins
    page = visit(round(across))
    page.emulate_media(media="print")
    blocks = "figure:not(:has(svg + svg)), .paper svg, .heat-box, .claims li"
    whole = [block for block in page.locator(blocks).all() if block.is_visible()]
    assert max(block.bounding_box()["height"] for block in whole) < down / 2
    sizes = page.evaluate("""[...document.querySelectorAll(".paper text")].map((text) => {
      const { a, b } = text.getScreenCTM();
      return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b) * 0.75;
    })""")
    assert min(sizes) >= 8  # points


def test_links_lead_to_their_sections(visit):
    page = visit()
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        assert target.locator("h2").first.is_visible()


def test_dark_mode_and_reduced_motion(visit):
    page = visit(color_scheme="dark", reduced_motion="reduce")
    colors = page.evaluate(
        "['backgroundColor', 'color'].map(name => getComputedStyle(document.documentElement)[name])"
    )
    assert colors == ["rgb(20, 24, 28)", "rgb(228, 232, 236)"]
    ink = page.locator("#figure-methods svg text").first.evaluate(
        "element => getComputedStyle(element).fill"
    )
    assert ink == colors[1]
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    page.shots("dark")


@needs_npm
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, scheme, width):
    page = visit(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.evaluate((NPM / "axe-core/axe.min.js").read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []


@needs_npm
@pytest.mark.parametrize("file", ["index.html", "synthetic.html"])
def test_the_page_is_valid(address, file):
    path = Path(unquote(urlparse(address).path)).with_name(file)
    rules = NPM.with_name("htmlvalidate.json")
    program = [NPM / ".bin/html-validate", "--config", rules, "--formatter", "text", path]
    checked = subprocess.run(program, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout[:2000] + checked.stderr


def test_printed(visit, folder):
    page = visit(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert page.locator("nav").is_hidden()
    page.pdf(path=folder / "print.pdf", format="A4")
    assert (folder / "print.pdf").stat().st_size > 50_000


def test_without_javascript_everything_but_comfort_is_there(visit):
    page = visit(java_script_enabled=False)
    assert page.locator(".heat").count() == 8
    assert page.locator("#figure-deck svg").is_visible()
    page.locator("#ranking summary").click()
    assert page.locator("#table-ranking").is_visible()


def test_what_is_not_of_the_page_is_neither_run_nor_fetched(browser, address):
    page = browser.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(address)
    assert refused == []
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.stranger = true";
      const image = new Image();
      image.src = "https://example.org/";
      document.body.append(script, image);
      document.body.setAttribute("style", "margin: 99px");
    }""")
    assert page.evaluate("window.stranger") is None
    assert page.evaluate("getComputedStyle(document.body).marginTop") != "99px"
    assert len(refused) == 3
    page.close()


def test_synthetic_data_cannot_be_overlooked(visit):
    page = visit(file="synthetic.html")
    assert page.title().startswith("SYNTHETIC")
    assert page.locator(".banner").is_visible()
    mark = page.evaluate("getComputedStyle(document.body, '::after').content")
    assert mark == '"SYNTHETIC"'
    page.shots("synthetic")
