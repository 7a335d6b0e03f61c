"""The project's folder and the working folder, which may differ.

With ``snakemake --snakefile .../Snakefile`` from another folder, and as a module of another
Snakefile, code, descriptions of data sets and images are the project's, and may be read-only;
results/ and build/ belong to the folder that Snakemake works in.
"""

import os
import shlex

from genboost.errors import UserError
from genboost.files import ROOT

FOLDERS = ("results", "build", ".snakemake")
"""Where a run writes, in its working folder."""


def is_in_place() -> bool:
    """Say whether Snakemake works in the project's folder."""
    return os.path.samefile(ROOT, os.curdir)


def project(path: str) -> str:
    """Return where one of the project's own files is, as the working folder sees it."""
    return path if is_in_place() else str(ROOT / path)


def check(prefixed: bool, contained: bool) -> None:
    """Refuse what cannot work, or not from this place.

    Parameters
    ----------
    prefixed
        Whether the Snakefile that uses the project as a module moves its paths.
    contained
        Whether steps run in containers.

    Raises
    ------
    UserError
        Saying what to do instead.
    """
    if prefixed:
        raise UserError(
            "this workflow cannot be used as a module with a prefix, since it sets its own "
            "paths; to keep "
            "results apart, give each configuration a `name`, or run in another --directory"
        )
    if set("{}") & set(str(ROOT)):
        raise UserError(f"{ROOT} has braces, which Snakemake reads as wildcards; rename the folder")
    for folder in FOLDERS:
        if os.path.lexists(folder) and not os.path.isdir(folder):
            raise UserError(
                f"{folder} is not a folder, but results go there; rename it, or run in another "
                "--directory"
            )
    if not os.access(os.curdir, os.W_OK) and not all(map(os.path.isdir, ("results", ".snakemake"))):
        raise UserError(
            f"{os.getcwd()} cannot be written, but results go there; work in another folder, with "
            f"snakemake --snakefile {shlex.quote(str(ROOT / 'Snakefile'))}"
        )
    if not is_in_place() and contained and str(ROOT).split() != [str(ROOT)]:
        raise UserError(
            f"{ROOT} has a space, and Snakemake cannot load an image from such a path; run in "
            "that folder, or rename it"
        )


def visible_in_containers(arguments: str) -> str:
    """Return Apptainer's arguments, extended to show containers the project's folder.

    By themselves they see the working folder, the home folder and /tmp.
    """
    shown = f"--bind {shlex.quote(str(ROOT))}"
    return arguments if is_in_place() or shown in arguments else f"{arguments} {shown}".strip()
