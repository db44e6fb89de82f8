"""Lists of names as sparse rows of hashed columns.

A technology that was never seen in training still has a column, and so still matches itself.
"""

from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix

from matching.arrays import Floats
from matching.text import skills

NAME_COLUMNS = 2**20


def name_rows(names: list[list[str]], values: list[list[float]] | None = None) -> csr_matrix:
    """Encode n lists of names as rows of hashed columns, shape (n, NAME_COLUMNS).

    Args:
        names: n lists of names.
        values: one value per name, of which the largest is stored for a repeated name; 1 for each name if None.
    """
    indices: list[int] = []
    data: list[float] = []
    ends = [0]
    for row, row_names in enumerate(names):
        cells: dict[int, float] = {}
        for place, name in enumerate(row_names):
            column = name_column(name)
            cells[column] = max(cells.get(column, 0.0), 1.0 if values is None else values[row][place])
        for column in sorted(cells):
            indices.append(column)
            data.append(cells[column])
        ends.append(len(indices))
    return csr_matrix((data, indices, ends), shape=(len(names), NAME_COLUMNS), dtype=np.float64)


def skill_rows(names: list[list[str]]) -> csr_matrix:
    """Encode lists of skills like `name_rows`; all spellings of a skill share a column."""
    return name_rows([skills.canonical_names(row) for row in names])


def count(rows: csr_matrix) -> Floats:
    """Number of names in each row."""
    return np.asarray(np.diff(rows.indptr), dtype=np.float64)


def ones(rows: csr_matrix) -> csr_matrix:
    """Set every stored value to 1."""
    marked = csr_matrix(rows)
    marked.data = np.ones_like(marked.data)
    return marked


def name_column(name: str) -> int:
    """Column of a name."""
    return crc32(name.strip().lower().encode()) % NAME_COLUMNS
