"""What a user types for a model → the model's files: one grammar for every command and function.

    REF = [RUNTIME:]ID           an entry of the zoo, exported on first use where no IR comes with mattekit
          [RUNTIME:]ID@FILE      the same network with a checkpoint of the user's
          [RUNTIME:]FILE         an IR (`.xml`) or an ONNX file
          [RUNTIME:]FOLDER       an export's folder, or that of a model, with a folder for each of its variants

An id means the zoo, whatever lies in the working folder; `./u2netp` is the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..convert import RECOGNISED, bundled_ir, expanded, fetch, fine_tuned_as, spec_for, zoo
from ..core import PRECISIONS, Contract, ModelError, ModelFormat, Progress, Task, Variant, format_of_model, sha256_of
from ..infer import read_variant
from .exports import checkpoint_of, exported
from .grammar import MODEL_GRAMMAR
from .runtimes import RUNTIMES

__all__ = ["ModelRef"]

_SUFFIXES: dict[ModelFormat, str] = {"openvino": ".xml", "onnx": ".onnx", "torch": ".pth"}


@dataclass(frozen=True)
class ModelRef:
    """A model as a user names it; made by `parse`.

    Attributes:
        text: what was typed.
        runtime: that was named with it; empty where the command decides.
        name: the zoo's id; empty for a file or folder.
        path: the file or folder, or the checkpoint for the entry's network; None for the entry's own.
        contract: used in place of the one inside the model's file, or beside it.
        otherwise: used where there is none inside the model's file.
    """

    text: str
    runtime: str
    name: str
    path: Path | None
    contract: Contract | None = None
    otherwise: Contract | None = None

    @classmethod
    def parse(cls, text: str | Path, contract: Contract | None = None, otherwise: Contract | None = None) -> ModelRef:
        """Read what a user typed; nothing is opened or downloaded.

        Args:
            text: what was typed.
            contract: used in place of the one inside the model's file, or beside it.
            otherwise: used where there is none inside the model's file.

        Raises:
            ModelError: there is neither such a file or folder nor such an entry of the zoo.
        """
        whole, given = str(text), (contract, otherwise)
        if isinstance(text, Path):
            return cls(whole, "", "", _existing(whole), *given)
        runtime, colon, rest = whole.partition(":")
        if not colon or runtime not in RUNTIMES:
            runtime, rest = "", whole
        if not rest:
            raise ModelError(f"{whole!r} names no model; give {MODEL_GRAMMAR}")
        known = {spec.id for spec in zoo.list_models()}
        name, at, checkpoint = rest.partition("@")
        if rest in known:
            return cls(whole, runtime, rest, None, *given)
        if at and (name in known or name.startswith(RECOGNISED) or not expanded(rest).exists()) and "/" not in name:
            weights = expanded(checkpoint) if checkpoint else None
            if weights is None or not weights.is_file():
                raise ModelError(f"{whole}: there is no file {checkpoint!r}; give a checkpoint of {name}")
            return cls(whole, runtime, name, weights, *given)
        path = expanded(rest)
        if path.exists() or path.name != rest or format_of_model(path) != "torch":
            return cls(whole, runtime, "", _existing(rest), *given)
        if colon and not runtime and whole.partition(":")[0].isalpha():
            raise ModelError(f"{whole}: {whole.partition(':')[0]!r} is no runtime; give {', '.join(RUNTIMES)}, or none")
        zoo.get(rest)
        return cls(whole, runtime, rest, None, *given)

    @classmethod
    def parse_all(cls, texts: Sequence[str | Path], contract: Contract | None) -> list[ModelRef]:
        """Read several of what a user typed; as `parse` otherwise.

        A contract is used in place of what the file of a single model says; of several, those take it whose files say
        nothing.
        """
        own = {"contract": contract} if len(texts) == 1 else {"otherwise": contract}
        return [cls.parse(text, **own) for text in texts]

    @property
    def on_openvino(self) -> bool:
        """Return whether OpenVINO runs it: it was named, or no runtime was."""
        return self.runtime in {"", "openvino"}

    @property
    def has_module(self) -> bool:
        """Return whether it is an entry whose network PyTorch can execute; some are an ONNX file."""
        return bool(self.name) and spec_for(self.name, self.path).build is not None

    def paths(
        self,
        runtime: str = "openvino",
        *,
        task: Task | None = None,
        offline: bool = False,
        progress: Progress | None = None,
    ) -> list[Path]:
        """Return the files that a runtime can open, one for each variant: folders named by a precision come first.

        An entry's IR comes with the package, or is exported into the cache on first use (which needs the extra
        `export`); both are checked against their hashes on each use.

        Args:
            runtime: where the user named none.
            task: that the model must be for, where a name can tell.
            offline: never download.
            progress: called during a download.

        Raises:
            ModelError: there is no such file here, or the entry is of another task.
            MattekitError: the download or the export failed, as its message says.
        """
        formats = RUNTIMES[self.runtime or runtime].formats
        if self.name:
            return [self._of_zoo(formats, task, offline=offline, progress=progress)]
        path = self._place
        if not path.is_dir() and format_of_model(path) == "torch":
            raise ModelError(
                f"{path}: not a model file; give an .xml or .onnx file, or for a checkpoint its network too: "
                f"ID@{path.name}"
            )
        found = [each for each in _models_at(path, formats) if format_of_model(each) in formats]
        if found:
            return found
        if "torch" in formats:
            return [checkpoint_of(self._describes_itself())]
        wanted = " or ".join(_SUFFIXES[name] for name in formats)
        if not path.is_dir():
            raise ModelError(f"{path}: {self.runtime or runtime} opens no {path.suffix} files; give {wanted}")
        raise ModelError(
            f"{self.text}: there is no {wanted} file of a model in the folder; give the folder of an export, as "
            "mattekit export MODEL -o DIR writes it, or the file itself"
        )

    def path_of_one(
        self,
        runtime: str = "openvino",
        *,
        task: Task | None = None,
        offline: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Return the one file that a runtime can open; as `paths` otherwise.

        Raises:
            ModelError: there are several, which the message lists.
        """
        found = self.paths(runtime, task=task, offline=offline, progress=progress)
        if len(found) > 1:
            listed = ", ".join(path.parent.name for path in found)
            raise ModelError(f"{self.text}: the folder holds {listed}; give one of them, such as {found[0].parent}")
        return found[0]

    def variants(
        self, runtime: str = "openvino", *, offline: bool = False, progress: Progress | None = None
    ) -> list[Variant]:
        """Return what each of the files says of itself; as `paths` otherwise.

        Raises:
            ContractError: one carries no contract.
        """
        return [self.variant_at(path) for path in self.paths(runtime, offline=offline, progress=progress)]

    def one(
        self,
        runtime: str = "openvino",
        *,
        task: Task | None = None,
        offline: bool = False,
        progress: Progress | None = None,
    ) -> Variant:
        """Return what the one file says of itself; as `path_of_one` otherwise.

        Raises:
            ContractError: it carries no contract.
        """
        return self.variant_at(self.path_of_one(runtime, task=task, offline=offline, progress=progress))

    @property
    def _place(self) -> Path:
        if self.path is None:
            raise TypeError("a reference without a name has a path")
        return self.path

    def variant_at(self, path: Path) -> Variant:
        """Return what one of the reference's files says of itself.

        Raises:
            ModelError: it cannot be read.
            ContractError: it carries no contract.
        """
        if format_of_model(path) != "torch":
            return read_variant(path, self.contract, self.otherwise)
        name = self.name or self._describes_itself().id
        return Variant(name, "fp32", path, self.contract or fine_tuned_as(spec_for(name, path), path).contract)

    def _describes_itself(self) -> Variant:
        """What an export says, by which the checkpoint that it was made from can be found."""
        found = _models_at(self._place, ("openvino", "onnx"))
        if not found:
            raise ModelError(f"{self._place}: the folder holds no model; give the folder of an export")
        return read_variant(found[0], self.contract, self.otherwise)

    def _of_zoo(
        self, formats: tuple[ModelFormat, ...], task: Task | None, *, offline: bool, progress: Progress | None
    ) -> Path:
        spec = spec_for(self.name, self.path)
        if task is not None and spec.task != task:
            raise ModelError(
                f"{self.name} is a {spec.task} model, but a {task} model is needed here; see: mattekit models"
            )
        if formats == ("torch",):
            if spec.build is None:
                raise ModelError(
                    f"{self.name}: this entry is an ONNX file, not a PyTorch module; give onnxruntime:{self.name}"
                )
            return self.path or fetch(spec, offline=offline, progress=progress)
        ready = bundled_ir(spec) if self.path is None and "openvino" in formats else None
        if ready is not None:
            return ready
        folder = exported(spec, self.path, offline=offline, progress=progress)
        return folder / ("model.xml" if "openvino" in formats else "model.onnx")


def _existing(text: str) -> Path:
    path = expanded(text)
    if not path.exists():
        raise ModelError(
            f"{text}: there is no such file or folder; check the path, or make it with: mattekit export MODEL -o DIR"
        )
    return path


def _models_at(folder: Path, formats: tuple[ModelFormat, ...]) -> list[Path]:
    """Return a file, or the models in a folder: of one export, or of a model, folders named by a precision first."""
    if not folder.is_dir():
        return [folder]
    names = [name for name, kind in (("model.xml", "openvino"), ("model.onnx", "onnx")) if kind in formats]

    def first(where: Path) -> list[Path]:
        return [where / name for name in names if (where / name).is_file()][:1]

    here = first(folder)
    if here:
        return here
    order: dict[str, int] = {name: number for number, name in enumerate(PRECISIONS)}
    below = sorted(
        # What begins with a dot is under way, or was left by a process that was killed.
        (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")),
        key=lambda path: (order.get(path.name, 9), path.name),
    )
    found = [path for each in below for path in first(each)]
    # The folders of several precisions hold the same ONNX file.
    seen: dict[str, Path] = {}
    for path in found:
        seen.setdefault(str(path) if path.suffix == ".xml" else sha256_of(path), path)
    return list(seen.values())
