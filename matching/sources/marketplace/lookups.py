"""The vocabulary as arrays: codes, shares and similarities."""

import re
from functools import cache

import numpy as np

from matching.arrays import Floats, Integers
from matching.sources.marketplace import vocabulary as words

N_TECHNOLOGIES = len(words.TECHNOLOGIES)
TECHNOLOGY_CODES: dict[str, int] = {name: code for code, name in enumerate(words.TECHNOLOGIES)}
ROLE_CODES: dict[str, int] = {role.name: code for code, role in enumerate(words.ROLES)}
STACK_ROLES: Integers = np.array([ROLE_CODES[stack.role] for stack in words.STACKS])


def normalised(text: str) -> str:
    """Return lower-case words with a space before and after each, so that a search for a name finds whole words only.

    >>> normalised("Node.js, Go.")
    ' node.js  go '
    """
    parts = re.findall(r"[a-z0-9+#.]+", text.lower())
    return " " + "  ".join(part.rstrip(".") or part for part in parts) + " "


def shares(values: tuple[float, ...] | list[float]) -> Floats:
    """Return values scaled to a sum of one."""
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(array / array.sum())


@cache
def stack_log_weights() -> Floats:
    """Return the log odds of each technology in each stack, shape (n_stacks, n_technologies)."""
    weights = np.full((len(words.STACKS), N_TECHNOLOGIES), -6.0)
    weights[:, [TECHNOLOGY_CODES[name] for name in words.EVERYWHERE]] = -0.6
    for row, stack in enumerate(words.STACKS):
        weights[row, [TECHNOLOGY_CODES[name] for name in stack.related]] = 0.6
        weights[row, [TECHNOLOGY_CODES[name] for name in stack.core]] = 3.0
    weights[:, TECHNOLOGY_CODES[words.NEW_TECHNOLOGY]] = -np.inf
    return weights


@cache
def rarity() -> Floats:
    """Return the weight of each technology, minus the log of its share of the market, shape (n_technologies,)."""
    known = np.full(N_TECHNOLOGIES, 0.02)
    stack_shares = shares([stack.share for stack in words.STACKS])
    for share, stack in zip(stack_shares, words.STACKS, strict=True):
        known[[TECHNOLOGY_CODES[name] for name in stack.core]] += share
        known[[TECHNOLOGY_CODES[name] for name in stack.related]] += 0.5 * share
    known[[TECHNOLOGY_CODES[name] for name in words.EVERYWHERE]] += 0.25
    return np.asarray(-np.log(np.minimum(known, 0.9)))


@cache
def role_similarity() -> Floats:
    """Return the similarity of role families, shape (n_roles + 1, n_roles + 1); the last one is an unknown role."""
    n = len(words.ROLES)
    matrix = np.full((n + 1, n + 1), 0.05)
    groups = np.array([role.group for role in words.ROLES])
    matrix[:n, :n][groups[:, None] == groups[None, :]] = 0.25
    for (one, other), value in words.NEIGHBOURS.items():
        a, b = ROLE_CODES[one], ROLE_CODES[other]
        matrix[a, b] = matrix[b, a] = value
    np.fill_diagonal(matrix, 1.0)
    matrix[n, :] = matrix[:, n] = 0.3
    return matrix


@cache
def spellings() -> tuple[tuple[str, ...], ...]:
    """Return every spelling of each technology, the canonical one first."""
    return tuple((name, *words.SYNONYMS.get(name, ())) for name in words.TECHNOLOGIES)


@cache
def technology_of_spelling() -> dict[str, int]:
    """Return the code of each technology by each of its normalised spellings."""
    return {normalised(name): code for code, names in enumerate(spellings()) for name in names}


@cache
def role_of_title() -> dict[str, int]:
    """Return the code of each role family by its normalised name and titles."""
    return {normalised(t): code for code, role in enumerate(words.ROLES) for t in (role.name, *role.titles)}


@cache
def level_of_word() -> dict[str, int]:
    """Return each seniority level by its normalised words."""
    names = words.SENIORITIES
    return {normalised(word): names.index(name) for name in names for word in words.SENIORITY_WORDS[name]}
