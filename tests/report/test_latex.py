"""A LaTeX document that includes every table and every figure compiles."""

import re
import shutil
import subprocess

import pytest
from made_up import Made, mse

from genboost import figures, tables
from genboost.markup import PREAMBLE

pytestmark = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="there is no pdflatex; on Debian: apt install texlive-latex-recommended",
)
SETTINGS = {
    "training": {"epochs": 6, "epochs_sam": 4},
    "grid": {
        "learning_rate": [1e-3, 1e-2],
        "weight_decay": [0, 1e-4, 1e-3, 1e-2],
        "sam_rho": [None, 0.05],
    },
    "studies": {
        "grid": {"title": "The grid"},
        "deck": {"title": "50 % & more_of #1", "training": {"epochs": 200}, "grid": {"seeds": 2}},
    },
    "tables": {"interval": True},
    "figures": {"curves": [{"learning_rate": 1e-3}]},
}


def errors(model):
    return float("nan") if model.cell.optimizer == "sgd" and model.seed == 1 else mse(model)


def test_a_document_with_every_table_and_figure_compiles(tmp_path):
    made = Made(SETTINGS, errors=errors, synthetic=["obesity"])
    written = [name for name in tables.names(made.config) if name.endswith(".tex")]
    contents = tables.files(made.results)
    for name in written:
        (tmp_path / name).write_text(contents[name])
    lines = [rf"\input{{{name}}}" for name in written if name != "tables.tex"]
    captions = figures.captions(made.config)
    for name, figure in made.figures():
        caption = re.sub("([%&_#])", r"\\\1", captions[name].title)
        (tmp_path / f"{name}.png").write_bytes(dict(figures.contents(figure))["png"])
        lines += [
            r"\begin{figure}\centering",
            rf"\includegraphics[width=\textwidth,height=.8\textheight,keepaspectratio]{{{name}.png}}",
            rf"\caption{{{caption}}}\end{{figure}}",
            r"\clearpage",
        ]
    packages = rf"{PREAMBLE}\usepackage{{graphicx}}\usepackage[margin=2cm]{{geometry}}"
    head = rf"\documentclass{{article}}{packages}\begin{{document}}"
    (tmp_path / "all.tex").write_text("\n".join([head, *lines, r"\end{document}"]))
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
    assert run.stdout.count(".png>") == len(captions)
    assert "undefined" not in run.stdout.lower()
    wide = re.findall(r"Overfull \\hbox \((\d+)", run.stdout)
    assert [points for points in wide if int(points) > 20] == []
