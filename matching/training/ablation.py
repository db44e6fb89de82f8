"""Ablation: which groups of features, and which kind of model, are needed.

The model is fitted again without each group. A group without which the loss grows by no more than one standard error
does not help and is dropped. Two groups can substitute for each other, so groups are dropped one after another, the
least useful first, as long as all dropped groups together are not missed. The same rule decides between the trees and
logistic regression: a simpler model that is no worse wins.

Trees that sample features differ by seed. So the full model is the mean of several seeds, and their spread is part of
the standard error.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.data.progress import Progress
from matching.errors import InputError
from matching.problems.estimators import Estimator
from matching.training import trial
from matching.training.trial import AddedLoss, InnerSplit, Logistic, Losses

LOGISTIC = "logistic regression"
ALL = "every group"
OTHER, DROPPED = "other", "without all dropped groups"
SEEDS = 3


@dataclass(frozen=True)
class Refit:
    """One refit, compared with the full model.

    Attributes:
        name: what was left out, or which model was fitted.
        features: number of features that were left out.
        losses: losses of the refit.
        added: loss added to the full model; the interval is over lists, the standard error over lists and seeds.
        decision: `keep` or `drop` for a group, `wins` or `loses` for the simpler model, else empty.
        seconds: duration of the refit.
    """

    name: str
    features: int
    losses: Losses
    added: AddedLoss
    decision: str
    seconds: float


@dataclass(frozen=True)
class Ablation:
    """The result of all refits.

    Attributes:
        full: the model with every group.
        groups: one refit for each group, without this group alone.
        without_dropped: the model without all dropped groups; None if fewer than two are dropped.
        logistic: the simpler model, with every group.
        dropped: names of the groups to drop.
    """

    full: Refit
    groups: tuple[Refit, ...]
    without_dropped: Refit | None
    logistic: Refit
    dropped: tuple[str, ...]

    def refits(self) -> tuple[Refit, ...]:
        """Return every refit, the full model first."""
        last = () if self.without_dropped is None else (self.without_dropped,)
        return (self.full, *self.groups, *last, self.logistic)


def complete(groups: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the groups, and a last one for the features in no group.

    Raises:
        InputError: a group is empty or names an unknown feature.

    >>> groups = complete({"pay": ["salary"]}, ["salary", "city"])
    >>> {name: sorted(members) for name, members in groups.items()}
    {'pay': ['salary'], 'other': ['city']}
    """
    for group, members in groups.items():
        unknown = sorted(set(members) - set(names))
        if unknown or not members:
            wrong = f"names {', '.join(unknown)}, which is no feature" if unknown else "is empty"
            raise InputError(f"the group of features {group!r} {wrong}: the features are {', '.join(names)}")
    rest = frozenset(names).difference(*groups.values()) if groups else frozenset(names)
    declared = {group: frozenset(members) for group, members in groups.items()}
    return declared | ({OTHER: rest} if rest else {})


def ablate(
    inner: InnerSplit,
    groups: Mapping[str, Sequence[str]],
    *,
    estimator: Estimator,
    seed: int,
    progress: Progress = lambda _: None,
    finished: Callable[[Refit], None] = lambda _: None,
) -> Ablation:
    """Leave out each group in turn, then all groups that are not missed, and try the simpler model.

    Args:
        inner: pairs to fit and to evaluate on.
        groups: names of the features in each group; features in no group form a group of their own, and a group
            without any value in this log is skipped.
        estimator: makes what is fitted, the same in every refit but the simpler model.
        seed: seed of the estimator and of the bootstrap.
        progress: called with a few words about each step.
        finished: called after each refit.

    Raises:
        InputError: a group is empty or names an unknown feature.
    """
    declared = complete(groups, inner.names)
    members = _with_values(declared, inner)
    if skipped := [name for name in declared if name not in members]:
        progress(f"skipped, without any value in this log: {', '.join(skipped)}")
    refits = _Refits(inner, seed, finished)
    progress(f"refit 1 of {len(members) + 2}: {ALL}, with {SEEDS} seeds")
    full = refits.full(estimator)
    alone: dict[str, Refit] = {}
    for done, (name, without) in enumerate(members.items(), start=2):
        progress(f"refit {done} of {len(members) + 2}: without {name}")
        alone[name] = refits.without(f"without {name}", estimator, without)
    progress(f"refit {len(members) + 2} of {len(members) + 2}: {LOGISTIC}")
    simpler = refits.without(LOGISTIC, Logistic(), frozenset())
    dropped, without_dropped = _drop(refits, estimator, alone, members, progress)
    return Ablation(
        full=full,
        groups=tuple(replace(one, decision="drop" if name in dropped else "keep") for name, one in alone.items()),
        without_dropped=without_dropped,
        logistic=replace(simpler, decision="wins" if simpler.added.is_noise else "loses"),
        dropped=dropped,
    )


def _with_values(members: Mapping[str, frozenset[str]], inner: InnerSplit) -> dict[str, frozenset[str]]:
    """Leave out groups without any value in this log: they can neither help nor harm."""
    empty: list[bool] = np.all(np.isnan(inner.older_features), axis=0).tolist()
    present = {name for name, is_empty in zip(inner.names, empty, strict=True) if not is_empty}
    return {group: names for group, names in members.items() if names & present}


def _drop(
    refits: "_Refits",
    estimator: Estimator,
    alone: Mapping[str, Refit],
    members: Mapping[str, frozenset[str]],
    progress: Progress,
) -> tuple[tuple[str, ...], Refit | None]:
    """Drop groups that are not missed, the least useful first, as long as they are not missed together either."""
    unmissed = sorted((name for name in alone if alone[name].added.is_noise), key=lambda name: alone[name].added.mean)
    dropped: list[str] = []
    without_dropped: Refit | None = None
    for name in unmissed:
        together = [*dropped, name]
        without = frozenset().union(*(members[one] for one in together))
        if without >= frozenset().union(*members.values()):
            break
        progress(f"without {', '.join(together)}")
        refit = alone[name] if len(together) == 1 else refits.without(DROPPED, estimator, without)
        if refit.added.is_noise:
            dropped, without_dropped = together, refit
    return tuple(dropped), without_dropped if len(dropped) > 1 else None


class _Refits:
    """Refits on the same pairs."""

    def __init__(self, inner: InnerSplit, seed: int, finished: Callable[[Refit], None]) -> None:
        self.inner, self.seed, self.finished = inner, seed, finished

    def full(self, estimator: Estimator) -> Refit:
        """Fit with every feature and several seeds; later refits are compared with their mean."""
        began = time.monotonic()
        several = [trial.losses(self.inner, estimator, seed=(self.seed + more) % 2**32) for more in range(SEEDS)]
        self._reference = trial.mean(several)
        # How far one more fit is from the mean of these by chance.
        self._spread = float(np.std([one.mean() for one in several], ddof=1) * np.sqrt(1 + 1 / SEEDS))
        return self._refit(ALL, self._reference, frozenset(), began)

    def without(self, name: str, estimator: Estimator, features: frozenset[str]) -> Refit:
        """Fit without some features."""
        began = time.monotonic()
        losses = trial.losses(self.inner, estimator, seed=self.seed, without=features)
        return self._refit(name, losses, features, began)

    def _refit(self, name: str, losses: Losses, without: frozenset[str], began: float) -> Refit:
        added = trial.added(losses, self._reference, seed=self.seed)
        added = replace(added, standard_error=float(np.hypot(added.standard_error, self._spread)))
        refit = Refit(name, len(without), losses, added, "", time.monotonic() - began)
        self.finished(refit)
        return refit
