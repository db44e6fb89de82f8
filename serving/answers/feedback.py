"""Feedback: records the outcomes of predictions, all or none."""

from serving.answers.predictions import from_log
from serving.answers.served_model import Call, ServedModel
from serving.contract.errors import ApiError, Detail, invalid_field, unknown_prediction
from serving.contract.requests import FeedbackRequest
from serving.contract.responses import FeedbackAnswer, Recorded
from store.outcomes import CLOCK_SKEW, ContradictingOutcome, EarlyOutcome, Outcome, record_outcomes
from store.predictions import UnknownPrediction


def feedback(served: ServedModel, requests: list[FeedbackRequest], call: Call) -> FeedbackAnswer:
    """Record outcomes; raises ApiError."""
    for place, one in enumerate(requests):
        if one.occurred_at is not None and one.occurred_at > call.now + CLOCK_SKEW:
            raise invalid_field(_field(requests, place, "occurred_at"), "In the future", "now")
    recorded = [
        Recorded(prediction_id=one.prediction_id, outcome=one.outcome, is_new=is_new)
        for one, is_new in zip(requests, _record(served, requests, call), strict=True)
    ]
    return FeedbackAnswer(request_id=call.request_id, recorded=recorded)


def _record(served: ServedModel, requests: list[FeedbackRequest], call: Call) -> list[bool]:
    """Write the outcomes to the log and return which were new; raises ApiError."""
    outcomes = [Outcome(one.prediction_id, one.outcome, one.occurred_at or call.now) for one in requests]
    try:
        return from_log(served, lambda: record_outcomes(served.engine, outcomes, received_at=call.now))
    except UnknownPrediction as error:
        message = "nothing was recorded: the log has no prediction with one of the ids"
        raise unknown_prediction(_field(requests, error.position or 0, "prediction_id"), message) from None
    except EarlyOutcome as error:
        field = _field(requests, error.position, "occurred_at")
        raise invalid_field(field, "Before the prediction", "the prediction") from None
    except ContradictingOutcome as error:
        problem = f"{error.outcome} contradicts {error.known}, which is already recorded"
        detail = Detail(field=_field(requests, error.position, "outcome"), problem=problem, limit=error.known)
        message = "nothing was recorded: outcomes contradict each other"
        raise ApiError(409, "contradicting_outcome", message, [detail]) from None


def _field(requests: list[FeedbackRequest], place: int, field: str) -> str:
    return field if len(requests) == 1 else f"[{place}].{field}"
