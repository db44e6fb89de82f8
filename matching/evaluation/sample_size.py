"""How many more lists a comparison needs.

The half-width of a bootstrap interval falls with the square root of the number of lists. So the interval at hand shows
at how many lists it would end exactly at the threshold, provided that the measured difference stays the same.

Source: Sakai (2018), "Laboratory Experiments in Information Retrieval: Sample Sizes, Effect Sizes, and Statistical
Power".
"""

SIGNIFICANT_DIGITS = 2


def more_lists(value: float, threshold: float, end: float, *, lists: int) -> int | None:
    """Estimate how many more lists would decide a comparison whose interval still contains the threshold.

    A half-width of twice the distance to the threshold takes four times the lists:

    >>> more_lists(0.02, 0.0, -0.02, lists=100)
    300

    Args:
        value: the measured difference.
        threshold: what it must exceed, or stay below.
        end: the end of its interval that lies beyond the threshold.
        lists: how many lists there are.

    Returns:
        The number, to two significant digits; None where the measured difference itself does not reach the threshold
        (more lists would only confirm that) or the interval does not contain it.
    """
    distance, half_width = value - threshold, value - end
    if not distance * half_width > 0 or abs(half_width) < abs(distance):
        return None
    more = lists * ((half_width / distance) ** 2 - 1)
    return max(1, round(float(f"{more:.{SIGNIFICANT_DIGITS}g}")))
