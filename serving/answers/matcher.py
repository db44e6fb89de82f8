"""Answers requests: resolves profiles, scores, ranks, logs, records outcomes. Knows no HTTP framework."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from home.settings import Settings
from matching.advice.effects import Spreads
from matching.advice.salary import SalaryModel
from matching.arrays import Floats32, Rows
from matching.data.dataset import Pairs
from matching.data.finite import finite_or_null
from matching.data.scores import Scores
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.features.encoding import Encoded
from matching.model import support
from matching.model.manifest import NOT_SERVED, verify
from matching.model.match_model import MatchModel
from matching.model.support import Support
from matching.rules import hard_limits
from matching.rules.hard_limits import CandidateLimits, HardLimit, JobLimits
from serving.answers import planning
from serving.answers.balancing import balanced
from serving.answers.explanations import Explanations
from serving.answers.limiting import allowed, told
from serving.api.errors import Detail, Problem, invalid
from serving.api.examples import EXAMPLE_CANDIDATE, EXAMPLE_JOB
from serving.api.requests import (
    ExplainAnswer,
    ExplainRequest,
    FeedbackAnswer,
    FeedbackRequest,
    MatchAnswer,
    MatchRequest,
    ModelAnswer,
    PlanAnswer,
    PlannedJob,
    PlanOutreachRequest,
    Prediction,
    RankAnswer,
    RankCandidatesRequest,
    Ranked,
    RankJobsRequest,
    Recorded,
    interval_of,
)
from serving.api.sides import Profile, Side
from serving.release.deployed import Deployed
from store.answers import Answer, LoggedModel
from store.database import Database, connect
from store.outcomes import CLOCK_SKEW, ContradictingOutcome, EarlyOutcome, Outcome, record_outcomes
from store.predictions import EXAMPLE, LoggedPrediction, UnknownPrediction, find_prediction
from store.profiles import StoredProfiles, load_kind
from store.writer import LogWriter

RankRequest = RankCandidatesRequest | RankJobsRequest


@dataclass(frozen=True)
class Pool:
    """All stored profiles of one kind, encoded; None where none is stored."""

    stored: StoredProfiles
    encoded: Encoded | None
    limits: CandidateLimits | JobLimits


class Matcher:
    """A verified model with its log and the stored profiles."""

    def __init__(self, model: MatchModel, deployed: Deployed, bundle: Path, engine: Database, log: LogWriter) -> None:
        self.model = model
        self.deployed = deployed
        self.engine = engine
        self.log = log
        self._metrics, self._card = _metrics(bundle / "metrics.json"), _text(bundle / "card.md")
        self._supports = support.read(bundle)
        self._explanations = Explanations(model, bundle, self._supports)
        self.spreads, self.salary = Spreads.load(bundle), SalaryModel.load(bundle)
        candidates, jobs = (load_kind(engine, model.source, kind) for kind in ("candidate", "job"))
        people = model.encode_candidates(candidates.table) if len(candidates) else None
        self._candidates = Pool(candidates, people, hard_limits.encode_candidates(candidates.table))
        posts = model.encode_jobs(jobs.table) if len(jobs) else None
        self._jobs = Pool(jobs, posts, hard_limits.encode_jobs(jobs.table))

    def pool(self, record: type[Profile]) -> Pool:
        """The stored profiles of one kind."""
        return self._candidates if record is CandidateProfile else self._jobs

    def match(self, request: MatchRequest, request_id: str, now: datetime) -> MatchAnswer:
        """Score pairs; raises Problem."""
        candidates = Side(CandidateProfile, self._candidates.stored)
        jobs = Side(JobProfile, self._jobs.stored)
        rows: dict[tuple[int, int], None] = {}
        for place, pair in enumerate(request.pairs):
            field = f"pairs[{place}]"
            row = (
                candidates.add(pair.candidate, pair.candidate_id, f"{field}.candidate"),
                jobs.add(pair.job, pair.job_id, f"{field}.job"),
            )
            if row in rows:
                raise invalid([Detail(field=field, problem="This pair was given before", limit="different pairs")])
            rows[row] = None
        candidate_rows, job_rows = np.array(list(rows), dtype=np.int64).T
        pairs = Pairs(candidates.table(), jobs.table(), candidate_rows, job_rows)
        scores, flags = self.model.score(pairs), hard_limits.broken_limits(pairs)
        candidate_ids, job_ids = list(candidates.profiles), list(jobs.profiles)
        predictions = self._log(
            scores,
            request_id=request_id,
            now=now,
            candidate_ids=[candidate_ids[row] for row in candidate_rows],
            job_ids=[job_ids[row] for row in job_rows],
            candidates=candidates.profiles,
            jobs=jobs.profiles,
            broken=[hard_limits.of_pair(flags, pair) for pair in range(len(pairs))],
        )
        return MatchAnswer(predictions=predictions, **self.answered(request_id))

    def rank_candidates(self, request: RankCandidatesRequest, request_id: str, now: datetime) -> RankAnswer:
        """Rank candidates for a job; raises Problem."""
        jobs = Side(JobProfile, self._jobs.stored)
        jobs.add(request.job, request.job_id, "job")
        ids, payloads, encoded, hard = self._ranked(
            CandidateProfile, self._candidates, request.candidates, "candidates"
        )
        everyone, one = np.arange(len(ids)), np.zeros(len(ids), dtype=np.int64)
        flags = hard_limits.broken(hard, hard_limits.encode_jobs(jobs.table()), everyone, one)
        kept = allowed(ids, payloads, flags, request.relax)
        asked = ids
        ids, payloads, everyone, one = kept.ids, kept.payloads, kept.rows, one[: len(kept.ids)]
        scores = self.model.score_encoded(encoded, self.model.encode_jobs(jobs.table()), everyone, one)
        best = _best(scores, ids, request, asked)
        chosen, job = [ids[row] for row in best], next(iter(jobs.profiles))
        predictions = self._log(
            _take(scores, best),
            request_id=request_id,
            now=now,
            candidate_ids=chosen,
            job_ids=[job] * len(best),
            candidates={key: payloads[row] for key, row in zip(chosen, best, strict=True)},
            jobs=jobs.profiles,
            ranked_from=len(ids),
            broken=[kept.relaxed(row) for row in best],
            excluded=kept.excluded,
        )
        return self._rank_answer(request_id, predictions, len(ids), request, kept.excluded)

    def rank_jobs(self, request: RankJobsRequest, request_id: str, now: datetime) -> RankAnswer:
        """Rank jobs for a candidate; raises Problem."""
        candidates = Side(CandidateProfile, self._candidates.stored)
        candidates.add(request.candidate, request.candidate_id, "candidate")
        ids, payloads, encoded, hard = self._ranked(JobProfile, self._jobs, request.jobs, "jobs")
        everyone, one = np.arange(len(ids)), np.zeros(len(ids), dtype=np.int64)
        flags = hard_limits.broken(hard_limits.encode_candidates(candidates.table()), hard, one, everyone)
        kept = allowed(ids, payloads, flags, request.relax)
        asked = ids
        ids, payloads, everyone, one = kept.ids, kept.payloads, kept.rows, one[: len(kept.ids)]
        scores = self.model.score_encoded(self.model.encode_candidates(candidates.table()), encoded, one, everyone)
        best = _best(scores, ids, request, asked)
        chosen, candidate = [ids[row] for row in best], next(iter(candidates.profiles))
        predictions = self._log(
            _take(scores, best),
            request_id=request_id,
            now=now,
            candidate_ids=[candidate] * len(best),
            job_ids=chosen,
            candidates=candidates.profiles,
            jobs={key: payloads[row] for key, row in zip(chosen, best, strict=True)},
            ranked_from=len(ids),
            broken=[kept.relaxed(row) for row in best],
            excluded=kept.excluded,
        )
        return self._rank_answer(request_id, predictions, len(ids), request, kept.excluded)

    def explain(self, request: ExplainRequest, request_id: str) -> ExplainAnswer:
        """Explain the scores of a pair or of an earlier prediction; nothing is logged; raises Problem."""
        if request.prediction_id is not None:
            features, candidate, job = self._logged(request.prediction_id)
        else:
            candidates = Side(CandidateProfile, self._candidates.stored)
            jobs = Side(JobProfile, self._jobs.stored)
            candidates.add(request.candidate, request.candidate_id, "candidate")
            jobs.add(request.job, request.job_id, "job")
            row = np.zeros(1, dtype=np.int64)
            features = self.model.score(Pairs(candidates.table(), jobs.table(), row, row)).features[0]
            candidate, job = candidates.record(0), jobs.record(0)
        return ExplainAnswer(
            prediction_id=request.prediction_id,
            candidate_id=candidate.candidate_id,
            job_id=job.job_id,
            scores=self._explanations.explain(features, candidate, job),
            broken_limits=told(_broken_by(candidate, job)),
            **self.answered(request_id),
        )

    def plan_outreach(self, request: PlanOutreachRequest, request_id: str, now: datetime) -> PlanAnswer:
        """Plan lists for several jobs at once; each is logged as a ranking; raises Problem."""
        jobs = planning.members(JobProfile, self._jobs.stored, request.jobs, request.job_ids)
        ids, payloads, people, hard = self._planned_candidates(request, len(jobs.profiles))
        flags = planning.ruled_out(hard, jobs.table(), len(ids))
        posts = self.model.encode_jobs(jobs.table())
        planned = []
        lists = planning.lists(self.model, people, posts, (len(jobs.profiles), len(ids)), request, flags=flags)
        ruled_out = {limit: count for limit, broken in flags.items() if (count := int(broken.sum()))}
        for row, ((job, profile), best) in enumerate(zip(jobs.profiles.items(), lists, strict=True)):
            chosen = [ids[one] for one in best]
            predictions = self._log(
                self.model.score_encoded(people, posts, best, np.full_like(best, row)),
                request_id=request_id,
                now=now,
                candidate_ids=chosen,
                job_ids=[job] * len(best),
                candidates={key: payloads[one] for key, one in zip(chosen, best, strict=True)},
                jobs={job: profile},
                ranked_from=len(ids),
                prediction_ids=[f"{request_id}-{row}-{place}" for place in range(len(best))],
                excluded=None if row else ruled_out,  # of the whole plan, once
            )
            excluded = {limit: count for limit, broken in flags.items() if (count := int(broken[row].sum()))}
            planned.append(PlannedJob(job_id=job, results=_placed(predictions), excluded=excluded))
        return PlanAnswer(jobs=planned, ranked_from=len(ids), **self.answered(request_id))

    def _planned_candidates(
        self, request: PlanOutreachRequest, n_jobs: int
    ) -> tuple[list[str], Sequence[Profile | str], Encoded, Any]:
        """Ids, payloads, encodings and limits of who is shared out, if they are not too many; raises Problem."""
        if request.candidate_ids is None:
            planning.check_size(n_jobs, len(request.candidates or self._candidates.stored.payloads))
            return self._ranked(CandidateProfile, self._candidates, request.candidates, "candidates")
        planning.check_size(n_jobs, len(request.candidate_ids))
        people = planning.members(CandidateProfile, self._candidates.stored, None, request.candidate_ids)
        table = people.table()
        encoded = self.model.encode_candidates(table), hard_limits.encode_candidates(table)
        return list(people.profiles), list(people.profiles.values()), *encoded

    def feedback(self, given: list[FeedbackRequest], request_id: str, now: datetime) -> FeedbackAnswer:
        """Record outcomes, all or none; raises Problem."""
        for place, one in enumerate(given):
            if one.occurred_at is not None and one.occurred_at > now + CLOCK_SKEW:
                raise invalid([Detail(field=_item(place, given, "occurred_at"), problem="In the future", limit="now")])
        outcomes = [Outcome(one.prediction_id, one.outcome, one.occurred_at or now) for one in given]
        try:
            is_new = self._feedback(outcomes, now)
        except UnknownPrediction as error:
            detail = Detail(
                field=_item(error.position or 0, given, "prediction_id"), problem="No prediction has this id"
            )
            raise Problem(
                404, "unknown_prediction", "nothing was recorded: an id is not in the log", [detail]
            ) from None
        except EarlyOutcome as error:
            field = _item(error.position, given, "occurred_at")
            raise invalid([Detail(field=field, problem="Before the prediction", limit="the prediction")]) from None
        except ContradictingOutcome as error:
            problem = f"{error.outcome} contradicts {error.known}, which is recorded already"
            detail = Detail(field=_item(error.position, given, "outcome"), problem=problem, limit=error.known)
            raise Problem(409, "contradicting_outcome", "nothing was recorded: outcomes contradict", [detail]) from None
        recorded = [
            Recorded(prediction_id=one.prediction_id, outcome=one.outcome, is_new=new)
            for one, new in zip(given, is_new, strict=True)
        ]
        return FeedbackAnswer(request_id=request_id, recorded=recorded)

    def describe(self, now: datetime) -> ModelAnswer:
        """Describe the model that answers."""
        trained_at = self.deployed.trained_at
        return ModelAnswer(
            model_name=self.deployed.model_name,
            model_version=self.deployed.model_version,
            digest=self.model.digest,
            source=self.model.source,
            directions=[str(direction) for direction in self.model.directions],
            trained_at=trained_at,
            promoted_at=self.deployed.promoted_at,
            age_days=round((now - trained_at) / timedelta(days=1), 3) if trained_at else None,
            metrics=self._metrics,
            card=self._card,
        )

    def log_example(self, now: datetime) -> None:
        """Log the documented example once, so that the feedback example runs as it stands."""
        candidates, jobs = Side(CandidateProfile, self._candidates.stored), Side(JobProfile, self._jobs.stored)
        rows = np.array([candidates.add(EXAMPLE_CANDIDATE, None, "")]), np.array([jobs.add(EXAMPLE_JOB, None, "")])
        scores = self.model.score(Pairs(candidates.table(), jobs.table(), *rows))
        self._log(
            scores,
            request_id=EXAMPLE,
            now=now,
            candidate_ids=list(candidates.profiles),
            job_ids=list(jobs.profiles),
            candidates=candidates.profiles,
            jobs=jobs.profiles,
            prediction_ids=[EXAMPLE],
        )

    def is_ready(self) -> bool:
        """Whether the log can be written; a model that is not verified is never here."""
        return self.log.is_healthy()

    def close(self) -> None:
        """Write what is waiting and disconnect."""
        self.log.close()
        self.engine.dispose()

    def _feedback(self, outcomes: list[Outcome], now: datetime) -> list[bool]:
        try:
            return record_outcomes(self.engine, outcomes, received_at=now)
        except UnknownPrediction:
            self.log.flush()  # it may be answered but not written yet
            return record_outcomes(self.engine, outcomes, received_at=now)

    def _logged(self, prediction_id: str) -> tuple[Floats32, CandidateProfile, JobProfile]:
        """Features and profiles of an earlier prediction of this model; raises Problem."""
        try:
            found = self._found(prediction_id)
        except UnknownPrediction:
            detail = Detail(field="prediction_id", problem="No prediction has this id")
            raise Problem(404, "unknown_prediction", "the id is not in the log", [detail]) from None
        if found.digest != self.model.digest:
            detail = Detail(field="prediction_id", problem="Another model made this prediction")
            raise Problem(409, "other_model", "only predictions of the model that answers are explained", [detail])
        candidate = CandidateProfile.model_validate_json(found.candidate)
        return found.features, candidate, JobProfile.model_validate_json(found.job)

    def _found(self, prediction_id: str) -> LoggedPrediction:
        try:
            return find_prediction(self.engine, prediction_id)
        except UnknownPrediction:
            self.log.flush()  # it may be answered but not written yet
            return find_prediction(self.engine, prediction_id)

    def _ranked(
        self, record: type[Profile], pool: Pool, given: Sequence[Profile] | None, field: str
    ) -> tuple[list[str], Sequence[Profile | str], Encoded, Any]:
        """Ids, payloads, encodings and hard limits of what is ranked; raises Problem."""
        if given is None:
            if pool.encoded is None:
                raise Problem(404, "nothing_stored", f"no {field} are stored: send them in the field {field}")
            return list(pool.stored.row_of), pool.stored.payloads, pool.encoded, pool.limits
        side = Side(record, pool.stored)
        for place, profile in enumerate(given):
            if side.add(profile, None, f"{field}[{place}]") != place:
                where = f"{field}[{place}].{side.key}"
                raise invalid([Detail(field=where, problem="This id was given before", limit="different ids")])
        table = side.table()
        if record is CandidateProfile:
            return list(side.profiles), given, self.model.encode_candidates(table), hard_limits.encode_candidates(table)
        return list(side.profiles), given, self.model.encode_jobs(table), hard_limits.encode_jobs(table)

    def _log(
        self,
        scores: Scores,
        *,
        request_id: str,
        now: datetime,
        candidate_ids: list[str],
        job_ids: list[str],
        candidates: dict[str, Any],
        jobs: dict[str, Any],
        ranked_from: int | None = None,
        prediction_ids: list[str] | None = None,
        broken: Sequence[Sequence[HardLimit]] = (),
        excluded: dict[HardLimit, int] | None = None,
    ) -> list[Prediction]:
        """Queue the predictions for the log and write them as answers; raises Problem, StorageError."""
        company, candidate, match = (_finite_or_fail(p) for p in (scores.company, scores.candidate, scores.match))
        ids = prediction_ids or [f"{request_id}-{place}" for place in range(len(candidate_ids))]
        self.log.append(
            Answer(
                request_id=request_id,
                predicted_at=now,
                prediction_ids=ids,
                candidate_ids=candidate_ids,
                job_ids=job_ids,
                features=scores.features,
                company=scores.company,
                candidate=scores.candidate,
                match=scores.match,
                candidates=candidates,
                jobs=jobs,
                ranked_from=ranked_from,
                broken_limits=broken,
                excluded={limit.value: pairs for limit, pairs in (excluded or {}).items()},
            )
        )
        intervals = self._supports.get(support.MATCH, Support()).intervals(scores.match, scores.features)
        return [
            Prediction(
                prediction_id=ids[place],
                candidate_id=candidate_ids[place],
                job_id=job_ids[place],
                match_probability=match[place],
                company_probability=company[place] if company else None,
                candidate_probability=candidate[place] if candidate else None,
                broken_limits=told(broken[place]) if broken else [],
                **interval_of(intervals[place]),
            )
            for place in range(len(ids))
        ]

    def _rank_answer(
        self,
        request_id: str,
        predictions: list[Prediction],
        ranked_from: int,
        request: RankRequest,
        excluded: dict[HardLimit, int],
    ) -> RankAnswer:
        return RankAnswer(
            results=_placed(predictions),
            ranked_from=ranked_from,
            excluded=excluded,
            balanced_by=request.balance.method if request.balance else None,
            **self.answered(request_id),
        )

    def answered(self, request_id: str) -> Any:
        """What every answer says about who answered."""
        names = {"model_name": self.deployed.model_name, "model_version": self.deployed.model_version}
        return {"request_id": request_id, **names}


def load_matcher(settings: Settings, bundle: Path) -> Matcher:
    """Verify and load a bundle, open the log, load and encode the stored profiles.

    Raises:
        TamperedModel: a file of the bundle differs from its manifest, or the manifest from the deployed.
        ModelError: the bundle is not complete.
        StorageError: the database cannot be reached.
    """
    deployed = Deployed.read(bundle, settings.source)
    verify(bundle, deployed.manifest_digest, without=NOT_SERVED)
    model = MatchModel.load(bundle)
    engine = connect(settings.log_url)
    names = LoggedModel(deployed.model_name, deployed.model_version, model.digest, model.feature_names)
    matcher = Matcher(model, deployed, bundle, engine, LogWriter(engine, names))
    matcher.log_example(datetime.now(UTC))
    return matcher


def _broken_by(candidate: CandidateProfile, job: JobProfile) -> tuple[HardLimit, ...]:
    """Hard limits that one pair breaks."""
    row = np.zeros(1, dtype=np.int64)
    tables = frame(CandidateProfile, [candidate.model_dump()]), frame(JobProfile, [job.model_dump()])
    return hard_limits.of_pair(hard_limits.broken_limits(Pairs(*tables, row, row)), 0)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _metrics(file: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = finite_or_null(json.loads(_text(file) or "{}"))
    return metrics


def _item(place: int, given: Sequence[Any], field: str) -> str:
    return field if len(given) == 1 else f"[{place}].{field}"


def _best(scores: Scores, ids: list[str], request: RankRequest, asked: list[str]) -> Rows:
    """Rows of the highest match probabilities, best first, or balanced; equal ones keep their order; raises Problem."""
    if request.balance is not None:
        return balanced(scores.match.astype(np.float64), ids, request.limit, request.balance, asked=asked)
    return np.argsort(-scores.match, kind="stable")[: request.limit]


def _placed(predictions: list[Prediction]) -> list[Ranked]:
    return [
        Ranked(position=i, relaxed=[one.limit for one in prediction.broken_limits], **prediction.model_dump())
        for i, prediction in enumerate(predictions, start=1)
    ]


def _take(scores: Scores, rows: Rows) -> Scores:
    company, candidate = (None if p is None else p[rows] for p in (scores.company, scores.candidate))
    return Scores(scores.features[rows], company, candidate, scores.match[rows])


def _finite_or_fail(values: NDArray[np.float32] | None) -> list[float]:
    """Return probabilities as numbers, empty for None; an answer never holds NaN."""
    if values is None:
        return []
    if not np.isfinite(values).all():
        raise Problem(500, "model_failure", "the model gave no number: report the request_id of this answer's header")
    numbers: list[float] = values.tolist()
    return numbers
