"""Each measurement of the library beside what one would do without it, as ratios of one run.

::

    python benchmarks/run.py                          # all of it; minutes, for the model reads
    python benchmarks/run.py --only import,grounding  # some of it
    python benchmarks/run.py --only many              # what starts with "many": minutes
    python benchmarks/run.py --only many --full       # at the size of the goals: much longer

Ratios hold from machine to machine, as far as they can; seconds do not. Both sides of a ratio are
measured in turns, in the same run.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import articles
import many
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
    every = [*MEASUREMENTS, *many.MANY]
    parser.add_argument("--only", default=",".join(every), help="names, by commas")
    parser.add_argument("--articles", type=int, help="how many articles many-… reads")
    parser.add_argument("--full", action="store_true", help="many-… at the size of the goals")
    options = parser.parse_args()
    scale = many.Scale.full() if options.full else many.Scale()
    if options.articles:
        scale = dataclasses.replace(scale, articles=options.articles)
    names = [name.strip() for name in options.only.split(",")]
    names = [n for name in names for n in (many.MANY if name == "many" else [name])]
    for name in names:
        if name not in every:
            parser.error(f"there is no measurement {name!r}; use some of {', '.join(every)}")
    print(f"Python {sys.version.split()[0]}, {sys.platform}")
    for name in names:
        print(f"\n## {name}", flush=True)
        if name in MEASUREMENTS:
            MEASUREMENTS[name](SEED)
        else:
            many.MANY[name](scale)


if __name__ == "__main__":
    main()
