"""The IRs that come with the package, made from the bundled weights: what `make bundled` runs.

The same weights give the same bytes on the same versions of torch, onnx and OpenVINO; with others the bytes may differ,
and tests/test_bundled.py holds what the networks answer. Each step is checked as in any export.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from mattekit import export_model, list_models
from mattekit.convert import BUNDLED_PRECISION
from mattekit.convert.weights_cache import SUMS
from mattekit.core import atomic_path

# Not the installed package's: its files may be links to these, or copies of them.
IRS = Path(__file__).resolve().parents[1] / "convert" / "weights" / "ir"


def main() -> None:
    sums: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        for spec in list_models():
            if spec.weights.bundled is None:
                continue
            ir = export_model(spec.id, Path(made), precision=BUNDLED_PRECISION, offline=True).ir
            for name, sha256 in sorted(ir.sha256.items()):
                target = IRS / spec.id / BUNDLED_PRECISION / name
                with atomic_path(target) as temporary:
                    shutil.copyfile(ir.path.parent / name, temporary)
                sums.append(f"{sha256}  {target.relative_to(IRS).as_posix()}")
                print(f"{sums[-1]}  {target.stat().st_size:,} bytes")
    with atomic_path(IRS / SUMS) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in sums), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
