"""Drift: how far each column of a window is from the reference, compared with what quiet windows reach.

Thresholds come from the null distribution: reference and window are mixed as if nothing had changed, and windows are
drawn from the mixture as whole clusters. Rows of one job are not independent, and treating them so raises false alarms.
The reference is a sample too, so every draw takes a new one. One bound covers all columns together (single-step max-T:
Westfall and Young, "Resampling-Based Multiple Testing", 1993). A change too small to matter never counts. See
docs/decisions/0003-drift-verdicts.md.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.sparse import csr_matrix

from matching.arrays import Booleans, Floats, Integers
from monitoring.windows import Sample

FEW_VALUES = 12
QUANTILES = 100
MAX_NULL_WINDOW_ROWS = 20_000
MAX_MIXTURE_ROWS = 60_000
ROWS_PER_ROUND = 200_000


@dataclass(frozen=True)
class DriftSettings:
    """How certain and how large a change must be.

    Attributes:
        alpha: share of quiet windows that may raise any alarm, over all columns together.
        draws: number of windows drawn for the null distribution.
        min_shape: smallest change of a distribution that matters (share of rows that must move, 0 to 1).
        min_missing: smallest change of the share of missing values that matters.
        blind: if half of the columns have a threshold this high, the window is too small for a verdict.
        min_clusters: smallest number of clusters that allows a verdict.
    """

    alpha: float = 0.005
    draws: int = 1_000
    min_shape: float = 0.10
    min_missing: float = 0.05
    blind: float = 0.5
    min_clusters: int = 8


class ColumnDrift(BaseModel):
    """The change of one column from the reference to a window.

    `shape` is the Kolmogorov-Smirnov distance of the present values (total variation if there are few distinct values),
    `missing` the absolute change of the missing share; both between 0 and 1.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    shape: float
    shape_threshold: float
    missing: float
    missing_threshold: float

    @property
    def severity(self) -> float:
        """Size of the larger change in units of its threshold; over 1 means drift."""
        return max(self.shape / self.shape_threshold, self.missing / self.missing_threshold)

    @property
    def is_missing(self) -> bool:
        """Whether the missing share moved more than the present values did."""
        return self.missing / self.missing_threshold > self.shape / self.shape_threshold


@dataclass(frozen=True)
class Grid:
    """Bins of every column, laid side by side: the last bin of a column counts its missing values.

    Attributes:
        columns: names of the columns.
        cuts: per column its upper bin edges, or its values where there are few.
        few: shape (n_columns,), whether a column has few distinct values.
        starts: shape (n_columns + 1,), first bin of each column.
    """

    columns: tuple[str, ...]
    cuts: tuple[Floats, ...]
    few: Booleans
    starts: Integers

    @classmethod
    def fit(cls, columns: tuple[str, ...], values: Floats) -> "Grid":
        """Choose bins from the reference, `values` of shape (n_rows, n_columns)."""
        cuts, few = [], []
        for column in values.T:
            distinct = np.unique(column[~np.isnan(column)])
            few.append(len(distinct) <= FEW_VALUES)
            cuts.append(distinct if few[-1] else _edges(column, distinct))
        starts = np.concatenate([[0], np.cumsum([len(cut) + 2 for cut in cuts])]).astype(np.int64)
        return cls(columns, tuple(cuts), np.array(few), starts)

    def codes(self, values: Floats) -> Integers:
        """Return the bin of every value, shape (n_rows, n_columns)."""
        codes = np.empty(values.shape, dtype=np.int64)
        for j, cut in enumerate(self.cuts):
            column = values[:, j]
            bins = np.searchsorted(cut, column, side="left")
            if self.few[j] and len(cut):
                bins = np.where(cut[np.minimum(bins, len(cut) - 1)] == column, bins, len(cut))
            codes[:, j] = self.starts[j] + np.where(np.isnan(column), len(cut) + 1, bins)
        return codes

    def distances(self, left: Floats, right: Floats) -> tuple[Floats, Floats]:
        """Compare bin counts of shape (n_draws, n_bins).

        Returns:
            Distances of the distributions and of the missing shares, each of shape (n_draws, n_columns).
        """
        shape = np.zeros((len(left), len(self.columns)))
        missing = np.zeros_like(shape)
        for j, few in enumerate(self.few):
            bins = slice(self.starts[j], self.starts[j + 1])
            a, b = left[:, bins], right[:, bins]
            missing[:, j] = np.abs(_shares(a)[:, -1] - _shares(b)[:, -1])
            difference = _shares(a[:, :-1]) - _shares(b[:, :-1])
            either_empty = (a[:, :-1].sum(axis=1) == 0) | (b[:, :-1].sum(axis=1) == 0)
            distance = np.abs(difference).sum(axis=1) / 2 if few else np.abs(np.cumsum(difference, axis=1)).max(axis=1)
            shape[:, j] = np.where(either_empty, 0.0, distance)
        return shape, missing


def _edges(column: Floats, distinct: Floats) -> Floats:
    """Return quantiles as upper edges, and an edge just below the smallest value for values lower than any seen."""
    quantiles = np.nanquantile(column, np.linspace(0, 1, QUANTILES + 1), method="inverted_cdf")
    return np.unique(np.concatenate([[np.nextafter(distinct[0], -np.inf)], quantiles]))


def _shares(counts: Floats) -> Floats:
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(counts, total, out=np.zeros_like(counts), where=total > 0))


@dataclass(frozen=True)
class Comparison:
    """All columns of one window, most severe first.

    `is_blind` is True if half of the columns could have changed beyond recognition without an alarm.
    """

    columns: tuple[ColumnDrift, ...]
    is_blind: bool


class DriftDetector:
    """Measures windows against one reference.

    Attributes:
        columns: features and probabilities that are compared.
        grid: the bins, chosen from the reference.
    """

    def __init__(self, reference: Sample, *, seed: int, settings: DriftSettings | None = None) -> None:
        self.settings = settings or DriftSettings()
        self.columns = (*reference.features, *reference.probabilities)
        self.reference = reference
        values = reference.matrix(self.columns)
        self.grid = Grid.fit(self.columns, values)
        self._seed = seed
        self._codes = self.grid.codes(values)

    def compare(self, window: Sample, unit: str) -> Comparison:
        """Compare every column of a window; rows with the same value of the column `unit` are one cluster."""
        codes = self.grid.codes(window.matrix(self.columns))
        before, now = (_count(rows, self.grid)[None, :] for rows in (self._codes, codes))
        shape, missing = self.grid.distances(now, before)
        thresholds = self._thresholds(self._null(codes, window.clusters(unit), self.reference.clusters(unit)))
        found = [
            ColumnDrift(
                column=name,
                shape=float(shape[0, j]),
                shape_threshold=float(thresholds[j]),
                missing=float(missing[0, j]),
                missing_threshold=float(thresholds[len(self.columns) + j]),
            )
            for j, name in enumerate(self.columns)
        ]
        is_blind = bool(np.median(thresholds[: len(self.columns)]) >= self.settings.blind)
        return Comparison(tuple(sorted(found, key=lambda drift: -drift.severity)), is_blind)

    def _thresholds(self, null: Floats) -> Floats:
        floors = np.repeat([self.settings.min_shape, self.settings.min_missing], len(self.columns))
        return bound(null, floors, self.settings.alpha)

    def _null(self, codes: Integers, clusters: Integers, reference_clusters: Integers) -> Floats:
        """Distances between samples of the mixture: shape (n_draws, 2 x n_columns), shapes before missing shares."""
        rng = np.random.default_rng(self._seed)
        sizes = rng.permutation(np.bincount(clusters))
        sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), MAX_NULL_WINDOW_ROWS)) + 1]
        n_reference = int(reference_clusters.max()) + 1
        mixed = np.concatenate([reference_clusters, n_reference + clusters])
        mixture = _Mixture.of(mixed, np.vstack([self._codes, codes]), int(self.grid.starts[-1]), rng)
        per_round = max(1, ROWS_PER_ROUND // int(sizes.sum()))
        parts = []
        for start in range(0, self.settings.draws, per_round):
            n_draws = min(per_round, self.settings.draws - start)
            windows = mixture.windows(n_draws, sizes, rng)
            parts.append(np.hstack(self.grid.distances(windows, mixture.references(n_draws, n_reference, rng))))
        return np.vstack(parts)


def bound(null: Floats, floors: Floats, alpha: float) -> Floats:
    """Return thresholds that all statistics stay under together, in all but a share `alpha` of the draws.

    Each statistic is measured in units of its own 99th percentile, so that a heavy tail of one does not raise the
    thresholds of all. A statistic under its floor never alarms, so it does not count.

    Args:
        null: shape (n_draws, n_statistics).
        floors: shape (n_statistics,), the smallest change that matters.
        alpha: share of draws in which anything may pass.
    """
    unit = np.maximum(np.quantile(null, 0.99, axis=0), 1e-9)
    relative = np.where(null > floors, null / unit, 0.0)
    largest = np.quantile(relative.max(axis=1), 1 - alpha, method="higher")
    return np.asarray(np.maximum(floors, largest * unit))


def _count(codes: Integers, grid: Grid) -> Floats:
    return np.bincount(codes.ravel(), minlength=int(grid.starts[-1])).astype(np.float64)


@dataclass(frozen=True)
class _Mixture:
    """Rows of reference and window, grouped into clusters that can be drawn.

    `codes` are sorted by cluster and shuffled within it; `histograms` has shape (n_clusters, n_bins).
    """

    codes: Integers
    starts: Integers
    sizes: Integers
    histograms: csr_matrix

    @classmethod
    def of(cls, clusters: Integers, codes: Integers, n_bins: int, rng: np.random.Generator) -> "_Mixture":
        rows = np.flatnonzero(_some_clusters(clusters, rng)[clusters])
        rows = rows[np.lexsort((rng.random(len(rows)), clusters[rows]))]
        _, starts, sizes = np.unique(clusters[rows], return_index=True, return_counts=True)
        codes = codes[rows]
        row_clusters = np.repeat(np.arange(len(sizes)), sizes * codes.shape[1])
        histograms = csr_matrix((np.ones(codes.size), (row_clusters, codes.ravel())), shape=(len(sizes), n_bins))
        return cls(codes, starts.astype(np.int64), sizes.astype(np.int64), histograms)

    def windows(self, n_draws: int, sizes: Integers, rng: np.random.Generator) -> Floats:
        """Draw windows with clusters of these sizes; return bin counts of shape (n_draws, n_bins)."""
        chosen = rng.integers(len(self.sizes), size=(n_draws, len(sizes)))
        first = np.repeat(rng.integers(self.sizes[chosen]), sizes, axis=1)
        cluster = np.repeat(chosen, sizes, axis=1)
        step = np.concatenate([np.arange(size) for size in sizes])
        rows = self.starts[cluster] + (first + step) % self.sizes[cluster]
        n_bins = self.histograms.shape[1]
        flat = self.codes[rows].reshape(n_draws, -1) + np.arange(n_draws)[:, None] * n_bins
        return np.bincount(flat.ravel(), minlength=n_draws * n_bins).reshape(n_draws, n_bins).astype(np.float64)

    def references(self, n_draws: int, n_clusters: int, rng: np.random.Generator) -> Floats:
        """Draw references of `n_clusters` whole clusters each; return bin counts of shape (n_draws, n_bins)."""
        share = np.full(len(self.sizes), 1 / len(self.sizes))
        weights = rng.multinomial(n_clusters, share, size=n_draws).astype(np.float64)
        return np.asarray((self.histograms.T @ weights.T).T)


def _some_clusters(clusters: Integers, rng: np.random.Generator) -> Booleans:
    """Return which clusters to draw from: all, or a random part of them, since more rows change no verdict."""
    sizes = np.bincount(clusters)
    order = rng.permutation(len(sizes))
    kept = np.zeros(len(sizes), dtype=bool)
    kept[order[: max(2, int(np.searchsorted(np.cumsum(sizes[order]), MAX_MIXTURE_ROWS)) + 1)]] = True
    return kept
