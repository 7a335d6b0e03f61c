"""What the project ships for its users to edit: config.yaml, studies/ and the data sets."""

from pathlib import Path

import pytest
import yaml
from shipped import DECK, as_shipped

from genboost.analysis import schemes
from genboost.data import dataset
from genboost.study import grid, schema
from genboost.study.config import complete, resolve
from genboost.study.sources import check_file

ROOT = Path(__file__).parents[2]
DATASETS = sorted(dataset.DATASETS.glob("*.yaml"))
STUDIES = sorted((ROOT / "studies").rglob("*.yaml"))

pytestmark = as_shipped


def configuration(study: Path | None = None) -> dict:
    """Return config.yaml, with a study over it."""
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    return merged(found, yaml.safe_load(study.read_text())) if study else found


def merged(config: dict, other: dict) -> dict:
    """Merge blocks key by key, as Snakemake does."""
    both = {
        key: merged(config[key], value)
        if isinstance(value, dict) and isinstance(config.get(key), dict)
        else value
        for key, value in other.items()
    }
    return {**config, **both}


def test_config_yaml_is_the_decks_study():
    ours, deck = resolve(configuration()), resolve(DECK)
    for section in deck.keys() - {"comparisons"}:
        assert ours[section] == deck[section], section
    assert len(ours["comparisons"]) == 6
    for name, claim in deck["comparisons"].items():
        assert ours["comparisons"][name] == {**claim, "title": ours["comparisons"][name]["title"]}


def test_config_yaml_lists_every_key_a_user_needs():
    written, properties = configuration(), schema.written()["properties"]
    assert written["measures"] == properties["measures"]["default"]
    for section in properties.keys() - {"name", "studies", "comparisons", "schemes", "measures"}:
        # Nobody changes the data set's name in a first run; a grid's epochs are in `training`, and
        # a random search takes its place.
        keys = set(properties[section]["properties"]) - {"dataset"}
        other = {"epochs", "trials", "sampling_seed"} if section == "grid" else set()
        assert set(written[section]) == keys - other


@pytest.mark.parametrize("study", [None, *STUDIES], ids=lambda path: path and path.stem)
def test_a_configuration_has_its_name_and_claims_about_cells_that_there_are(study):
    check_file(study or ROOT / "config.yaml")
    given = configuration(study)
    assert given["name"] == (study.stem if study else "deck")
    resolved = resolve(given)
    assert resolve(yaml.safe_load(yaml.safe_dump(complete(given)))) == resolved
    cells = [
        {"study": study.name, **cell} for study in grid.studies(resolved) for cell in study.cells
    ]
    assert resolved["comparisons"] or resolved["figures"]["measures"]
    for name, claim in resolved["comparisons"].items():
        for side in filter(None, (claim["a"], claim["b"])):
            for scheme in [*resolved["schemes"].values()] or [{"studies": {}}]:
                own = schemes.repeated(side, scheme["studies"])
                assert any(all(c[k] in v for k, v in own.items()) for c in cells), name


@pytest.mark.parametrize(
    "path", sorted(dataset.DATASETS.glob("*.yaml")), ids=lambda path: path.stem
)
def test_a_data_set_can_be_read(path):
    assert dataset.load(path).columns
