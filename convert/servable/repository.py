"""Packages at their place: in a ZIP archive, or in a repository of models, with `config.json`.

In a repository, as OpenVINO Model Server and Triton read it, `models/NAME/VERSION` is a whole package; versions are
numbers from 1 on, and the servers take the highest.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from ...core import InputError, atomic_directory, atomic_path, locked_folder
from .package_manifest import MANIFEST_NAME

__all__ = ["CONFIG_NAME", "new_version", "others_in", "packages_in", "write_zip"]

CONFIG_NAME = "config.json"

_MODELS = "models"


@contextlib.contextmanager
def new_version(
    root: Path, model: str, version: int | None = None, *, asked: Mapping[str, str] | None = None
) -> Generator[Path]:
    """Give an empty folder, which becomes the next version of a model in a repository when the block ends well.

    All that is in the repository stays: other models, other versions, and in `config.json` what others wrote.

    Args:
        root: the repository; made if need be.
        model: its name in the repository.
        version: a number of its own, in place of the next one; what mattekit wrote there before is replaced.
        asked: properties of OpenVINO that the server asks its device for, of all versions of the model.

    Raises:
        InputError: the folder is no repository, its `config.json` cannot be read, serves another model of this name, or
            asks its device for something else; or the version holds something that mattekit did not write.
    """
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file, but a folder is to be written there; remove it or choose another name")
    # Two processes that add a model at once must not take the same number, nor lose each other's entry.
    with locked_folder(root):
        config = _read_config(root)
        grown = _with_entry(config, root, model, dict(asked or {}))
        folder = root / _MODELS / model
        last = max((int(path.name) for path in _version_folders(folder)), default=0)
        with atomic_directory(folder / str(version or last + 1)) as temporary:
            yield temporary
        if grown != config:
            with atomic_path(root / CONFIG_NAME) as temporary:
                temporary.write_text(json.dumps(grown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_zip(folder: Path, target: Path) -> None:
    """Write every file of a folder into a ZIP archive, in the order of their names and without their times."""
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def packages_in(folder: Path) -> list[Path]:
    """Return the packages that a package's, a model's or a repository's folder holds, by model and version."""
    return [path for path in (folder, *_version_folders(folder)) if (path / MANIFEST_NAME).is_file()]


def others_in(folder: Path) -> list[Path]:
    """Return the versions of models that mattekit did not package, so that nobody can check them."""
    return [path for path in _version_folders(folder) if not (path / MANIFEST_NAME).is_file()]


def _version_folders(folder: Path) -> list[Path]:
    """Return the folders of versions, by model and number, of a repository or of one model's folder."""
    found = [path for path in (*folder.glob(f"{_MODELS}/*/*"), *folder.glob("*")) if path.name.isdecimal()]
    return sorted((path for path in found if path.is_dir()), key=lambda path: (str(path.parent), int(path.name)))


def _read_config(root: Path) -> dict[str, Any]:
    """Return what the repository's configuration says; that of a new repository serves nothing."""
    path = root / CONFIG_NAME
    if not path.exists():
        strange = [each.name for each in sorted(root.iterdir()) if each.name != _MODELS]
        strange += [str(each.relative_to(root)) for each in root.glob(f"{_MODELS}/*/*") if not each.name.isdecimal()]
        if strange:
            raise InputError(
                f"{root}: the folder holds {strange[0]} and no {CONFIG_NAME}, so it is no repository of models; choose "
                "another folder"
            )
        return {"model_config_list": []}
    try:
        config = json.loads(path.read_bytes())
        names = [each["config"]["name"] for each in config["model_config_list"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path}: not a configuration of OpenVINO Model Server; mend or remove it, or choose another folder"
        ) from error
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"{path}: a model's name is no text; mend or remove it, or choose another folder")
    return config


def _with_entry(config: dict[str, Any], root: Path, model: str, asked: dict[str, str]) -> dict[str, Any]:
    """Return the configuration with the model in it; an entry that is there stays as it is."""
    place = f"{_MODELS}/{model}"
    for each in config["model_config_list"]:
        entry = each["config"]
        if entry["name"] == model:
            # The server may see the repository elsewhere, as in a container.
            if Path(str(entry.get("base_path", ""))).parts[-2:] != (_MODELS, model):
                raise InputError(
                    f"{root / CONFIG_NAME}: it serves {model} from {entry.get('base_path')}, not from {place}; rename "
                    "that entry, or choose another folder"
                )
            there = {key: value for key, value in (entry.get("plugin_config") or {}).items() if key in asked}
            if there and there != asked:
                raise InputError(
                    f"{root / CONFIG_NAME}: it has all versions of {model} computed in "
                    f"{', '.join(map(str, there.values()))}, not in {', '.join(asked.values())}; change that entry, or "
                    "choose another folder"
                )
            return config
    return config | {"model_config_list": [*config["model_config_list"], {"config": _entry(model, place, asked)}]}


def _entry(model: str, place: str, asked: dict[str, str]) -> dict[str, Any]:
    return {"name": model, "base_path": place, "layout": "NHWC:NHWC", **({"plugin_config": asked} if asked else {})}
