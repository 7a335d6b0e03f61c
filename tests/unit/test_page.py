"""The report is whole, says what the results say, and can be used by anybody."""

import base64
import hashlib
import html
import itertools
import math
import re
import subprocess
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import yaml
from made_up import PROVENANCE, RUN, Made

from genboost.report import page as report
from genboost.report import results
from genboost.study import config, written

SETTINGS = {
    "training": {"epochs": 6, "epochs_sam": 4},
    "grid": {
        "learning_rate": [1e-3, 1e-2],
        "weight_decay": [0, 1e-2],
        "sam_rho": [None, 0.05],
        "seeds": 3,
    },
    "studies": {
        "grid": {"title": "The grid"},
        "other": {"title": "<i>A & B</i>", "training": {"epochs_sam": 6}, "grid": {"seeds": [7]}},
    },
    "comparisons": {
        "sam": {
            "title": "SAM <helps>",
            "a": {"study": "grid", "sam_rho": 0.05},
            "b": {"study": "grid", "sam_rho": "none"},
        },
        "none": {"title": "Nothing", "a": {"learning_rate": 7}, "b": {"learning_rate": 8}},
    },
    "tables": {"digits": 4},
    "figures": {"curves": [{"learning_rate": 1e-3, "study": "grid"}]},
}
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """A parsed page: `elements` are (tag, attributes, text, tags around it)."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        assert not self.open, f"not closed: {[tag for tag, *_ in self.open]}"

    def handle_starttag(self, tag, attributes):
        element = [tag, dict(attributes), "", [e[0] for e in self.open]]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), "", [e[0] for e in self.open]])

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes nothing"
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, *tags):
        return [element for element in self.elements if element[0] in tags]


@pytest.fixture(scope="module")
def made():
    return Made(SETTINGS)


@pytest.fixture(scope="module")
def drawings(made):
    return made.drawings()


@pytest.fixture(scope="module")
def text(made, drawings):
    return made.report(drawings)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_everything_a_page_refers_to_is_in_it(page, text):
    ids = Counter(e[1]["id"] for e in page.elements if "id" in e[1])
    assert [name for name, count in ids.items() if count > 1] == []
    for tag, attributes, *_ in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(ids), (tag, attributes)
        for name in ("href", "xlink:href"):
            if name in attributes and tag != "link":
                assert attributes[name].startswith("#")
                assert attributes[name][1:] in ids
        assert "src" not in attributes
    assert set(re.findall(r"url\(#(.*?)\)", text)) <= set(ids)
    named = set(re.findall(r"https?://[^/]*", text))  # the vocabularies of SVG, and a paper's DOI
    assert named <= {"http://www.w3.org", "https://doi.org"}


def test_too_few_seeds_are_told_with_the_option_that_asks_for_more(page):
    (told,) = (e[2] for e in page.all("p") if "can decide" in e[2])
    assert re.fullmatch(r"More seeds can decide, .*: --config grid='\{seeds: \d+\}'", told)


def test_structure_for_those_who_do_not_see_it(page):
    assert page.all("html")[0][1]["lang"] == "en"
    for landmark in ("header", "nav", "main", "h1"):
        assert len(page.all(landmark)) == 1
    levels = [int(e[0][1]) for e in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for tag, attributes, _, around in page.all("table", "th", "svg", "section"):
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
        if tag == "svg" and attributes.get("aria-hidden") != "true":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
            assert "figure" in around
        if tag == "section":
            assert "aria-labelledby" in attributes
    # The description's own tables stand below its headings.
    captioned = [e for e in page.all("caption")]
    described = [e for e in page.all("table") if not e[1]]
    assert len(captioned) + len(described) == len(page.all("table"))
    scrolled = [e for e in page.elements if "scroll" in e[1].get("class", "").split()]
    assert all(e[1].get("tabindex") == "0" for e in scrolled)


def test_each_cell_has_its_mean_and_its_seeds(page, text, made):
    cells = [e for e in page.all("td") if "data-details" in e[1]]
    summary = made.results.summary
    assert len(cells) == len(summary) == 32
    lines = [cell[1]["data-details"].splitlines() for cell in cells]
    for (_, attributes, shown, _), (place, *told), row in zip(
        cells, lines, summary.itertuples(), strict=True
    ):
        models = made.results.models
        for name in ("study", "optimizer", "sam_rho", "learning_rate", "weight_decay"):
            models = models[models[name] == getattr(row, name)]
        assert shown.lstrip("★") == f"{row.test_mse:.4f}"
        color = attributes["class"].removeprefix("c")
        assert f".c{color} {{ background: #{color}; color: #" in text
        decay = {0: "0", 0.01: "1e-2"}[row.weight_decay]
        assert place == f"lr {row.learning_rate:.0e}, wd {decay}".replace("e-0", "e-")
        seeds = [line for line in told if line.startswith("seed")]
        assert seeds == [f"seed {m.seed}: {m.test_mse:.4f}" for m in models.itertuples()]


def test_the_first_screen_says_what_was_found_and_of_what(page, made):
    (header,) = page.all("header")
    assert "Of two claims, one is undecided and one is untested." in header[2]
    assert "Generalization Boosts" not in header[2]  # none of its cells is here
    assert "A data set; 24 rows of people." in header[2]
    assert "4 hidden layers of 18 units, ReLU" in header[2]
    assert f"{len(made.models)} models" in header[2]
    defined = [e[2] for e in page.all("dfn")]
    assert sorted(defined) == sorted({"cell", "lr", "wd", "ρ", "seed"})


def test_verdicts_are_told(page, made):
    told = [e[2] for e in page.all("li") if e[1].get("id", "").startswith("claim-")]
    assert len(told) == 2
    sam, nothing = made.statistics["comparisons"]
    assert "SAM <helps>" in told[0]
    assert sam["verdict"] == "undecided"
    assert "undecided" in told[0]
    side = "worse" if sam["difference"] > 0 else "better"
    assert f"{abs(sam['difference']):.4f} {side}, compared with" in told[0]
    assert "It takes at least 8 seeds to decide" in told[0]  # 5 with p = 2 ** -4 do not; 6 of 8 do
    assert any(re.fullmatch(r"--config grid='{seeds: \d+}'", e[2]) for e in page.all("code"))
    assert "untested" in told[1]
    assert nothing["reason"] in told[1]


def test_audit_is_told_if_there_is_one(drawings, text):
    assert "Other readings" not in text
    made = Made({**SETTINGS, "audit": {"readings": {"other": {"training": {"batch_size": 8}}}}})
    table = {"name": "audit", "title": "Ranking", "header": ["reading", "log error"],
             "rows": [["batches of 8", "0.123"]], "notes": ["A note."]}  # fmt: skip
    made.audit = {"tables": {"audit": table}}
    # The audit's section stands with the deck's, of which these cells are none.
    page = Page(made.report({**drawings, "audit": drawings["deck"].replace("deck", "audit")}))
    assert "Other readings of its protocol" in {e[2] for e in page.all("h3")}
    assert "batches of 80.123" in {e[2] for e in page.all("tr")}


def test_what_diverged_has_no_colour(drawings):
    made = Made(SETTINGS, errors=lambda model: float("nan") if model.seed == 1 else 1.0)
    page = Page(made.report(drawings))
    cells = [e for e in page.all("td") if "data-details" in e[1]]
    diverged = [e for e in cells if e[2] == "diverged"]
    assert len(diverged) == 16
    for _, attributes, _, _ in diverged:
        assert attributes["class"] == "diverged"
        assert "seed 1: diverged" in attributes["data-details"]
        assert "seed 2: 1.0000" in attributes["data-details"]


def test_only_its_own_styles_and_scripts_are_allowed(page):
    (policy,) = (e[1]["content"] for e in page.all("meta") if "http-equiv" in e[1])
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for kind in ("style", "script"):
        (content,) = (e[2] for e in page.all(kind) if "type" not in e[1])  # data have one
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    for tag, attributes, *_ in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag


def test_rates_are_not_broken_at_their_hyphens(page):
    rates = [e for e in page.all("span") if e[1].get("class") == "unbroken"]
    assert {e[2] for e in rates} == {"1e-3", "1e-2"}
    assert {"td", "p"} <= {tag for e in rates for tag in e[3]}


def test_users_words_are_text(text):
    assert "<i>A" not in text
    assert html.escape("<i>A & B</i>") in text


def test_synthetic_is_written_across_the_report(made, drawings, text):
    assert "SYNTHETIC" not in Page(text).all("body")[0][2]
    stand_in = Made(SETTINGS, synthetic=["obesity"])
    page = Page(stand_in.report(drawings))
    assert page.all("title")[0][2].startswith("SYNTHETIC: ")
    assert page.all("body")[0][1]["class"] == "synthetic"
    assert any("banner" in e[1].get("class", "") and results.WARNING in e[2] for e in page.all("p"))


def test_only_the_last_section_tells_of_the_run(made, drawings, text):
    assert made.report(drawings) == text
    runs = [{**RUN, "seconds": 9.0, "engine": "another"}] * len(made.models)
    facts = {"obesity": {**PROVENANCE["obesity"], "time": "2031-01-01"}}
    other = made.report(drawings, runs, facts)
    first, second = (page.partition('<section id="run"') for page in (text, other))
    assert first[0] == second[0]
    assert "another" in second[2]
    assert "2031-01-01" in second[2]
    assert f"{9.0 * len(made.models):.1f}" in second[2]


def test_the_commit_is_told_if_there_is_one(made, drawings, text, tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    assert "at commit" not in text
    assert report.commit(tmp_path) is None
    subprocess.run([*git, "init", "--quiet"], check=True)
    assert report.commit(tmp_path) is None  # nothing is committed yet
    (tmp_path / "code").write_text("1")
    subprocess.run([*git, "add", "code"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "First"], check=True)
    found = report.commit(tmp_path)
    assert re.fullmatch("[0-9a-f]{7,}", found)
    (tmp_path / "code").write_text("2")
    assert report.commit(tmp_path) == f"{found}-dirty"
    unpacked = tmp_path / "unpacked_in_a_clone_of_something_else"
    unpacked.mkdir()
    assert report.commit(unpacked) is None
    told = made.report(drawings, commit=f"{found}-dirty")
    assert f"<code>{found}</code>, with uncommitted changes" in told
    first, second = (page.partition('<section id="run"') for page in (text, told))
    assert first[0] == second[0]


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert report.commit(tmp_path) is None


def test_the_configuration_can_be_used_again(made, page):
    written = yaml.safe_load(page.all("pre")[0][2])
    assert config.resolve(written) == made.config
    assert written["grid"]["seeds"] == 3  # in short
    assert written["studies"]["other"] == {
        "title": "<i>A & B</i>", "training": {"epochs_sam": 6}, "grid": {"seeds": [7]},
    }  # fmt: skip


def test_a_study_of_several_grids_is_written_by_what_it_changes_in_each():
    grids = [{"optimizer": ["adam"], "split_seed": [0, 1]}, {"optimizer": ["sgd"], "seeds": 3}]
    settings = {
        "grid": grids,
        "studies": {
            "all": {"title": "All"},
            "few": {"title": "Few", "grid": {"weight_decay": 0.1}},
            "own": {"title": "Own", "grid": [{"learning_rate": [0.5]}]},
        },
    }
    resolved = config.resolve(settings)
    text = written.as_yaml(resolved)
    again = yaml.safe_load(text)
    assert "&" not in text
    assert again["studies"]["all"] == {"title": "All"}
    assert again["studies"]["few"] == {"title": "Few", "grid": {"weight_decay": [0.1]}}
    assert config.resolve(again) == resolved


def test_inlined_figures_are_whole_and_take_the_pages_colours(drawings):
    for name, svg in drawings.items():
        text, width = report.inline(svg, name, "A <title>")
        root, *rest = ElementTree.fromstring(f"<div>{text}</div>")
        finding = ElementTree.fromstring(svg).findtext("{http://www.w3.org/2000/svg}desc")
        assert root.get("aria-label") == (f"A <title>. {finding}" if finding else "A <title>")
        assert root.get("width") is None
        assert width == math.ceil(float(root.get("viewBox").split()[2]))
        assert all(e.get("id", name).startswith(name) for e in root.iter())
        assert "#1c2024" not in text
        assert "currentColor" in text
        # The parts of a tall figure show all of it, one below the other, and its texts once.
        boxes = [list(map(float, part.get("viewBox").split())) for part in (root, *rest)]
        tall = float(ElementTree.fromstring(svg).get("viewBox").split()[3])
        assert bool(rest) == ("data-cuts" in svg)
        assert [box[1] for box in boxes] == pytest.approx(
            list(itertools.accumulate([0, *(box[3] for box in boxes[:-1])]))
        )
        assert sum(box[3] for box in boxes) == pytest.approx(tall)
        assert all(part.get("aria-hidden") and not part.findall(".//{*}text") for part in rest)
        assert all(
            element.get("href").removeprefix("#") in text
            for part in rest
            for element in part.iter()
            if element.get("href")
        )


def luminance(color):
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_contrast(scheme):
    css = (report.pages.TEMPLATES / "report.css").read_text()
    colors = dict(
        re.findall(r"--([\w-]+): (#\w{6});", re.findall(r":root \{(.*?)\}", css, re.S)[scheme])
    )
    pairs = [(ink, "paper") for ink in ("ink", "soft", "accent", "yes", "warn")]
    pairs += [("ink", "wash"), ("soft", "wash"), ("warn", "warn-wash")]
    for ink, paper in pairs:
        light, dark = sorted((luminance(colors[ink]), luminance(colors[paper])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)
