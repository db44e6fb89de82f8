"""Words a job may not rule candidates out by: they name a protected group.

A resume that holds "women's chess club" must not be lost to a block-word. The list is short, English and never
complete: it stops the plain cases, and every exclusion is counted so that an audit finds the others
(docs/how-to/explain.md).
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
# One pattern for Python's re and for polars' Rust expressions.
PROTECTED_PATTERN = rf"(?i)\b(?:{'|'.join(PROTECTED_WORDS)})\b"
