"""Words that a job must not use to rule candidates out, because they name a protected group.

A block word must not exclude a resume for its "women's chess club". The list is short, English and incomplete: it
catches the obvious cases. Every exclusion is counted, so that an audit finds the rest (docs/how-to/explain.md).
"""

_GENDER = "woman women man men male males female females girl girls boy boys lady ladies he him she her mr mrs ms mx"
_FAMILY = "mother mothers father fathers mom mum dad parent parents pregnant pregnancy maternity paternity married"
_IDENTITY = "nonbinary non-binary transgender gay lesbian bisexual queer lgbt lgbtq lgbtqia"
_AGE = "old older oldest young younger youngest elderly boomer millennial"
_ORIGIN = (
    "black white asian african caucasian hispanic latino latina latinx arab roma gypsy indigenous aboriginal "
    "immigrant immigrants migrant migrants refugee refugees foreigner foreigners"
)
_BELIEF = (
    "jew jews jewish muslim muslims muslima muslimah islam islamic christian christians catholic protestant hindu sikh "
    "buddhist atheist mosque church synagogue temple"
)
_HEALTH = "disabled disability disabilities wheelchair deaf blind autistic autism"

PROTECTED_WORDS: tuple[str, ...] = tuple(
    " ".join((_GENDER, _FAMILY, _IDENTITY, _AGE, _ORIGIN, _BELIEF, _HEALTH)).split()
)
# The pattern works in Python's re and in polars.
PROTECTED_PATTERN = rf"(?i)\b(?:{'|'.join(PROTECTED_WORDS)})\b"
