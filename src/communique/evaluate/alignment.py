"""The best one-to-one assignment: which predicted record answers to which gold one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def assign(  # noqa: C901 - one algorithm, read as one
    weights: Sequence[Sequence[float]],
) -> list[tuple[int, int]]:
    """Choose the one-to-one pairs (row, column) of the greatest total weight, in the order of rows.

    Weights of zero or less are never paired. The Hungarian method with potentials and shortest
    augmenting paths, O(n²m) (Kuhn 1955; Jonker and Volgenant 1987). Rows are equally long.
    """
    if not weights or not weights[0]:
        return []
    if len(weights) > len(weights[0]):
        flipped = assign([list(column) for column in zip(*weights, strict=True)])
        return sorted((row, column) for column, row in flipped)
    n, m = len(weights), len(weights[0])
    costs = [[-max(weight, 0.0) for weight in row] for row in weights]
    # Row 0 and column 0 are sentinels: `owner[0]` is the row that looks for a column.
    row_price, column_price = [0.0] * (n + 1), [0.0] * (m + 1)
    owner = [0] * (m + 1)
    for row in range(1, n + 1):
        owner[0], column = row, 0
        slack, came_from, used = [math.inf] * (m + 1), [0] * (m + 1), [False] * (m + 1)
        while owner[column]:
            used[column] = True
            here = owner[column]
            for other in range(1, m + 1):
                if not used[other]:
                    cost = costs[here - 1][other - 1] - row_price[here] - column_price[other]
                    if cost < slack[other]:
                        slack[other], came_from[other] = cost, column
            nearest = min((j for j in range(1, m + 1) if not used[j]), key=slack.__getitem__)
            step = slack[nearest]
            for j in range(m + 1):
                if used[j]:
                    row_price[owner[j]] += step
                    column_price[j] -= step
                else:
                    slack[j] -= step
            column = nearest
        while column:
            owner[column] = owner[came_from[column]]
            column = came_from[column]
    pairs = ((owner[j] - 1, j - 1) for j in range(1, m + 1) if owner[j])
    return sorted((i, j) for i, j in pairs if weights[i][j] > 0)
