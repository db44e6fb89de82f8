"""How far a promised effect is from the true one: measured where the truth is known, kept beside the model.

A model's own effect of a change is a guess. What is promised is the expected true effect given that guess, fitted by
kind of change on profiles whose true probabilities a simulator knows. Since it is an expectation given the guess,
choosing the change with the largest one does not overstate it, as choosing the largest guess would (the winner's
curse; Andrews, Kitagawa, McCloskey 2024, "Inference on winners").
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from matching.arrays import Booleans, Floats, Integers
from matching.errors import ModelError

NOMINAL = 0.8
"""Share of true effects that an interval is to hold."""
LEVEL = "level"
"""The kind of no change: the expected matches of the profile as it is."""
FILE = "advice.json"
FORMAT = 1
FEWEST_EFFECTS = 30
CHOSEN = 3
"""Changes of each person that the widening of the intervals looks at."""
PRIOR_EFFECTS = 10.0
"""A kind's slope starts at one, as if so many effects had said so."""


@dataclass(frozen=True)
class Guess:
    """Effects as the model guesses them; arrays have shape (n,).

    Attributes:
        effect: sum of the changes of the match probability over the pool.
        spread: root of the sum of their squares: large where few pairs decide.
        now: expected matches before the change.
    """

    effect: Floats
    spread: Floats
    now: Floats

    @classmethod
    def of(cls, before: Floats, after: Floats) -> "Guess":
        """Guess from match probabilities, shapes (n_pool,) and (n, n_pool)."""
        changed = after - before
        now = np.full(len(after), before.sum())
        return cls(changed.sum(axis=1), np.sqrt((changed**2).sum(axis=1)), now)

    @classmethod
    def joined(cls, guesses: "Sequence[Guess]") -> "Guess":
        """Put guesses one after the other."""
        return cls(*(np.concatenate([getattr(one, part) for one in guesses]) for part in ("effect", "spread", "now")))

    def take(self, rows: Booleans | int) -> "Guess":
        """Keep some of the effects, or one."""
        return Guess(*(np.atleast_1d(values[rows]) for values in (self.effect, self.spread, self.now)))

    def parts(self) -> Floats:
        """What the variance of the true effect is made of, shape (n, 3)."""
        return np.column_stack([self.effect**2, self.spread**2, (0.01 * self.now) ** 2])


@dataclass(frozen=True)
class Spread:
    """Of one kind: true effect = slope x guess + shift x matches now, give or take `width` deviations.

    Attributes:
        slope: of the guess.
        shift: per expected match.
        variances: weights of `Guess.parts`.
        width: deviations to each side that held the nominal share of the true effects.
    """

    slope: float = 1.0
    shift: float = 0.0
    variances: tuple[float, float, float] = (0.25, 1.0, 1.0)
    width: float = 1.2816

    def promise(self, guess: Guess) -> tuple[Floats, Floats, Floats]:
        """Expected true effect, and the ends of its interval; shapes (n,)."""
        middle = self.slope * guess.effect + self.shift * guess.now
        half = self.width * self._deviation(guess)
        return middle, middle - half, middle + half

    def _deviation(self, guess: Guess) -> Floats:
        return np.asarray(np.sqrt(guess.parts() @ np.array(self.variances) + 1e-12))

    @classmethod
    def fit(cls, guess: Guess, truth: Floats) -> "Spread":
        """Fit on true effects, shape (n,)."""
        X = np.column_stack([guess.effect, guess.now])
        strength = PRIOR_EFFECTS * np.diag([np.mean(guess.effect**2), np.mean(guess.now**2)]) + 1e-12 * np.eye(2)
        moments, target = X.T @ X + strength, X.T @ truth + strength @ np.array([1.0, 0.0])
        slope, shift = np.linalg.solve(moments, target)
        if slope < 0:  # few effects: what is guessed to help is never promised to harm for that
            slope, shift = 0.0, target[1] / moments[1, 1]
        rest = truth - slope * guess.effect - shift * guess.now
        parts = guess.parts()
        mean = parts.mean(axis=0)
        used = mean > 1e-12
        scale = np.where(used, mean, 1.0)
        from scipy.optimize import nnls  # a service fits nothing and starts without it

        weights, _ = nnls(parts / scale, rest**2)
        floor = (0.0, 0.0, 0.02 * float(np.mean(rest**2)))  # a guess of nothing still has an interval
        weights = np.where(used, np.maximum(weights, floor) / scale, 0.0)
        kind = cls(float(slope), float(shift), (float(weights[0]), float(weights[1]), float(weights[2])))
        return replace(kind, width=_width(np.abs(rest) / kind._deviation(guess)))


@dataclass(frozen=True)
class Spreads:
    """The spread of each kind of change, and where it was measured.

    Attributes:
        kinds: by kind of change, and `LEVEL`.
        basis: `truth` of the model's own source, or `simulator`: of the default marketplace, for others.
    """

    kinds: dict[str, Spread]
    basis: str

    def of(self, kind: str) -> Spread:
        """Spread of a kind; a wide one where the kind was not measured."""
        return self.kinds.get(kind, Spread())

    @classmethod
    def fit(cls, kinds: Sequence[str], guess: Guess, truth: Floats, people: Integers) -> "Spreads":
        """Fit each kind with at least 30 effects, and widen the intervals until they hold what would be advised.

        Args:
            kinds: kind of each effect, length n; its first word is the side that is advised.
            guess: the model's effects.
            truth: true effects, shape (n,).
            people: shape (n,), who each effect belongs to.
        """
        names = np.array(kinds)
        fitted = {}
        for kind in sorted(set(kinds)):
            rows = names == kind
            if rows.sum() >= FEWEST_EFFECTS:
                fitted[kind] = Spread.fit(guess.take(rows), truth[rows])
        return cls(fitted, "truth")._widened(kinds, guess, truth, people)

    def _widened(self, kinds: Sequence[str], guess: Guess, truth: Floats, people: Integers) -> "Spreads":
        """Widen each side's intervals, if need be, until they hold the nominal share of the changes chosen first.

        What is chosen lies at the edge of what was guessed, where an interval that is right for all changes is short.
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
        """Read `advice.json`; the default marketplace's spreads where a bundle has none; raises ModelError."""
        if not (folder / FILE).is_file():
            return DEFAULT
        state = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ModelError(f"{FILE} has format {state.get('format')}, this version reads {FORMAT}: train again")
        kinds = {name: Spread(**one | {"variances": tuple(one["variances"])}) for name, one in state["kinds"].items()}
        return cls(kinds, "truth")


def _width(deviations: Floats) -> float:
    """Deviations that hold the nominal share of these: split conformal prediction (Vovk et al. 2005)."""
    level = min(1.0, NOMINAL * (1 + 1 / len(deviations)))
    return float(np.quantile(deviations, level, method="higher"))


# The default marketplace, seed 51, as `tests/bench/advice.py --constants 51` prints them; widths a quarter larger.
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
