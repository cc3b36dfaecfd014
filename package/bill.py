"""The bill of materials of a package: CycloneDX 1.6 with its machine-learning model."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from ..convert import PackageManifest
from ..core import __version__, sha256_of

__all__ = ["bill_of"]

_SPACE = uuid.UUID("5f0d2f5c-4f1c-4b5e-9f0e-6c1f2f4f5a10")

# SPDX identifiers that the zoo uses; any other licence is given by its name.
_SPDX = frozenset({"Apache-2.0", "MIT", "BSD-3-Clause", "BSD-2-Clause", "CC-BY-4.0", "CC-BY-NC-4.0", "GPL-3.0-only"})


def bill_of(manifest: PackageManifest, folder: Path) -> str:
    """Return the package's bill of materials as JSON ending in a newline; the same package gives the same bytes.

    Args:
        manifest: of the package; its list of files may still be empty.
        folder: where the package's files lie.
    """
    provenance = manifest.provenance
    files = sorted(path for path in folder.glob(f"{Path(manifest.model_file).stem}.*") if path.suffix != ".json")
    hashes = {path.name: sha256_of(path) for path in files}
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, ' '.join(hashes.values()))}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "mattekit", "version": __version__}]},
            "component": {
                "type": "machine-learning-model",
                "bom-ref": "model",
                "name": manifest.model,
                "version": manifest.precision,
                "licenses": [_licence(provenance.weights_licence)],
                "modelCard": {
                    "modelParameters": {
                        "task": manifest.contract.task.replace("_", "-"),
                        "inputs": [{"format": f"{port.name}: {port.dtype}"} for port in manifest.inputs],
                        "outputs": [{"format": f"{port.name}: {port.dtype}"} for port in manifest.outputs],
                    }
                },
                "components": [_file(name, value) for name, value in hashes.items()],
            },
        },
        "components": [
            {
                "type": "data",
                "bom-ref": "weights",
                "name": provenance.weights_file,
                "hashes": [{"alg": "SHA-256", "content": provenance.weights_sha256}],
                "licenses": [_licence(provenance.weights_licence)],
            },
            *(
                {"type": "library", "bom-ref": name, "name": name, "version": version}
                for name, version in sorted(provenance.tools.items())
            ),
        ],
        "dependencies": [{"ref": "model", "dependsOn": ["weights", *sorted(provenance.tools)]}],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def _file(name: str, digest: str) -> dict[str, object]:
    return {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def _licence(text: str) -> dict[str, dict[str, str]]:
    return {"license": {"id": text} if text in _SPDX else {"name": text or "none stated"}}
