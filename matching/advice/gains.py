"""Gains: how to promise the gain of a change with an interval, given the model's guess.

The gain according to the model is a guess. Tandem promises the expected true gain given the guess, fitted for each kind
of change on profiles whose true probabilities a simulator knows. Because this is a conditional expectation, choosing
the largest promise does not overstate the gain, as choosing the largest guess would (the winner's curse; Andrews,
Kitagawa, McCloskey 2024, "Inference on winners").
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from matching.arrays import Booleans, Floats, Integers
from matching.model.state import read_state

NOMINAL = 0.8
"""Share of the true gains that the intervals should contain."""
LEVEL = "level"
"""The kind of no change: the expected matches of the unchanged profile."""
FILE = "advice.json"
FORMAT = 1
FEWEST_GAINS = 30
CHOSEN = 3
"""Number of best changes of each profile that the widening of the intervals considers."""
PRIOR_GAINS = 10.0
"""Shrinks the slope of a kind towards one, as this many gains with slope one would."""


@dataclass(frozen=True)
class Guess:
    """Gains as the model guesses them; arrays have shape (n,).

    Attributes:
        gain: sum of the changes in match probability over the pool.
        spread: root of the sum of their squares, large if few pairs decide.
        now: expected matches before the change.

    >>> guess = Guess.of(before=np.array([0.1, 0.2]), after=np.array([[0.4, 0.2]]))
    >>> guess.gain.round(2), guess.now.round(2)
    (array([0.3]), array([0.3]))
    """

    gain: Floats
    spread: Floats
    now: Floats

    @classmethod
    def of(cls, before: Floats, after: Floats) -> "Guess":
        """Return the guess for match probabilities of shapes (n_pool,) and (n, n_pool)."""
        changed = after - before
        now = np.full(len(after), before.sum())
        return cls(changed.sum(axis=1), np.sqrt((changed**2).sum(axis=1)), now)

    @classmethod
    def joined(cls, guesses: "Sequence[Guess]") -> "Guess":
        """Concatenate guesses."""
        return cls(*(np.concatenate([getattr(one, part) for one in guesses]) for part in ("gain", "spread", "now")))

    def take(self, rows: Booleans | int) -> "Guess":
        """Keep some of the gains, or one."""
        return Guess(*(np.atleast_1d(values[rows]) for values in (self.gain, self.spread, self.now)))

    def parts(self) -> Floats:
        """Return the components of the variance of the true gain, shape (n, 3)."""
        return np.column_stack([self.gain**2, self.spread**2, (0.01 * self.now) ** 2])


@dataclass(frozen=True)
class Spread:
    """The promise for one kind of change: slope x guess + shift x matches now, give or take `width` deviations.

    Attributes:
        slope: factor of the guessed gain.
        shift: gain per expected match before the change.
        variances: weights of `Guess.parts`.
        width: half-width of the interval, in deviations.

    >>> guess = Guess(np.array([2.0]), np.array([0.0]), np.array([0.0]))
    >>> [ends.round(2) for ends in Spread(slope=0.8, variances=(0.25, 0.0, 0.0), width=1.0).promise(guess)]
    [array([1.6]), array([0.6]), array([2.6])]
    """

    slope: float = 1.0
    shift: float = 0.0
    variances: tuple[float, float, float] = (0.25, 1.0, 1.0)
    width: float = 1.2816

    def promise(self, guess: Guess) -> tuple[Floats, Floats, Floats]:
        """Return the expected true gain and the ends of its interval, shape (n,) each."""
        middle = self.slope * guess.gain + self.shift * guess.now
        half = self.width * self._deviation(guess)
        return middle, middle - half, middle + half

    def _deviation(self, guess: Guess) -> Floats:
        return np.asarray(np.sqrt(guess.parts() @ np.array(self.variances) + 1e-12))

    @classmethod
    def fit(cls, guess: Guess, truth: Floats) -> "Spread":
        """Fit a guess to the true gains, shape (n,)."""
        X = np.column_stack([guess.gain, guess.now])
        strength = PRIOR_GAINS * np.diag([np.mean(guess.gain**2), np.mean(guess.now**2)]) + 1e-12 * np.eye(2)
        moments, target = X.T @ X + strength, X.T @ truth + strength @ np.array([1.0, 0.0])
        slope, shift = np.linalg.solve(moments, target)
        if slope < 0:  # with few gains: a promise never contradicts its guess
            slope, shift = 0.0, target[1] / moments[1, 1]
        rest = truth - slope * guess.gain - shift * guess.now
        parts = guess.parts()
        mean = parts.mean(axis=0)
        used = mean > 1e-12
        scale = np.where(used, mean, 1.0)
        from scipy.optimize import nnls  # a service fits nothing and starts without it

        weights, _ = nnls(parts / scale, rest**2)
        floor = (0.0, 0.0, 0.02 * float(np.mean(rest**2)))  # a guess of zero still has an interval
        weights = np.where(used, np.maximum(weights, floor) / scale, 0.0)
        kind = cls(float(slope), float(shift), (float(weights[0]), float(weights[1]), float(weights[2])))
        return replace(kind, width=_width(np.abs(rest) / kind._deviation(guess)))


@dataclass(frozen=True)
class Spreads:
    """The spread of each kind of change, and where it was measured.

    Attributes:
        kinds: spreads by side and kind of change, or by side and `LEVEL`.
        basis: `truth` if measured with the truth of the model's source, `simulator` if on the default marketplace.
    """

    kinds: dict[str, Spread]
    basis: str

    def of(self, kind: str) -> Spread:
        """Return the spread of a kind, a wide one if the kind was not measured."""
        return self.kinds.get(kind, Spread())

    @classmethod
    def fit(cls, kinds: Sequence[str], guess: Guess, truth: Floats, people: Integers) -> "Spreads":
        """Fit each kind with at least 30 gains, and widen the intervals for the changes that would be advised.

        Args:
            kinds: kind of each gain, length n; its first word is the advised side.
            guess: the gains according to the model.
            truth: the true gains, shape (n,).
            people: shape (n,), number of the profile that each gain belongs to.
        """
        names = np.array(kinds)
        fitted = {}
        for kind in sorted(set(kinds)):
            rows = names == kind
            if rows.sum() >= FEWEST_GAINS:
                fitted[kind] = Spread.fit(guess.take(rows), truth[rows])
        return cls(fitted, "truth")._widened(kinds, guess, truth, people)

    def _widened(self, kinds: Sequence[str], guess: Guess, truth: Floats, people: Integers) -> "Spreads":
        """Widen the intervals of a side, if necessary, until they contain the nominal share of its best changes.

        The best changes have extreme guesses, for which an interval that is right on average is too short.
        """
        promised = np.array([self.of(kind).promise(guess.take(row)) for row, kind in enumerate(kinds)])[:, :, 0]
        miss = np.abs(truth - promised[:, 0]) / (promised[:, 2] - promised[:, 0])
        sides = np.array([kind.split()[0] for kind in kinds])
        level = np.array([kind.endswith(LEVEL) for kind in kinds])
        factor = {}
        for side in sorted(set(sides)):
            mine = np.flatnonzero((sides == side) & ~level)
            order = mine[np.lexsort((-promised[mine, 0], people[mine]))]
            _, first = np.unique(people[order], return_index=True)
            rank = np.arange(len(order)) - np.repeat(first, np.diff([*first, len(order)]))
            factor[side] = max(1.0, _width(miss[order[rank < CHOSEN]])) if len(order) else 1.0
        kinds_ = {
            name: one if name.endswith(LEVEL) else replace(one, width=one.width * factor[name.split()[0]])
            for name, one in self.kinds.items()
        }
        return replace(self, kinds=kinds_)

    def write(self, folder: Path) -> None:
        """Write `advice.json` into a bundle."""
        state = {"format": FORMAT, "nominal": NOMINAL, "kinds": {name: asdict(one) for name, one in self.kinds.items()}}
        (folder / FILE).write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Spreads":
        """Read `advice.json`, or return the spreads of the default marketplace if it is missing; raises ModelError."""
        if not (folder / FILE).is_file():
            return DEFAULT
        state = read_state(folder / FILE, FORMAT)
        kinds = {name: Spread(**one | {"variances": tuple(one["variances"])}) for name, one in state["kinds"].items()}
        return cls(kinds, "truth")


def _width(deviations: Floats) -> float:
    """Return the deviation that contains the nominal share of these: split conformal prediction (Vovk et al. 2005)."""
    level = min(1.0, NOMINAL * (1 + 1 / len(deviations)))
    return float(np.quantile(deviations, level, method="higher"))


# From the default marketplace, seed 51, as `tests/bench/advice.py --constants 51` prints them, with wider intervals.
_SIMULATED = {
    "candidate city": Spread(1.24, 0.003, (0.165, 0, 15.7), 2.05),
    "candidate company_size": Spread(0.60, 0.045, (0, 0.1, 14), 1.83),
    "candidate industry": Spread(0.00, 0.036, (4.87, 18, 6.9), 1.85),
    "candidate level": Spread(1.11, 0.000, (0.0838, 1.11, 0), 2.24),
    "candidate remote": Spread(0.74, -0.026, (0, 1.89, 56), 2.45),
    "candidate role": Spread(0.00, 0.021, (0.472, 0, 39.8), 1.52),
    "candidate salary": Spread(1.23, -0.001, (0.128, 0, 10.8), 2.12),
    "candidate skill": Spread(0.80, 0.021, (0.0814, 0.0893, 3.95), 1.80),
    "job experience": Spread(0.87, 0.008, (0.284, 0, 11.6), 1.92),
    "job level": Spread(1.18, 0.000, (0.126, 0, 0), 2.20),
    "job must_have": Spread(1.02, 0.029, (0, 0.691, 22.2), 2.00),
    "job remote": Spread(1.39, 0.006, (0.0623, 1.84, 133), 2.18),
    "job salary": Spread(1.05, 0.033, (0, 2.63, 18.1), 1.88),
}
DEFAULT = Spreads(_SIMULATED, "simulator")
