"""Which tests a change can affect, by the imports of the package: python tests/affected.py [REV] [--room ROOM].

Prints the files of tests that reach a module that differs from REV (HEAD unless given; files that git does not track
count), or any module of a room. A test that starts the program reaches all of it, and so does one of a file that is no
module, such as `pyproject.toml`; a page of the documentation is reached by the tests of pages.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mattekit"
EVERYTHING = f"{PACKAGE}.cli"

ROOMS = (
    "cli",
    "commands",
    "workflow",
    "reports",
    "package",
    "quantize",
    "bench",
    "cluster",
    "models",
    "convert",
    "datasets",
    "infer",
    "metrics",
    "images",
    "core",
)
"""The rooms of the package, each above all that it may import."""


@cache
def modules() -> dict[str, Path]:
    """Return the package's modules by name."""
    folders = [ROOT / room for room in ROOMS if (ROOT / room).is_dir()]
    files = [*ROOT.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]
    named = {".".join((PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)): path for path in files}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


@cache
def _homes(package: str) -> dict[str, str]:
    """Return the modules in which the names live that a room gives to others, by its stub."""
    path = modules().get(package)
    stub = path.with_suffix(".pyi") if path else None
    if stub is None or not stub.is_file():
        return {}
    imports = [node for node in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {name.name: f"{package}.{node.module}" for node in imports if node.module for name in node.names}


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Give the package's modules that a piece of code imports, wherever in it, and those around them."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(_homes(base).get(alias.name, f"{base}.{alias.name}") for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(f"{PACKAGE}."):
            # A module that is started or patched by its name.
            names = [node.value.split(":")[0]]
        yield from (name for name in names if name in modules() and name != PACKAGE)


@cache
def _imports_of(name: str) -> frozenset[str]:
    """Return the modules that a module imports itself, and the packages that they lie in."""
    path = modules()[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    direct = set(_imported(ast.parse(path.read_text(encoding="utf-8")), package))
    return frozenset(direct | {around for other in direct if (around := other.rpartition(".")[0]) in modules()})


@cache
def reached(name: str) -> frozenset[str]:
    """Return a module with all that it imports, and what that does."""
    found, waiting = {name}, [name]
    while waiting:
        new = _imports_of(waiting.pop()) - found - {PACKAGE}
        found |= new
        waiting += new
    return frozenset(found)


@cache
def _fixtures() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return, for each fixture that tests share, what it imports and which other ones it takes."""
    tree = ast.parse((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: (frozenset(_imported(node, "")), frozenset(argument.arg for argument in node.args.args))
        for node in functions
    }


@cache
def used_by(test: Path) -> frozenset[str]:
    """Return the modules that a file of tests imports itself, or by the shared fixtures that it takes."""
    text = test.read_text(encoding="utf-8")
    tree = ast.parse(text)
    direct = set(_imported(tree, ""))
    if f'"-m", "{PACKAGE}"' in text or f'"{PACKAGE}", ' in text or f"import {PACKAGE}\n" in text:
        direct.add(EVERYTHING)
    waiting = [a.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for a in node.args.args]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in _fixtures() and name not in seen:
            seen.add(name)
            imports, others = _fixtures()[name]
            direct |= imports
            waiting += others
    return frozenset(direct)


@cache
def room_of(test: Path) -> str:
    """Return the room that a file of tests is about: that of most modules which it imports, the higher of two.

    What all rooms share is nobody's, unless nothing else is imported.
    """
    names = set(_imported(ast.parse(test.read_text(encoding="utf-8")), ""))
    counts = Counter(name.split(".")[1] for name in names)
    if len(counts) > 1:
        del counts["core"]
    if not counts:
        return "commands" if EVERYTHING in used_by(test) else "core"
    return max(counts, key=lambda room: (counts[room], -ROOMS.index(room)))


def tests() -> list[Path]:
    """Return the files of tests."""
    return sorted((ROOT / "tests").glob("test_*.py"))


def affected(changed: set[str]) -> list[Path]:
    """Return the files of tests that a change of these files, by their paths below the root, can affect."""
    names = {path.relative_to(ROOT).as_posix(): name for name, path in modules().items()}
    touched = {names[path] for path in changed if path in names}
    helpers = {path for path in changed if path.startswith("tests/") and not Path(path).name.startswith("test_")}
    others = {path for path in changed - names.keys() if not path.startswith("tests/") and not path.endswith(".md")}
    pages = any(path.endswith(".md") for path in changed)
    found: list[Path] = []
    for test in tests():
        mine = frozenset[str]().union(*(reached(name) for name in used_by(test)))
        if (
            mine & touched
            or test.relative_to(ROOT).as_posix() in changed
            or helpers
            or others
            or (pages and test.stem in {"test_docs", "test_recipes", "test_house"})
        ):
            found.append(test)
    return found


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def main() -> None:
    """Print the files, with spaces between, for pytest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("revision", nargs="?", default="HEAD", help="what the files are compared with")
    parser.add_argument("--room", choices=ROOMS, help="all files of this room count as changed")
    asked = parser.parse_args()
    if asked.room:
        prefix = f"{PACKAGE}.{asked.room}"
        changed = {
            path.relative_to(ROOT).as_posix()
            for name, path in modules().items()
            if name == prefix or name.startswith(f"{prefix}.")
        }
    else:
        changed = {*_git("diff", "--name-only", asked.revision), *_git("ls-files", "--others", "--exclude-standard")}
    print(*(path.relative_to(ROOT).as_posix() for path in affected(changed)))


if __name__ == "__main__":
    main()
