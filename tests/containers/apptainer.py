"""Apptainer where it isn't installed, and a base for the images where no registry can be reached.

Debian has Apptainer only in unstable, whose C library is newer than that of a stable machine. So it
runs from a folder with an unstable system, in which it finds the machine's own folders, too.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

APPTAINER = "apptainer,fuse3,squashfuse,squashfs-tools,ca-certificates"
BASE = "python3-venv,gcc,libc6-dev,ca-certificates"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

SYSTEM = {"bin", "boot", "etc", "lib", "lib32", "lib64", "lost+found", "sbin", "usr", "var"}

WRAPPER = """\
#!/bin/sh
# Run apptainer with {system} as its root, and with the machine's own folders in it.
export SYSTEM={system} FOLDERS="{folders}" CWD="$PWD"
exec unshare --map-root-user --mount $UNSHARE sh -c '
mount --make-rprivate / && mount --bind "$SYSTEM" "$SYSTEM" || exit
for folder in $FOLDERS; do
    mkdir -p "$SYSTEM$folder" && mount --rbind "$folder" "$SYSTEM$folder" || exit
done
cd "$SYSTEM" && mkdir -p outside && pivot_root . outside && cd "$CWD" || exit
PATH=/usr/sbin:/usr/bin:/sbin:/bin exec apptainer "$@"' sh "$@"
"""


class Unavailable(Exception):  # noqa: N818 - a reason to skip
    """What is needed can't be had here; the message says why."""


def obtain(folder: Path) -> Path:
    """Return a folder with the program `apptainer`, installed or fetched.

    Raises
    ------
    Unavailable
        If it can be neither found nor fetched.
    """
    if program := shutil.which("apptainer"):
        return Path(program).parent
    system = debian(folder / "unstable", "unstable", APPTAINER)
    for name in ("hosts", "resolv.conf"):
        shutil.copyfile(Path("/etc") / name, system / "etc" / name)
    ours = [path for path in sorted(Path("/").iterdir()) if path.is_dir() and not path.is_symlink()]
    folders = " ".join(str(path) for path in ours if path.name not in SYSTEM)
    program = folder / "bin/apptainer"
    program.parent.mkdir()
    program.write_text(WRAPPER.format(system=system, folders=folders))
    program.chmod(0o755)
    works = subprocess.run([program, "version"], capture_output=True, text=True)
    if works.returncode:
        raise Unavailable(f"apptainer does not run here: {works.stderr.strip()}")
    return program.parent


def base(folder: Path) -> tuple[Path, list[str]]:
    """Return a Debian system to build images from, and what building needs of this machine.

    pip is set up in it as it is here: the same index and certificates. Folders with packages that
    pip knows of are to be bound into the build, which is what the returned options do.
    """
    release = Path("/etc/os-release").read_text()
    suite = re.search(r"^VERSION_CODENAME=(\w+)", release, flags=re.M)[1]
    system = debian(folder / "base", suite, BASE)
    # Only root's files can be made in a user's namespace, and no devices.
    subprocess.run(["chown", "--recursive", "root:root", system], check=True)
    shutil.rmtree(system / "dev")
    (system / "dev").mkdir()
    shutil.copy2(Path("/") / CERTIFICATES, system / CERTIFICATES)
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", listing, flags=re.M))
    for unwanted in ("cert", "constraint"):
        settings.pop(unwanted, None)
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (system / "etc/pip.conf").write_text("\n".join(["[global]", *lines, ""]))
    options = []
    for scheme, path in re.findall(r"(file://)?(/[^\s/]\S*)", " ".join(settings.values())):
        folder = Path(path).parent if scheme else Path(path)  # an index, its files beside it
        (system / str(folder).lstrip("/")).mkdir(parents=True, exist_ok=True)
        options += ["--bind", str(folder)]
    return system, options


def debian(folder: Path, suite: str, packages: str) -> Path:
    """Install a minimal Debian in a folder, unless that has been done.

    Raises
    ------
    Unavailable
        If that is not possible here.
    """
    if os.getuid() != 0:
        raise Unavailable("apptainer is not installed, and to fetch it takes root")
    if not shutil.which("debootstrap"):
        raise Unavailable("neither apptainer nor debootstrap, to fetch it with, is installed")
    if not (folder / "usr/bin").is_dir() or (folder / "debootstrap").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"{suite} cannot be fetched: {done.stdout.strip()[-500:]}")
    return folder
