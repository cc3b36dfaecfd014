"""Run the quick tests on other interpreters and with the oldest dependencies that pyproject.toml allows.

python tools/matrix.py python3.12 python3.13              # what constraints.txt pins
python tools/matrix.py --lowest python3.11                # the lower bounds of dependencies and extras
python tools/matrix.py --without torch python3.13         # where a package has no build to be used

Each interpreter gets a new environment and a copy of the repository, both in a temporary folder. A line for each says
what passed, failed and was skipped; the exit code is 1 where anything failed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LINTER = "import-linter"
"""Not needed by a test, and in need of a newer rich than the oldest nncf."""
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "out", "*.egg-info")


def requirements(without: Sequence[str]) -> tuple[list[Requirement], list[Requirement]]:
    """Return what users get (dependencies and extras) and what only developers get."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = dict(project["optional-dependencies"])
    developers = [Requirement(line) for line in extras.pop("dev")]
    lines = [*project["dependencies"], *(line for each in extras.values() for line in each)]
    left_out = {"mattekit", *map(canonicalize_name, without)}
    groups = ([Requirement(line) for line in lines], developers)
    left = [[each for each in group if canonicalize_name(each.name) not in left_out] for group in groups]
    return left[0], left[1]


def oldest(pip: Sequence[str | Path], requirement: Requirement) -> str:
    """Return `name==version` of the oldest published version that is allowed and that this interpreter can use."""
    asked = [*pip, "index", "versions", requirement.name]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    (line,) = re.findall(r"^Available versions: (.+)$", said, re.MULTILINE)
    allowed = sorted(requirement.specifier.filter(line.split(", ")), key=Version)
    return f"{requirement.name}=={allowed[0]}"


def constraints(folder: Path, pip: Sequence[str | Path], *, lowest: bool, at: Sequence[str]) -> Path:
    """Write the constraints: all pins, or for users' packages the oldest versions and for developers' the pins."""
    pins = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    if lowest:
        given = [canonicalize_name(Requirement(each).name) for each in at]
        users, developers = requirements(given)
        tools = {canonicalize_name(each.name) for each in developers}
        pins = [line for line in pins if canonicalize_name(Requirement(line).name) in tools]
        pins += [*(oldest(pip, each) for each in users), *at]
        print("\n".join(pins), flush=True)
    path = folder / "constraints.txt"
    path.write_text("\n".join(pins) + "\n", encoding="utf-8")
    return path


def row(python: str, folder: Path, *, lowest: bool, without: Sequence[str], at: Sequence[str]) -> tuple[str, bool]:
    """Test one interpreter and return its line and whether all went well."""
    version = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout.split()[1]
    name = f"{version}, {'lowest' if lowest else 'pinned'}" + (f", without {', '.join(without)}" if without else "")
    copy, environment = folder / "mattekit", folder / "venv"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    subprocess.run([python, "-m", "venv", environment], check=True)
    users, developers = requirements([*without, LINTER] if lowest else without)
    pip = [environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    limits = ["--constraint", constraints(folder, pip, lowest=lowest, at=at)]
    installed = subprocess.run(
        [*pip, "install", "--quiet", "--no-compile", *limits, *map(str, [*users, *developers])], check=False
    )
    if installed.returncode:
        return f"| {name} | cannot be installed |", False
    editable = ["install", "--quiet", "--no-deps", "--config-settings", "editable_mode=strict", "--editable", copy]
    subprocess.run([*pip, *editable], check=True)
    command = [environment / "bin" / "pytest", "-m", "not slow", "-q", "-n", "2", "--dist", "worksteal", "-rfEs"]
    if lowest:
        # What old packages warn of in newer ones that they bring is no fault of ours.
        command += ["--override-ini", "filterwarnings=default"]
    done = subprocess.run(command, cwd=copy, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout[-60_000:])
    last = re.findall(r"^(?:=+ )?(\d+ (?:passed|failed|skipped|error).*?) in ", done.stdout, re.MULTILINE)
    return f"| {name} | {last[-1] if last else 'no tests ran'} |", done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="+", help="interpreters")
    parser.add_argument("--lowest", action="store_true", help="the oldest versions that pyproject.toml allows")
    parser.add_argument("--without", action="append", default=[], help="leave a package out; repeatable")
    parser.add_argument("--at", action="append", default=[], help="with --lowest: another version, name==version")
    asked = parser.parse_args()
    rows: list[tuple[str, bool]] = []
    for python in asked.pythons:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(row(python, Path(folder), lowest=asked.lowest, without=asked.without, at=asked.at))
        print(rows[-1][0], flush=True)
    print("\n".join(["", "| Python, versions | quick tests |", "|---|---|", *(line for line, _ in rows)]))
    return 0 if all(well for _, well in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
