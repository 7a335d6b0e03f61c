"""Every table can be put into a plain article, with the packages that it names, and fits.

Set LATEX_PAGES to a folder to look at the pages.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from made_up import Made, mse

from genboost.files import ROOT
from genboost.report import exhibits, findings, tables
from genboost.report.figures import drawing
from genboost.report.markup import Entry, Table, _latex, latex

pytestmark = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="there is no pdflatex; on Debian: apt install texlive-latex-recommended",
)
SETTINGS = {
    "grid": {"seeds": 5},
    "studies": {
        "grid": {"title": "The grid"},
        "wide": {
            "title": "50 % & more_of #1: a wider network on standardized features",
            "data": {"scaling": "standard", "stratify": True},
            "training": {"epochs_sam": 200},
            "grid": {"optimizer": ["adam"], "sam_rho": [0.02]},
        },
    },
}
SEEDS = {"grid": {"seeds": 15}}
FIGURES = {
    "training": {"epochs": 6, "epochs_sam": 4},
    "grid": {"learning_rate": [1e-3, 1e-2], "sam_rho": [None, 0.05]},
    "studies": {"grid": {"title": "The grid"}},
    "figures": {"curves": [{"learning_rate": 1e-3}]},
}
TOO_WIDE = 1  # pt


def errors(model):
    lost = model.cell.optimizer == "sgd" and model.cell.learning_rate == 2e-2 and model.seed == 1
    return float("nan") if lost else 10 * mse(model)


def compiled(folder, preamble, body):
    """Return what pdflatex says of a plain article."""
    (folder / "all.tex").write_text(
        f"\\documentclass{{article}}{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    return run(folder, "all.tex")


def run(folder, name):
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name],
        cwd=folder, capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "undefined" not in done.stdout.lower()
    if "LATEX_PAGES" in os.environ:
        shutil.copy(folder / name.replace(".tex", ".pdf"), Path(os.environ["LATEX_PAGES"]))
    return done.stdout


def too_wide(log):
    found = re.findall(r"Overfull \\hbox \((\d+\.\d+)pt too wide\).*", log)
    return [points for points in found if float(points) > TOO_WIDE]


@pytest.mark.parametrize("synthetic", [[], ["obesity"]])
@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"digits": 4, "standard_deviation": False},
        {"digits": 4, "interval": True},
    ],
)
def test_every_table_fits_into_a_plain_article(tmp_path, shown, synthetic):
    made = Made({**SETTINGS, "tables": shown}, errors=errors, synthetic=synthetic)
    contents = tables.files(made.results)
    written = [name for name in contents if name.endswith(".tex")]
    assert len(written) == 12
    for name in written:
        (tmp_path / name).write_text(contents[name])
    written.remove("tables.tex")
    for name in written:
        packages = re.search(r"^% .*(\\usepackage\{.*?\})", contents[name])[1]
        assert ("longtable" in packages) == (name in ("deck.tex", "ranking.tex"))
        log = compiled(tmp_path, packages, rf"\input{{{name}}}")
        assert too_wide(log) == [], name
    log = run(tmp_path, "tables.tex")
    assert too_wide(log) == []
    written = (tmp_path / "tables.aux").read_text()
    labels = re.findall(r"newlabel\{tab:[^}]*\}\{\{(\d+)\}\{(\d+)\}", written)
    assert len(labels) == 13
    pages = [page for _, page in sorted((int(number), int(page)) for number, page in labels)]
    assert pages == sorted(pages)  # numbered in reading order


def test_the_claims_fit_into_a_plain_article(tmp_path):
    deck = yaml.safe_load((ROOT / "config.yaml").read_text())
    made = Made({"comparisons": deck["comparisons"], "studies": deck["studies"], **SEEDS})
    found = findings.find(made.results, made.config["comparisons"], {})
    (tmp_path / "claims.tex").write_text(text := findings.files(found)["comparisons.tex"])
    assert r"\caption{The claims (paired differences in test MSE)}" in text
    assert r"\tiny" not in text
    assert too_wide(compiled(tmp_path, r"\usepackage{booktabs}", r"\input{claims}")) == []


def test_a_table_of_verdicts_under_many_schemes_fits(tmp_path):
    verdict = Entry("contradicted", below="+0.19 (-0.07 to 0.37)")
    titles = ["the mixture", "its respondents", "grouped split", "grouped, respondents", "alone"]
    claims = ["Adam with a learning rate of 3e-3 is the best", "SAM does not improve Adam"]
    table = Table(
        name="schemes",
        title="The claims under each scheme",
        header=["claim", *titles],
        rows=[[claim, *[verdict] * 5] for claim in claims],
        text_columns=tuple(range(6)),
    )
    (tmp_path / "one.tex").write_text(latex([table]))
    assert too_wide(compiled(tmp_path, r"\usepackage{booktabs}", r"\input{one}")) == []


def test_a_grid_that_is_wider_than_any_page_still_compiles(tmp_path):
    decays = [round(1.25e-4 * 1.1**step, 8) for step in range(12)]
    made = Made({"grid": {"weight_decay": decays, "optimizer": ["adam"], "sam_rho": [None]}})
    (tmp_path / "one.tex").write_text(tables.files(made.results)["grid-adam-no-sam.tex"])
    compiled(tmp_path, r"\usepackage{booktabs}", r"\input{one}")


def test_a_title_in_any_script_compiles(tmp_path):
    latin = "".join(map(chr, [*range(0xA1, 0xAD), *range(0xAE, 0x180)]))
    title = f"中文 العربية Ελληνικά кириллица 😀 − ≤ {latin} – — ‘’“”†‡•…€™"
    text = latex([Table("one", title, ["a"], [["b"]])])
    assert r"\caption{[U+4E2D][U+6587] " in text
    assert "éê" in text
    (tmp_path / "one.tex").write_text(text)
    compiled(tmp_path, r"\usepackage{booktabs}", r"\input{one}")


def test_every_figure_can_be_included(tmp_path):
    made = Made(FIGURES)
    shown = exhibits.of(exhibits.FIGURES, made.config)
    captions = {exhibit.name: exhibit for exhibit in shown}
    lines = []
    for name, figure in made.figures():
        caption = _latex(captions[name].title)
        (tmp_path / f"{name}.png").write_bytes(dict(drawing.contents(figure))["png"])
        lines += [
            r"\begin{figure}\centering",
            rf"\includegraphics[width=\textwidth,height=.8\textheight,keepaspectratio]{{{name}.png}}",
            rf"\caption{{{caption}}}\end{{figure}}",
            r"\clearpage",
        ]
    log = compiled(tmp_path, r"\usepackage{graphicx}", "\n".join(lines))
    assert log.replace("\n", "").count(".png>") == len(captions)  # lines are cut at 79 characters
    assert too_wide(log) == []
