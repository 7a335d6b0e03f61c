"""The code digest: changed by what can change a result, and by nothing else."""

import ast
import re
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from genboost.code_digest import KEPT, SCRIPTS, Code

ROOT = Path(__file__).parents[2]
RULES = "".join(path.read_text() for path in sorted(ROOT.glob("workflow/rules/*.smk")))
TRAINING = sorted(set(re.findall(r'train_code\(\s*"(\w+\.py)"', RULES)))
# All of the library that can change a trained model. Of the rest, much is on other things: an
# import of it for a trifle trains every model again when a message is reworded.
CAN_CHANGE_A_MODEL = [
    *("genboost/errors.py", "genboost/files.py", "genboost/data/arrays.py"),
    *("genboost/receipts.py", "genboost/study/cells.py", "genboost/train/"),
    *("genboost/processes.py", "genboost/progress.py", "genboost/study/reference.py"),
]


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """Return a copy of scripts/ to edit, beside which digests are kept."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(
        SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )


def digest(scripts: Path, script: str = "train.py", without: str | None = None) -> str:
    return Code(scripts).digest(script, "genboost/train/engines/kernel", without=without)


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> str:
    """Return the digest of the code as it is."""
    with chdir(tmp_path_factory.mktemp("empty")):
        return digest(SCRIPTS)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_it_is_the_same_from_place_to_place(scripts, before):
    assert digest(scripts) == before
    assert len(before) == 16


def test_it_is_the_same_in_every_version_of_python(scripts):
    (scripts / "one.py").write_text("def f(x=1) -> str:\n    return f'{x!r}'\n")
    assert Code(scripts).read(Path("one.py"))[1].decode() == (
        "Module(body=[FunctionDef(name='f', args=arguments(args=[arg(arg='x')], "
        "defaults=[Constant(value=1)]), body=[Return(value=JoinedStr(values=[FormattedValue("
        "value=Name(id='x', ctx=Load()), conversion=114)]))], returns=Name(id='str', ctx=Load()))])"
    )


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("genboost/train/engines/optim.py", '"""Update rules', '"""Rules'),
        (
            "genboost/train/engines/optim.py",
            '        """Return m."""',
            '        """Return the state."""',
        ),
        (
            "genboost/train/engines/optim.py",
            "        m, v = state",
            "\n        # moments\n        m, v = state  # of Adam",
        ),
        (
            "genboost/train/engines/optim.py",
            "return -learning_rate * gradient",
            "return (-learning_rate*gradient)",
        ),
        (
            "genboost/train/engines/optim.py",
            '"sgd": SGD,\n    "adam": Adam',
            "'sgd': SGD, 'adam': Adam",
        ),
        (
            "genboost/train/problem.py",
            "ADAM_EPSILON = 1e-8",
            "ADAM_EPSILON = 0.00000001  # as in torch",
        ),
        ("train.py", '"""Train models and', '"""Models and'),
        (
            "genboost/train/engines/kernel/vector.h",
            "#include <math.h>",
            "/* a\n comment */ #include <math.h> // x",
        ),
        ("genboost/train/engines/kernel/kernel.c", ";\n", " ;\n\n"),
        ("genboost/train/engines/kernel/kernel.c", "{\n", "\n{\n\n"),
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(scripts, before, file, old, new):
    edit(scripts / file, old, new)
    assert digest(scripts) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("train.py", "origin = {", 'origin = {"more": 1,'),
        ("genboost/train/order.py", "self.code[engine]", "self.code[device]"),
        ("genboost/train/problem.py", "ADAM_EPSILON = 1e-8", "ADAM_EPSILON = 1e-7"),
        ("genboost/train/engines/optim.py", "return -learning_rate", "return -2 * learning_rate"),
        ("genboost/train/schedules.py", "math.pi", "math.tau"),
        ("genboost/train/training.py", "BATCH_ORDER = 0, 1", "BATCH_ORDER = 0, 2"),
        # Imported inside a function:
        ("genboost/train/engines/torch_engine.py", "+ bias", "- bias"),
        ("genboost/train/engines/simd_engine.py", "np.nan", "np.inf"),
        ("genboost/train/engines/kernel_build.py", "-O3", "-Ofast"),
        ("genboost/train/engines/kernel/vector.h", "LANES = ", "LANES = 2 * "),
        ("genboost/__init__.py", '"""\n', '"""\nX = 1\n'),
    ],
)
def test_a_change_of_substance_counts_in_every_module_that_training_reaches(
    scripts, before, file, old, new
):
    edit(scripts / file, old, new)
    assert digest(scripts) != before


def test_a_new_kernel_source_counts(scripts, before):
    (scripts / "genboost/train/engines/kernel/more.h").write_text("#define MORE 1\n")
    assert digest(scripts) != before


def test_strings_that_are_no_docstrings_count(scripts):
    (scripts / "genboost/one.py").write_text('"""Doc."""\nNAME = "a"\n')
    (scripts / "one.py").write_text("from genboost.one import NAME\n")
    before = digest(scripts, "one.py")
    edit(scripts / "genboost/one.py", '"a"', '"b"')
    assert digest(scripts, "one.py") != before


def test_the_scripts_that_train_are_found():
    assert TRAINING == ["train.py", "train_trial.py"]


@pytest.mark.parametrize("script", TRAINING)
def test_what_cannot_change_a_model_does_not_count(scripts, script):
    before, edited = digest(scripts, script), 0
    for path in scripts.rglob("genboost/**/[a-z]*.py"):
        if not str(path.relative_to(scripts)).startswith(tuple(CAN_CHANGE_A_MODEL)):
            path.write_text(path.read_text() + "\nNEW = 1\n")
            edited += 1
    assert edited > 20
    assert digest(scripts, script) == before


@pytest.mark.parametrize("script", TRAINING)
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("genboost/train/problem.py", "ADAM_EPSILON = 1e-8", "ADAM_EPSILON = 1e-7"),
        ("genboost/train/engines/kernel/vector.h", "LANES = ", "LANES = 2 * "),
        ("genboost/data/arrays.py", "\n\n\n", "\n\n\nNEW = 1\n\n\n"),
        ("genboost/study/cells.py", "return str(value)", "return repr(value)"),
    ],
)
def test_what_can_change_a_model_counts_for_every_script_that_trains(
    scripts, script, file, old, new
):
    before = digest(scripts, script)
    edit(scripts / file, old, new)
    assert digest(scripts, script) != before


@pytest.mark.parametrize(
    "statement",
    [
        "import genboost.one",
        "import genboost.one as name",
        "from genboost import one",
        "from genboost.one import X",
        "def f():\n    from genboost import one",
        "if True:\n    import genboost.one",
    ],
)
def test_every_form_of_import_is_followed(scripts, statement):
    (scripts / "script.py").write_text(statement + "\n")
    (scripts / "genboost/one.py").write_text("from genboost import two\n")
    (scripts / "genboost/two.py").write_text("X = 1\n")
    before = digest(scripts, "script.py")
    (scripts / "genboost/two.py").write_text("X = 2\n")
    assert digest(scripts, "script.py") != before


def test_the_library_has_no_imports_that_a_digest_would_miss():
    for path in [*SCRIPTS.glob("*.py"), *SCRIPTS.rglob("genboost/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
            assert not (isinstance(node, ast.Name) and node.id == "__import__"), path
            assert not (isinstance(node, ast.Name) and node.id == "importlib"), path


def test_a_module_can_be_left_out_with_what_only_it_leads_to(scripts, before):
    without = digest(scripts, without="genboost/train/engines/torch_engine.py")
    edit(
        scripts / "genboost/train/engines/optim.py",
        "return -learning_rate",
        "return -2 * learning_rate",
    )
    edit(scripts / "genboost/train/engines/torch_engine.py", "+ bias", "- bias")
    assert digest(scripts) != before
    assert digest(scripts, without="genboost/train/engines/torch_engine.py") == without
    edit(scripts / "genboost/train/problem.py", "ADAM_EPSILON = 1e-8", "ADAM_EPSILON = 1e-7")
    assert digest(scripts, without="genboost/train/engines/torch_engine.py") != without


def test_it_is_kept_for_as_long_as_the_code_is_the_same(scripts, before, monkeypatch):
    assert digest(scripts) == before
    with monkeypatch.context() as patch:
        patch.setattr(Code, "read", None)  # not read again
        assert digest(scripts) == before
    edit(scripts / "train.py", "origin = {", 'origin = {"more": 1,')
    assert digest(scripts) != before
    edit(scripts / "train.py", 'origin = {"more": 1,', "origin = {")
    assert digest(scripts) == before


@pytest.mark.parametrize("damaged", ["", "[]", "[1, 2]", "null", "\0"])
def test_a_damaged_one_is_not_taken(scripts, before, damaged):
    KEPT.parent.mkdir()
    KEPT.write_text(damaged)
    assert digest(scripts) == before
    assert KEPT.read_text() != damaged


def test_an_altered_one_is_not_taken(scripts, before):
    digest(scripts)
    altered = KEPT.read_text().replace(before, before[::-1])
    KEPT.write_text(altered)
    assert digest(scripts) == before
    assert KEPT.read_text() != altered


@pytest.mark.parametrize(
    "text", ["genboost/report/templates/report.css", "../workflow/report/a.rst"]
)
def test_a_text_that_a_step_reads_counts(scripts, text):
    (scripts / "../workflow/report").mkdir(parents=True)
    (scripts / text).write_text("One.")
    before = Code(scripts).digest("train.py", text)
    (scripts / text).write_text("Two.")
    assert Code(scripts).digest("train.py", text) != before


def test_it_need_not_be_kept(scripts, before):
    KEPT.parent.write_text("no folder")
    assert digest(scripts) == before
