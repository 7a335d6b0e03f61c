"""The section for exploring, in a real browser: narrowing down, comparing, and its address."""

import csv
import io
import re

import numpy as np
import pytest
import test_browser
from made_up import Made
from PIL import Image
from scipy.stats import ttest_rel

from genboost.analysis import splits
from genboost.study import grid

pytestmark = test_browser.pytestmark
browser = test_browser.browser
folder = test_browser.folder
SIZE = 3_000_000  # bytes, for 2,000 cells with 30 seeds
SETTINGS = {
    "training": {"epochs": 8, "epochs_sam": 4},
    "grid": {
        "optimizer": ["sgd", "adam"],
        "learning_rate": [1e-4, 1e-3, 1e-2],
        "weight_decay": [0, 1e-2],
        "sam_rho": [None, 0.05],
        "seeds": 12,
    },
    "studies": {"grid": {"title": "<i>A grid</i>"}},
    "tables": {"digits": 4},
}
# An element above all of a page.
ALONE = {"position": "fixed", "inset": "0", "zIndex": "9", "background": "var(--paper)"}
LOST = {"optimizer": "sgd", "learning_rate": 1e-2, "sam_rho": 0.05}  # where a model diverged


def number(model, *more):
    """Return a number that depends on all of a model."""
    of_cell = sum(ord(c) * k for k, c in enumerate(repr(sorted(model.cell.items(), key=str))))
    noise = np.random.default_rng([model.seed, of_cell, model.cell.split_seed, *more])
    return 1 + 30 * model.cell.learning_rate + 0.2 * noise.normal()


def errors(model):
    is_lost = model.seed == 3 and all(model.cell[k] == v for k, v in LOST.items())
    return float("nan") if is_lost else abs(number(model))


def write(made, folder):
    path = folder / "index.html"
    path.write_text(made.report())
    return path.as_uri()


@pytest.fixture(scope="module")
def made():
    return Made(SETTINGS, errors=errors, gap=lambda model: number(model, 7))


@pytest.fixture(scope="module")
def address(made, tmp_path_factory):
    return write(made, tmp_path_factory.mktemp("report"))


@pytest.fixture
def visit(browser):
    """Return a function that opens a page; nothing may be fetched or complained of."""
    complaints, pages = [], []

    def open_page(address, width=1440, height=900, **context):
        page = browser.new_page(viewport={"width": width, "height": height}, **context)
        file = address.partition("?")[0].partition("#")[0]
        page.on("request", lambda r: None if r.url.startswith(file) else complaints.append(r.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


def tab_to(page, selector):
    """Press the tab key until something has the focus."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the tab key never reaches {selector}")


def text(page, name):
    return page.locator(f"#explore-{name}").inner_text()


def seen(page):
    """Return all that the section says now."""
    names = ("count", "a", "b", "verdict", "cells", "numbers")
    ticked = page.locator("#explore-filters input:checked").count()
    return [ticked, *(text(page, name) for name in names), page.input_value("#explore-quantity")]


def column(made, quantity, **cell):
    models = made.results.models
    for name, value in cell.items():
        models = models[models[name] == value]
    order = [name for name in ("split_seed", "seed") if name in models]
    return models.sort_values(order)[quantity].to_numpy()


def test_cells_are_narrowed_down_and_compared_by_keyboard_alone(visit, address, made):
    page = visit(f"{address}#explore")
    tab_to(page, "#explore-quantity")
    page.keyboard.type("generalization gap")
    tab_to(page, "[data-value=Adam]")
    page.keyboard.press("Space")
    assert text(page, "count") == "12 of 24 cells; optimizer Adam"
    tab_to(page, "[role=slider][aria-label^='learning rate']")
    slider = page.locator("[role=slider][aria-label^='learning rate']")
    assert slider.get_attribute("aria-valuetext") == "all"
    for key, told, cells in (
        ("ArrowUp", "1e-4", 4),
        ("Shift+ArrowUp", "1e-4 to 1e-3", 8),
        ("ArrowUp", "1e-3 to 1e-2", 8),
        ("Escape", "all", 12),
        ("ArrowDown", "1e-2", 4),
    ):
        page.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext") == told
        assert text(page, "count").startswith(f"{cells} of 24 cells")
        assert slider.evaluate("element => element === document.activeElement")
    tab_to(page, "[name=explore-a]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=explore-b]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    rows = page.locator("#explored-cells tbody tr")
    assert rows.count() == 4
    for key in ("a", "b"):
        chosen = rows.filter(has=page.locator(f"[name=explore-{key}]:checked"))
        parts = chosen.locator("td").all_inner_texts()[4:8]
        shown = re.sub(r"SAM with ρ = |lr |wd ", "", text(page, key)).replace("no SAM", "none")
        assert shown.split(", ") == parts
    gaps = [float(value) for value in rows.locator("td:nth-child(3)").all_inner_texts()]
    assert gaps == sorted(gaps)
    # A strict policy for contents forbids them.
    assert page.locator("#explore [style]").count() == 0


def test_what_was_chosen_is_in_the_address(visit, address, folder):
    page = visit(address)
    page.select_option("#explore-quantity", "gap")
    page.locator("[data-value='1e-3']").first.check()
    page.locator("[data-value='1e-2']").first.check()
    page.locator("[role=slider]").last.focus()
    page.keyboard.press("ArrowUp")
    for _ in range(12):
        page.keyboard.press("Shift+ArrowUp")
    page.locator("[name=explore-a]").nth(2).check()
    page.locator("[name=explore-b]").nth(3).check()
    before = seen(page)
    assert "generalization gap" in before[1]
    page.screenshot(path=folder / "explored.png", full_page=True)
    page.reload()
    assert seen(page) == before
    assert seen(visit(page.url)) == before
    page.locator("nav a").first.click()  # other anchors leave the choices alone
    page.reload()
    assert seen(page) == before
    page.locator("#explore-clear").click()
    assert text(page, "count") == "24 of 24 cells"
    assert page.locator("#explore-clear").is_hidden()


def test_difference_and_interval_are_those_of_scipy(visit, address, made):
    page = visit(address)
    cells = made.results.studies[0].cells
    for a, b in ((0, 1), (5, 20), (23, 7), (9, 8)):
        keys = [
            {
                "optimizer": cell.optimizer,
                "learning_rate": cell.learning_rate,
                "weight_decay": cell.weight_decay,
                "sam_rho": "none" if cell.sam_rho is None else str(cell.sam_rho),
            }
            for cell in (cells[a], cells[b])
        ]
        for key, number_of in (("a", a), ("b", b)):
            while page.locator("#explore-more").is_visible():
                page.locator("#explore-more").click()
            page.locator(f"[name=explore-{key}][value='{number_of}']").check()
        for quantity in ("test_mse", "gap"):
            page.select_option("#explore-quantity", quantity)
            first, second = (column(made, quantity, **key) for key in keys)
            whole = np.isfinite(first + second)
            expected = ttest_rel(first[whole], second[whole])
            low, high = expected.confidence_interval(0.95)
            mean = (first - second)[whole].mean()
            told = text(page, "verdict")
            numbers = re.fullmatch(
                r"A − B in .*: (\S+) \(95 % interval (\S+) to (\S+)\), over (\d+) seeds\. .*", told
            )
            shown = [f"{value:.5f}" for value in (mean, low, high)]
            assert [*numbers.groups()] == [*shown, str(whole.sum())]
            side = "A is higher" if low > 0 else "A is lower" if high < 0 else "stays open"
            assert side in told
            row = page.locator("#explored-numbers tbody tr").filter(
                has=page.get_by_role("cell", name=made_title(quantity), exact=True)
            )
            parts = row.locator("td").all_inner_texts()
            assert parts[3:] == [shown[0], f"{shown[1]} to {shown[2]}", str(whole.sum())]
            some = first[np.isfinite(first)]
            assert parts[1].startswith(f"{some.mean():.4f} ± {some.std(ddof=1):.4f}")
    assert page.locator("#explore-differences circle").count() == whole.sum()


def made_title(quantity):
    return {"test_mse": "test MSE", "gap": "generalization gap (MSE)"}[quantity]


def test_from_fewer_than_five_seeds_there_is_no_interval(visit, tmp_path):
    settings = {**SETTINGS, "grid": {**SETTINGS["grid"], "seeds": 4}}
    page = visit(write(Made(settings, errors=lambda m: abs(number(m))), tmp_path))
    assert text(page, "verdict").endswith("over 4 seeds: too few for an interval.")
    intervals = page.locator("#explored-numbers td:nth-child(5)").all_inner_texts()
    assert set(intervals) == {""}


def test_over_several_splits_the_components_are_crossed(visit, tmp_path):
    axes = {"learning_rate": [1e-3, 1e-2], "weight_decay": [0], "sam_rho": [None]}
    several = {**axes, "optimizer": ["adam"], "split_seed": [0, 1, 2, 3], "seeds": 5}
    made = Made({**SETTINGS, "grid": several}, errors=lambda m: abs(number(m)))
    page = visit(write(made, tmp_path))
    both = (column(made, "test_mse", learning_rate=rate) for rate in (1e-3, 1e-2))
    first, second = (values.reshape(4, 5) for values in both)
    # The cell with the lowest mean is A.
    sign = 1 if first.mean() < second.mean() else -1
    expected = splits.crossed(sign * (first - second))
    told = text(page, "verdict")
    assert "over 4 splits × 5 seeds" in told
    numbers = re.search(r": (\S+) \(95 % interval (\S+) to (\S+)\)", told).groups()
    wanted = (expected.mean, expected.low, expected.high)
    # The t quantile of a fraction of degrees of freedom lies between two that the page has.
    assert [float(value) for value in numbers] == pytest.approx(wanted, rel=1e-3, abs=2e-5)


def test_an_axis_is_brushed_with_the_pointer(visit, address):
    page = visit(address)
    axis = page.locator("[role=slider][aria-label^='learning rate'] .handle")
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.95 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.7 * box["height"])
    page.mouse.move(x, box["y"] + 0.5 * box["height"])
    page.mouse.up()
    assert text(page, "count") == "16 of 24 cells; learning rate 1e-4 or 1e-3"
    for expected in ("8 of 24 cells; learning rate 1e-2", "24 of 24 cells"):
        page.mouse.click(x, box["y"] + 0.03 * box["height"])
        assert text(page, "count") == expected
    dots = page.locator("#explore-scatter circle.on")
    dots.nth(3).hover()
    details = page.locator("#tip").inner_text().splitlines()
    dots.nth(3).click()
    assert text(page, "a") == details[0]
    dots.nth(5).click(modifiers=["Shift"])
    assert text(page, "b") != text(page, "a")


@pytest.mark.parametrize("width", [390, 1440])
def test_marks_at_the_edges_of_a_chart_have_their_names_within_it(visit, address, width):
    page = visit(address, width)
    dots = page.locator("#explore-scatter circle.on")
    across = dots.evaluate_all("dots => dots.map(dot => Number(dot.getAttribute('cx')))")
    dots.nth(across.index(max(across))).dispatch_event("click")
    names = page.locator("#explore .chart text.a")
    assert names.count() == 3  # a line, a dot and a curve
    for name in names.all():
        chart, box = (
            name.locator("xpath=ancestor::*[name()='svg']").bounding_box(),
            name.bounding_box(),
        )
        assert chart["x"] <= box["x"]
        assert box["x"] + box["width"] <= chart["x"] + chart["width"]


AXES = {
    "one": {"learning_rate": [1e-4, 1e-3, 1e-2]},
    "seven": {
        **{"learning_rate": [1e-4, 1e-3], "weight_decay": [0, 1e-2], "batch_size": [8, 32]},
        **{"optimizer": ["sgd", "adam"], "width": [9, 18], "activation": ["relu", "tanh"]},
        "sam_rho": [None, 0.05],
    },
    "drawn": {"learning_rate": {"log_uniform": [1e-5, 0.1]}, "trials": 30},
}


@pytest.mark.parametrize(("name", "width"), [("one", 390), ("seven", 1440), ("drawn", 390)])
def test_any_grid_can_be_explored(visit, tmp_path, folder, name, width):
    alone = {"optimizer": ["adam"], "sam_rho": [None], "weight_decay": [0], "seeds": 5}
    settings = {**SETTINGS, "grid": {**alone, **AXES[name]}}
    page = visit(write(Made(settings, errors=lambda m: abs(number(m))), tmp_path), width)
    axes = page.locator("#explore-filters fieldset")
    assert axes.count() == {"one": 1, "seven": 7, "drawn": 1}[name]
    if name == "drawn":
        slider = page.get_by_label("learning rate, from")
        slider.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
    else:
        axes.first.locator("input").first.check()
    cells = {"one": "1 of 3", "seven": "64 of 128", "drawn": "20 of 30"}[name]
    assert text(page, "count").startswith(f"{cells} cells")
    before = seen(page)
    page.reload()
    assert seen(page) == before
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#explore").screenshot(path=folder / f"explore-{name}.png")


def test_it_is_not_printed(visit, address):
    page = visit(address)
    page.emulate_media(media="print")
    assert page.locator("#explore").is_hidden()


def test_a_tip_is_small_with_300_seeds(visit, tmp_path, folder):
    few = {"learning_rate": [1e-3, 1e-2], "weight_decay": [0], "sam_rho": [None], "seeds": 300}
    made = Made({**SETTINGS, "grid": few}, errors=lambda m: abs(number(m)))
    page = visit(write(made, tmp_path), 390)
    tip = page.locator("#tip")
    page.locator(".heat td[data-details]").first.focus()
    lines = tip.inner_text().splitlines()
    values = column(made, "test_mse", learning_rate=1e-3, optimizer="sgd")
    assert "300 models" in lines
    assert f"median {np.median(values):.4f}" in lines
    assert f"from {values.min():.4f} to {values.max():.4f}" in lines
    assert len(lines) <= 7
    assert tip.bounding_box()["height"] < 200
    page.screenshot(path=folder / "tip-300.png")
    page.keyboard.press("Escape")
    dot = page.locator("#explore-differences circle").nth(150)
    dot.scroll_into_view_if_needed()
    dot.dispatch_event("mouseover")
    assert len(tip.inner_text().splitlines()) == 4


def picture(shot):
    with Image.open(io.BytesIO(shot)) as image:
        return np.asarray(image.convert("RGB"), float)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_shown_can_be_saved(visit, address, browser, tmp_path, scheme):
    still = {"accept_downloads": True, "color_scheme": scheme, "reduced_motion": "reduce"}
    page = visit(f"{address}#explore", **still)
    page.locator("[data-value=Adam]").check()
    shown = [line.split("\t") for line in text(page, "cells").splitlines()]
    for name, columns in [("cells", 6), ("numbers", 6)]:
        name, content = test_browser.saved(page, page.locator(f"#explore-{name} + .save"))
        rows = list(csv.reader(content.splitlines()))
        assert {len(row) for row in rows} == {columns}, name
        if name == "explored-cells.csv":
            assert rows[0][:3] == ["test MSE", "train MSE", "optimizer"]
            assert [row[2] for row in rows[1:]] == ["Adam"] * 12
            assert rows[:11] == [line[2:] for line in shown[1:]]
        else:
            assert [row[0] for row in rows[:3]] == ["quantity", "test MSE", "train MSE"]
    for name in ("parallel", "scatter", "differences", "curves"):
        file, content = test_browser.saved(page, page.locator(f"#explore-{name} + .save"))
        assert "var(" not in content
        (tmp_path / file).write_text(content)
        drawn = page.locator(f"#explore-{name} svg")
        drawn.evaluate("(svg, look) => Object.assign(svg.style, look)", ALONE)
        page.mouse.move(0, 899)  # away from what answers to the pointer
        size = {side: drawn.bounding_box()[side] for side in ("width", "height")}
        alone = browser.new_page(viewport=size)
        alone.goto((tmp_path / file).as_uri())
        two = [picture(of.screenshot(clip={"x": 0, "y": 0, **size})) for of in (page, alone)]
        alone.close()
        drawn.evaluate("(svg) => svg.remove()")
        assert np.abs(two[0] - two[1]).mean() < 0.5, name
        assert two[0].std() > 5, name


def test_2000_cells_with_30_seeds_are_small_enough(visit, tmp_path, record_property):
    rates = [float(f"{1e-5 * 2**k:.3g}") for k in range(10)]
    radii = [None, *(float(f"{0.01 * 1.5**k:.3g}") for k in range(9))]
    large = {"optimizer": ["sgd", "adam"], "learning_rate": rates, "sam_rho": radii, "seeds": 30}
    made = Made({"grid": {**large, "weight_decay": [0, *rates[:9]]}, "studies": {"grid": {}}},
                gap=lambda model: model.seed / 10)  # fmt: skip
    assert len(made.models) == 2000 * 30
    assert len(grid.models(made.results.studies)) == len(made.models)
    page = visit(write(made, tmp_path), accept_downloads=True)
    size = (tmp_path / "index.html").stat().st_size
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    record_property("bytes", size)
    record_property("load_ms", round(loaded))
    print(f"2,000 cells × 30 seeds: {size} bytes, loaded in {loaded:.0f} ms")
    assert text(page, "count") == "2000 of 2000 cells"
    page.locator("#ranking summary").click()
    assert page.locator("#table-ranking tbody tr").count() == 500
    _, content = test_browser.saved(page, page.locator("#ranking .save"))
    rows = list(csv.reader(content.splitlines()))
    ranks = [int(row[0]) for row in rows[1:]]
    assert len(ranks) == 2000
    assert ranks == sorted(ranks)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert size < SIZE
