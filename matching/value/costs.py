"""The cost table: what outreach, interviews and hires cost and bring, in USD."""

import math
from dataclasses import dataclass, field, fields

from matching.errors import InputError


def _amount(default: float, meaning: str, basis: str) -> float:
    """Return a field for an amount, with what it pays for and the basis of its default."""
    amount: float = field(default=default, metadata={"meaning": meaning, "basis": basis})
    return amount


@dataclass(frozen=True)
class Costs:
    """The cost table, in USD. Only the recruiter's pay has a source; replace the other defaults by your own figures.

    A recruiter's hour costs 43 USD: the median pay of human resources specialists, 30.52 USD (US Bureau of Labor
    Statistics, Occupational Outlook Handbook, 2020), plus an assumed 40 %.

    Attributes:
        look_usd: cost of one look, in which a recruiter examines one candidate.
        outreach_usd: cost of writing to one candidate.
        declined_outreach_usd: cost of an outreach that is declined or never answered, in addition to writing it.
        interview_usd: cost of one candidate's interviews for the company.
        hire_usd: value of one hire: the fee for the match.

    Raises:
        InputError: an amount is negative or not a number.

    >>> Costs(hire_usd=12_500).rows()[-1]
    ('one hire', 12500.0, 'set by the user')
    """

    look_usd: float = _amount(0.36, "a recruiter's look at one candidate", "30 seconds of a recruiter, assumed")
    outreach_usd: float = _amount(4.30, "one outreach", "6 minutes of a recruiter, assumed")
    declined_outreach_usd: float = _amount(
        2.00, "an outreach declined or unanswered", "goodwill of a candidate bothered for nothing, assumed"
    )
    interview_usd: float = _amount(300.0, "one candidate's interviews", "4 hours of interviewers at 75 USD, assumed")
    hire_usd: float = _amount(20_000.0, "one hire", "a fee of 20 % of a first-year salary of 100,000 USD, assumed")

    def __post_init__(self) -> None:
        for one in fields(self):
            amount = getattr(self, one.name)
            if not (math.isfinite(amount) and amount >= 0):
                raise InputError(f"{one.name} is {amount}: give an amount in USD, zero or more")

    def rows(self) -> list[tuple[str, float, str]]:
        """Return the meaning, the amount in USD and the basis of each line."""
        return [
            (
                str(one.metadata["meaning"]),
                float(getattr(self, one.name)),
                str(one.metadata["basis"]) if getattr(self, one.name) == one.default else "set by the user",
            )
            for one in fields(self)
        ]
