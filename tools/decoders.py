"""The table of docs/images.md: how each layout that can be written is read.

python -P tools/decoders.py            # one orientation
python -P tools/decoders.py --whole    # all eight
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from importlib import import_module
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

layouts, suite = import_module("layouts"), import_module("test_decoders")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true")
    orientations = tuple(range(1, 9)) if parser.parse_args().whole else (1,)
    counts: dict[str, Counter[str]] = {}
    for layout in (*layouts.tiffs(orientations), *layouts.pngs(), *layouts.jpegs()):
        words = layout.name.split(" ")
        pillows = words[0] == "Pillow's"
        kind = " ".join(words[:3]) if words[0] in ("PNG", "JPEG") else "TIFF " + " ".join(words[: 2 if pillows else 3])
        if words[0] == "PNG":
            kind = "PNG " + " ".join(words[1:6])
        elif words[0] == "JPEG":
            kind = "JPEG " + words[1]
        elif not pillows:
            depth = next((f"{a} bits" for a, b in pairwise(words) if b == "bits"), words[3])
            extra = words[3] if words[3] in ("unassalpha", "assocalpha", "unspecified") else ""
            kind = " ".join(part for part in ("TIFF", words[0], words[1], "samples", extra, depth) if part)
        counts.setdefault(kind, Counter())[suite.check(layout)] += 1
    print("| layout | files | outcome |\n|---|---:|---|")
    for kind, outcomes in counts.items():
        said = ", ".join(outcome if len(outcomes) == 1 else f"{count} {outcome}" for outcome, count in outcomes.items())
        print(f"| {kind} | {outcomes.total()} | {said} |")
    return int(any(not {"equal", "refused"}.issuperset(outcomes) for outcomes in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
