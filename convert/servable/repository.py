"""Packages at their place: in a ZIP archive, or in OpenVINO Model Server's repository of models, with `config.json`.

In such a repository `models/NAME/VERSION` is a whole package; versions are numbers from 1 on, and the server takes the
highest. What the fields of `config.json` mean: https://docs.openvino.ai/2025/model-server/ovms_docs_parameters.html.
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

__all__ = [
    "CONFIG_NAME",
    "locked_repository",
    "new_version",
    "numbered_folder",
    "others_in",
    "packages_in",
    "unlike",
    "write_zip",
]

CONFIG_NAME = "config.json"

_MODELS = "models"


@contextlib.contextmanager
def new_version(
    root: Path,
    model: str,
    version: int | None = None,
    *,
    device: str = "CPU",
    asked: Mapping[str, str] | None = None,
) -> Generator[Path]:
    """Give an empty folder, which becomes the next version of a model in a repository when the block ends well.

    All that is in the repository stays: other models, other versions, and in `config.json` what others wrote.

    Args:
        root: the repository; made if need be.
        model: its name in the repository.
        version: a number of its own, in place of the next one; what mattekit wrote there before is replaced.
        device: that the server is to run all versions of the model on.
        asked: properties of OpenVINO that the server asks that device for.

    Raises:
        InputError: the folder is no repository, its `config.json` cannot be read, serves another model of this name, or
            has it run otherwise; or the version holds something that mattekit did not write.
    """
    # Two processes that add a model at once must not take the same number, nor lose each other's entry.
    with locked_repository(root):
        config = _read_config(root)
        grown = _with_entry(config, root, model, {"target_device": device, "plugin_config": dict(asked or {})})
        with numbered_folder(root / _MODELS / model, version) as temporary:
            yield temporary
        if grown != config:
            with atomic_path(root / CONFIG_NAME) as temporary:
                temporary.write_text(json.dumps(grown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@contextlib.contextmanager
def locked_repository(root: Path) -> Generator[None]:
    """Keep other processes out of a repository.

    Raises:
        InputError: a file is there.
    """
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file, but a folder is to be written there; remove it or choose another name")
    with locked_folder(root):
        yield


@contextlib.contextmanager
def numbered_folder(folder: Path, version: int | None) -> Generator[Path]:
    """Give an empty folder, which becomes a version in a model's folder when the block ends well.

    Args:
        folder: the model's.
        version: its number; the next one where None.

    Raises:
        InputError: the version holds something that mattekit did not write.
    """
    last = max((int(path.name) for path in _version_folders(folder)), default=0)
    with atomic_directory(folder / str(version or last + 1)) as temporary:
        yield temporary


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
    """Return the folders of versions, by model and number, of a server's repository or of one model's folder."""
    places = (*folder.glob(f"{_MODELS}/*/*"), *folder.glob("*/*"), *folder.glob("*"))
    found = {path for path in places if path.name.isdecimal()}
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


def _with_entry(config: dict[str, Any], root: Path, model: str, asked: dict[str, Any]) -> dict[str, Any]:
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
            there = {"target_device": entry.get("target_device", "CPU"), **(entry.get("plugin_config") or {})}
            other = unlike(there, {"target_device": asked["target_device"], **asked["plugin_config"]})
            if other:
                raise InputError(
                    f"{root / CONFIG_NAME}: it has all versions of {model} run with {other}; change that entry, or "
                    "choose another folder"
                )
            return config
    entry = {"name": model, "base_path": place, "layout": "NHWC:NHWC", **asked}
    return config | {"model_config_list": [*config["model_config_list"], {"config": entry}]}


def unlike(there: Mapping[str, Any], asked: Mapping[str, str]) -> str:
    """Return in words which of a model's settings have other values than are asked for; empty where none has."""
    other = [name for name, value in asked.items() if str(there.get(name, value)) != value]
    return ", ".join(f"{name} {there[name]}, not {asked[name]}" for name in other)
