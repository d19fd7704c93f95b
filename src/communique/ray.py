"""Many articles on many machines: a Ray dataset of texts in, the same with our columns out.

>>> import ray
>>> from communique.ray import summarise_dataset
>>> articles = ray.data.read_parquet("articles/")                           # doctest: +SKIP
>>> read = summarise_dataset(articles, published_column="date", actors=8)   # doctest: +SKIP
>>> read.write_parquet("read/")                                             # doctest: +SKIP

Each row of the dataset gives exactly one row, with its own columns as they were and those of
`communique.export.SCHEMAS["nested"]` behind: what became of the article, its engagements and
agreements with their evidence, and the whole summary as JSON. A failed article is a row too.

Needs ``pip install "communique[ray]"``, on every machine of the cluster.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from communique._engines import BATCH, Reading
from communique.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from ray.data import Dataset

__all__ = ["summarise_dataset"]


class Reader:
    """One actor: a summariser that reads one batch after the other."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Read a batch."""
        return self.reading.table(batch)


def summarise_dataset(  # noqa: PLR0913 - each is an option of its own
    ds: Dataset,
    text_column: str = "text",
    *,
    published_column: str | None = None,
    id_column: str | None = None,
    model: str | None = None,
    actors: int | tuple[int, int] = 1,
    batch_size: int = BATCH,
    prefix: str = "",
    ray_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> Dataset:
    """Read the articles of a dataset with a pool of actors, lazily, as Ray does all its work.

    `text_column` holds the texts, `published_column` their publication dates and `id_column` your
    ids for them. `model` and `options` are those of `communique.Summariser` (`base_url`, `api_key`,
    `profile`, …), which is made here and sent to every actor, so that a key need be known on this
    machine only; and those of `communique.summarise_many` that hold for each actor: `concurrency`,
    `resume`, and the limits for a minute. `actors` is their number, or the least and the most. An
    actor hands on `batch_size` articles at a time. `prefix` stands before the name of each added
    column. `ray_options` go to Ray for each actor (`num_cpus`, `resources`, `runtime_env`, …).

    An actor that dies is started again, and what it had not handed on is read again, any number
    of times. With `resume`, a file on the machine where the actor runs, no reply that this machine
    has had is paid for twice. The same goes for a dataset that is looked at twice: Ray does its
    work anew each time, so write it, or `materialize` it, and look at that.

    Raises `ConfigurationError` without Ray, where no model can be used, where an option is wrong,
    or where the columns are known beforehand and one is missing or taken; where they are not, that
    error is the cause of Ray's own.
    """
    try:
        from ray.data import ActorPoolStrategy
    except ImportError as error:
        what = "ray is not installed."
        raise ConfigurationError(what, 'Run: pip install "communique[ray]"') from error

    reading = Reading.of(
        text_column,
        published=published_column,
        id=id_column,
        prefix=prefix,
        model=model,
        options=options,
    )
    known = ds.schema(fetch_if_missing=False)
    if known is not None:
        reading.check(known.names)
    least, most = actors if isinstance(actors, tuple) else (actors, actors)
    # An actor waits for replies most of the time. If each claimed a core, as Ray has it, a pool of
    # as many actors as there are cores would leave none to read the dataset and to write it.
    more = {"num_cpus": 0, **(ray_options or {})}
    # Lets Ray count the rows, and take a few, without reading all; newer than the oldest Ray that
    # is supported.
    if "udf_modifying_row_count" in inspect.signature(ds.map_batches).parameters:
        more["udf_modifying_row_count"] = False
    # Ray Data starts an actor that died again, and its tasks, without limit, if not told otherwise.
    return ds.map_batches(
        Reader,
        fn_constructor_args=(reading,),
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=ActorPoolStrategy(min_size=least, max_size=most),
        **more,
    )
