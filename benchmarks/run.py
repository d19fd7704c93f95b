"""Each measurement of the library beside what one would do without it, as ratios of one run.

::

    python benchmarks/run.py                          # all of it; minutes, for the model reads
    python benchmarks/run.py --only import,grounding  # some of it

Ratios hold from machine to machine, as far as they can; seconds do not. Both sides of a ratio are
measured in turns, in the same run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import articles
import model
import stations

SEED = Path(__file__).resolve().parent.parent / "seeds" / "000_e5b3391f3894ea28.txt"

MEASUREMENTS = {
    "model": model.measure,
    "articles": articles.measure,
    "import": stations.imports,
    "grounding": stations.grounding,
    "after": stations.after_the_model,
}


def main() -> None:
    """Run the measurements that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(MEASUREMENTS), help="names, by commas")
    names = [name.strip() for name in parser.parse_args().only.split(",")]
    for name in names:
        if name not in MEASUREMENTS:
            parser.error(f"there is no measurement {name!r}; use some of {', '.join(MEASUREMENTS)}")
    print(f"Python {sys.version.split()[0]}, {sys.platform}")
    for name in names:
        print(f"\n## {name}")
        MEASUREMENTS[name](SEED)


if __name__ == "__main__":
    main()
