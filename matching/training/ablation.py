"""Ablation: which groups of features, and which kind of model, earn their place.

Each group is left out in turn and the model is fitted again. A group whose absence adds no more loss than one standard
error does not help and is dropped; but two groups can stand in for each other, so the drops are made one after the
other, the least missed first, and one that is missed once the others are gone is kept after all. The same rule decides
between the trees and logistic regression: a simpler model that is not worse wins.

Trees that look at a random part of the features come out differently with every seed. The full model is therefore the
mean of several, and what they differ by is part of the standard error.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.errors import InputError
from matching.problems.estimators import Estimator
from matching.training import trial
from matching.training.trial import Added, InnerSlices, Logistic, Losses

Told = Callable[[str], None]
LOGISTIC = "logistic regression"
ALL = "every group"
OTHER, DROPPED = "other", "without all to drop"
SEEDS = 3


@dataclass(frozen=True)
class Finding:
    """One refit beside the full model.

    Attributes:
        name: the group left out; every group, all that were dropped, or the simpler model.
        features: how many features the refit did without.
        losses: of the refit.
        added: loss added to the full model's; the interval is over lists, the standard error over lists and seeds.
        verdict: `keep` or `drop` for a group; of the simpler model, `wins` or `loses`; empty for the full model.
        seconds: how long the refit took.
    """

    name: str
    features: int
    losses: Losses
    added: Added
    verdict: str
    seconds: float


@dataclass(frozen=True)
class Ablation:
    """What every refit showed.

    Attributes:
        full: the model with every group.
        groups: one a group, in the order given, each left out alone.
        without_dropped: the model without all groups to drop; None where there are none.
        logistic: the simpler model, with every group.
        dropped: names of the groups to drop.
    """

    full: Finding
    groups: tuple[Finding, ...]
    without_dropped: Finding | None
    logistic: Finding
    dropped: tuple[str, ...]

    def findings(self) -> tuple[Finding, ...]:
        """Every refit, the full model first."""
        last = () if self.without_dropped is None else (self.without_dropped,)
        return (self.full, *self.groups, *last, self.logistic)


def complete(groups: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, frozenset[str]]:
    """The groups, with a last one for the features that none of them names.

    Raises:
        InputError: a group is empty or names a feature that is not there.
    """
    for group, members in groups.items():
        unknown = sorted(set(members) - set(names))
        if unknown or not members:
            wrong = f"names {', '.join(unknown)}, which no feature is called" if unknown else "is empty"
            raise InputError(f"the group of features {group!r} {wrong}: the features are {', '.join(names)}")
    rest = frozenset(names).difference(*groups.values()) if groups else frozenset(names)
    named = {group: frozenset(members) for group, members in groups.items()}
    return named | ({OTHER: rest} if rest else {})


def ablate(
    slices: InnerSlices,
    groups: Mapping[str, Sequence[str]],
    *,
    estimator: Estimator,
    seed: int,
    told: Told = lambda _: None,
    finished: Callable[[Finding], None] = lambda _: None,
) -> Ablation:
    """Leave out each group in turn, then all that are not missed, and try the simpler model.

    Args:
        slices: what to fit and judge on.
        groups: names of features by name of the group; features in no group form one of their own, and a group
            without a value in this log is passed over.
        estimator: what is fitted, the same in every refit.
        seed: seed of the estimator and of the bootstrap.
        told: told in a few words what is being done.
        finished: called after each refit.

    Raises:
        InputError: a group is empty or names a feature that is not there.
    """
    declared = complete(groups, slices.names)
    members = _with_values(declared, slices)
    if passed_over := [name for name in declared if name not in members]:
        told(f"passed over, without a value in this log: {', '.join(passed_over)}")
    bench = _Bench(slices, seed, finished)
    told(f"refit 1 of {len(members) + 2}: {ALL}, with {SEEDS} seeds")
    full = bench.full(estimator)
    alone: dict[str, Finding] = {}
    for done, (name, without) in enumerate(members.items(), start=2):
        told(f"refit {done} of {len(members) + 2}: without {name}")
        alone[name] = bench.refit(f"without {name}", estimator, without)
    told(f"refit {len(members) + 2} of {len(members) + 2}: {LOGISTIC}")
    simpler = bench.refit(LOGISTIC, Logistic(), frozenset())
    dropped, without_dropped = _drop(bench, estimator, alone, members, told)
    return Ablation(
        full=full,
        groups=tuple(_judged(found, "drop" if name in dropped else "keep") for name, found in alone.items()),
        without_dropped=without_dropped,
        logistic=_judged(simpler, "wins" if simpler.added.is_noise else "loses"),
        dropped=dropped,
    )


def _with_values(members: Mapping[str, frozenset[str]], slices: InnerSlices) -> dict[str, frozenset[str]]:
    """Leave away groups without a single value in this log: they neither help nor harm here."""
    empty: list[bool] = np.all(np.isnan(slices.older_features), axis=0).tolist()
    stated = {name for name, is_empty in zip(slices.names, empty, strict=True) if not is_empty}
    return {group: names for group, names in members.items() if names & stated}


def _drop(
    bench: "_Bench",
    estimator: Estimator,
    alone: Mapping[str, Finding],
    members: Mapping[str, frozenset[str]],
    told: Told,
) -> tuple[tuple[str, ...], Finding | None]:
    """Drop groups that are not missed, the least missed first, as long as all drops together are not missed either."""
    unmissed = sorted((name for name in alone if alone[name].added.is_noise), key=lambda name: alone[name].added.mean)
    dropped: list[str] = []
    kept_off: Finding | None = None
    for name in unmissed:
        together = [*dropped, name]
        without = frozenset().union(*(members[one] for one in together))
        if without >= frozenset().union(*members.values()):
            break
        told(f"without {', '.join(together)}")
        found = alone[name] if len(together) == 1 else bench.refit(DROPPED, estimator, without)
        if found.added.is_noise:
            dropped, kept_off = together, found
    return tuple(dropped), kept_off if len(dropped) > 1 else None


def _judged(found: Finding, verdict: str) -> Finding:
    return replace(found, verdict=verdict)


class _Bench:
    """Refits on the same slices."""

    def __init__(self, slices: InnerSlices, seed: int, finished: Callable[[Finding], None]) -> None:
        self.slices, self.seed, self.finished = slices, seed, finished

    def full(self, estimator: Estimator) -> Finding:
        """Fit with every feature and several seeds; later refits are compared with the mean of these."""
        began = time.monotonic()
        several = [trial.losses(self.slices, estimator, seed=self.seed + more) for more in range(SEEDS)]
        self._reference = trial.mean(several)
        # How far one more fit lies from the mean of these by chance.
        self._spread = float(np.std([one.mean() for one in several], ddof=1) * np.sqrt(1 + 1 / SEEDS))
        return self._finding(ALL, self._reference, frozenset(), began)

    def refit(self, name: str, estimator: Estimator, without: frozenset[str]) -> Finding:
        """Fit without some features."""
        began = time.monotonic()
        found = trial.losses(self.slices, estimator, seed=self.seed, without=without)
        return self._finding(name, found, without, began)

    def _finding(self, name: str, found: Losses, without: frozenset[str], began: float) -> Finding:
        added = trial.added(found, self._reference, seed=self.seed)
        added = replace(added, standard_error=float(np.hypot(added.standard_error, self._spread)))
        finding = Finding(name, len(without), found, added, "", time.monotonic() - began)
        self.finished(finding)
        return finding
