"""What a week of matching costs and brings, in USD: stated amounts, each of which can be set."""

import math
from dataclasses import dataclass, field, fields

from matching.errors import InputError


def _amount(default: float, meaning: str, basis: str) -> float:
    """One amount with what it pays for and where its default comes from."""
    described: float = field(default=default, metadata={"meaning": meaning, "basis": basis})
    return described


@dataclass(frozen=True)
class Costs:
    """The cost table, in USD; every default but the recruiter's pay is an assumption to be replaced by one's own.

    A recruiter's hour is taken as 43 USD: the median pay of human resources specialists, 30.52 USD (US Bureau of Labor
    Statistics, Occupational Outlook Handbook, 2020), and 40 % on top of it, which is assumed.

    Attributes:
        look_usd: cost of one look of a recruiter at one candidate.
        outreach_usd: cost of writing to one candidate.
        declined_outreach_usd: cost of an outreach that is declined or never answered, besides writing it.
        interview_usd: cost of one candidate's interviews for the company.
        hire_usd: what one hire is worth: the fee of whoever matched the two.

    Raises:
        InputError: an amount is negative or not a number.
    """

    look_usd: float = _amount(0.36, "a recruiter's look at one candidate", "30 seconds of a recruiter, assumed")
    outreach_usd: float = _amount(4.30, "one outreach", "6 minutes of a recruiter, assumed")
    declined_outreach_usd: float = _amount(
        2.00, "an outreach declined or unanswered", "goodwill of a candidate who was bothered for nothing, assumed"
    )
    interview_usd: float = _amount(300.0, "one candidate's interviews", "4 hours of interviewers at 75 USD, assumed")
    hire_usd: float = _amount(20_000.0, "one hire", "a fee of 20 % of a first-year salary of 100,000 USD, assumed")

    def __post_init__(self) -> None:
        for one in fields(self):
            amount = getattr(self, one.name)
            if not (math.isfinite(amount) and amount >= 0):
                raise InputError(f"{one.name} is {amount}: give an amount of USD, zero or more")

    def rows(self) -> list[tuple[str, float, str]]:
        """Meaning, amount in USD and basis of each line; one that was set says so."""
        return [
            (
                str(one.metadata["meaning"]),
                float(getattr(self, one.name)),
                str(one.metadata["basis"]) if getattr(self, one.name) == one.default else "set by the user",
            )
            for one in fields(self)
        ]
