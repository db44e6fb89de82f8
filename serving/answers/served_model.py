"""A verified model with everything that its answers need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from matching.advice.gains import Spreads
from matching.advice.salary.model import SalaryModel
from matching.arrays import Rows
from matching.data.scores import Scores
from matching.explaining.contributions import Explainer
from matching.model.match_model import MatchModel
from matching.model.support import Support
from matching.text.pay_rates import PayRates
from serving.answers.request_profiles import RequestProfiles
from serving.contract.errors import ApiError
from serving.contract.requests import Body
from serving.contract.salaries import SalaryRates, SalaryWarning
from serving.pool import Pool, Snapshot
from serving.release.deployed import Deployed
from serving.sides import P, Profile, Side
from store.database import Database
from store.writer import LogWriter


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        request_id: identifier of the request and of its answer.
        now: when it was received, UTC.
        salary_rates: how its salaries became USD per year; None if all were in that unit.
        warnings: what looks wrong in its salaries.
    """

    request_id: str
    now: datetime
    salary_rates: SalaryRates | None = None
    warnings: Sequence[SalaryWarning] = ()


@dataclass(frozen=True)
class ServedModel:
    """What answers are made from.

    Attributes:
        model: the verified model.
        deployed: its registered version.
        pools: the live profiles, by the name of their side.
        engine: the database.
        log: writes the predictions to the database.
        supports: how far the probabilities of each target can be trusted; empty if the bundle has no support file.
        explainer: explains scores; None if the bundle does not support it.
        spreads: turn estimated effects of changes into intervals.
        salary: the market's salaries; None if the bundle has no salary model.
        metrics: what was measured at training.
        card: the model card, Markdown.
        pay_rates: turn the salaries of requests into USD per year.
    """

    model: MatchModel
    deployed: Deployed
    pools: dict[str, Pool]
    engine: Database
    log: LogWriter
    supports: dict[str, Support]
    explainer: Explainer | None
    spreads: Spreads
    salary: SalaryModel | None
    metrics: dict[str, Any]
    card: str
    pay_rates: PayRates

    def snapshot(self, side: Side[Any]) -> Snapshot:
        """Return the stored profiles of one side as they are now."""
        return self.pools[side.name].snapshot()

    def profiles(self, side: Side[P]) -> RequestProfiles[P]:
        """Return an empty set for the profiles of one request."""
        return RequestProfiles(side, self.model, self.snapshot(side))

    def one(self, side: Side[P], request: Body) -> RequestProfiles[P]:
        """Return the one profile of a request; raises ApiError."""
        profiles = self.profiles(side)
        profiles.add(getattr(request, side.name), getattr(request, side.key), side.name)
        return profiles

    def compared(self, side: Side[Any], provided: Sequence[Profile] | None) -> Snapshot:
        """Return the provided profiles, or the stored ones if none were provided; raises ApiError."""
        if provided is not None:
            profiles = self.profiles(side)
            profiles.add_all(provided)
            return profiles
        stored = self.snapshot(side)
        if not len(stored):
            message = f"no {side.plural} are stored: send them in the field {side.plural}"
            raise ApiError(404, "nothing_stored", message)
        return stored

    def score(self, side: Side[Any], mine: tuple[Snapshot, Rows], theirs: tuple[Snapshot, Rows]) -> Scores:
        """Score pairs of rows of this side with rows of the other; both have shape (n_pairs,)."""
        mine_encoded, my_rows = mine[0].encoded(mine[1])
        their_encoded, their_rows = theirs[0].encoded(theirs[1])
        return self.model.score_encoded(
            *side.candidate_first(mine_encoded, their_encoded), *side.candidate_first(my_rows, their_rows)
        )

    def signature(self, call: Call) -> dict[str, Any]:
        """Return the fields of `Answered`: which request and which model an answer belongs to."""
        return {
            "request_id": call.request_id,
            "model_name": self.deployed.model_name,
            "model_version": self.deployed.model_version,
            "salary_rates": call.salary_rates,
            "warnings": list(call.warnings),
        }

    def is_ready(self) -> bool:
        """Return whether the log can be written; a model that is not verified never gets here."""
        return self.log.is_healthy()

    def close(self) -> None:
        """Write the predictions that are waiting, and disconnect."""
        self.log.close()
        self.engine.dispose()
