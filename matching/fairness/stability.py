"""Counterfactual stability: whether a candidate with another first name and other gendered words ranks the same."""

import re

import numpy as np
import polars as pl

from matching.arrays import Booleans, Codes, Floats

# Pairs of first names, a woman's and a man's, to swap. Names that are also everyday words are left out.
NAMES = """
Olena Andrii, Anna Lukas, Maria Piotr, Priya Rahul, Sofia James, Julia Mykola, Kateryna Daniel, Emma Marco,
Laura Arjun, Ananya David, Ines Felix, Grace Oleh, Mary John, Patricia Robert, Jennifer Michael, Linda William,
Elizabeth Richard, Barbara Joseph, Susan Thomas, Jessica Peter, Sarah Christopher, Karen Matthew, Lisa Anthony,
Nancy Donald, Margaret Steven, Sandra Paul, Ashley Andrew, Emily Joshua, Michelle Kenneth, Amanda Kevin, Melissa Brian,
Deborah George, Stephanie Timothy, Rebecca Ronald, Sharon Jason, Cynthia Edward, Kathleen Jeffrey, Amy Ryan,
Angela Jacob, Shirley Gary, Brenda Nicholas, Pamela Eric, Nicole Jonathan, Samantha Stephen, Katherine Larry,
Christine Justin, Helen Scott, Rachel Benjamin, Olga Ivan, Natalia Serhii, Iryna Oleksandr, Tetiana Dmytro,
Svitlana Volodymyr, Oksana Vasyl, Yulia Yurii, Halyna Bohdan, Ekaterina Sergey, Tatiana Dmitry, Irina Vladimir,
Fatima Mohammed, Aisha Ahmed, Layla Omar, Zahra Ali, Mei Wei, Yuki Hiroshi, Sakura Takashi, Deepa Vikram,
Lakshmi Suresh, Sunita Rajesh, Kavita Amit, Carmen Carlos, Lucia Jose, Elena Miguel, Isabel Javier, Camille Pierre,
Chloe Louis, Ingrid Lars, Astrid Bjorn, Katarzyna Krzysztof, Agnieszka Tomasz, Giulia Luca, Chiara Matteo, Hannah Lukasz
"""
WORDS = """
she he, herself himself, hers his, woman man, women men, girl boy, girls boys, lady gentleman, ladies gentlemen,
female male, females males, mrs mr, chairwoman chairman, businesswoman businessman, saleswoman salesman,
spokeswoman spokesman, forewoman foreman, policewoman policeman, waitress waiter, actress actor, hostess host,
stewardess steward, sister brother, daughter son, wife husband, mother father, maternity paternity,
sorority fraternity, womens mens
"""
# "Her" is both "his" and "him", and "his" is both "her" and "hers": these are swapped one way each.
ONE_WAY = {"her": "his", "him": "her", "his": "her", "ms": "mr"}

SWAPPED = ("headline", "resume")
STABLE = 0.99  # mean overlap from which a ranking counts as stable

_TOKEN = re.compile(r"[^\W\d_]+")


def _both_ways(table: str) -> dict[str, str]:
    couples = [tuple(couple.split()) for couple in table.replace("\n", " ").split(",")]
    return {one.lower(): other.lower() for woman, man in couples for one, other in ((woman, man), (man, woman))}


_NAME_SWAPS = _both_ways(NAMES)
_WORD_SWAPS = _both_ways(WORDS) | ONE_WAY
GENDERED_TERMS = frozenset(_NAME_SWAPS) | frozenset(_WORD_SWAPS)  # lower case


def swap_text(text: str, kept: frozenset[str] = frozenset()) -> str:
    """Swap gendered words, and first names with a capital letter; each word keeps its case.

    Args:
        text: headline or resume of a candidate.
        kept: words, in lower case, that are not swapped.

    >>> swap_text("Olena leads her team")
    'Andrii leads his team'
    """

    def other(found: re.Match[str]) -> str:
        word = found.group()
        low = word.lower()
        if low in kept:
            return word
        swapped = _WORD_SWAPS.get(low) or (_NAME_SWAPS.get(low) if word[0].isupper() else None)
        return word if swapped is None else _in_case_of(word, swapped)

    return _TOKEN.sub(other, text)


def _in_case_of(word: str, swapped: str) -> str:
    if word.isupper() and len(word) > 1:
        return swapped.upper()
    return swapped.capitalize() if word[0].isupper() else swapped


def swap_candidates(candidates: pl.DataFrame) -> pl.DataFrame:
    """Return candidates with names and gendered words swapped in headline and resume, and nothing else changed.

    A word of any skill in the table is kept: "Julia" is also a language, "Charles" also a tool.
    """
    names = candidates["skills"].explode().drop_nulls().struct.field("name").unique().to_list()
    kept = frozenset(word.lower() for name in names for word in _TOKEN.findall(name))
    columns = [pl.Series(name, [swap_text(text, kept) for text in candidates[name].to_list()]) for name in SWAPPED]
    return candidates.with_columns(columns)


def changed(before: pl.DataFrame, after: pl.DataFrame) -> Booleans:
    """Whether the swap changed each candidate's texts, shape (n,)."""
    differs = [(before[name] != after[name]).to_numpy() for name in SWAPPED]
    return np.asarray(np.any(differs, axis=0))


def rank_biased_overlap(first: Codes, second: Codes, *, persistence: float = 0.9) -> float:
    """Return the extrapolated rank-biased overlap of two rankings of the same length, without ties.

    1 is the same order, 0 nothing in common. At a persistence of .9, the first ten places have 86 % of the weight.

    Source: Webber, Moffat, Zobel (2010), "A similarity measure for indefinite rankings", equation 30.

    Args:
        first: shape (k,), the ranked items, best first.
        second: the same for the other ranking.
        persistence: probability of going on to the next place.

    >>> round(rank_biased_overlap(np.array([1, 2, 3]), np.array([2, 1, 3])), 2)
    0.9
    """
    place_in_second = {item: place for place, item in enumerate(second.tolist())}
    # An item is common from the depth at which both rankings contain it.
    meets = [max(p, place_in_second[item]) for p, item in enumerate(first.tolist()) if item in place_in_second]
    length = len(first)
    common = np.bincount(meets, minlength=length).cumsum() if meets else np.zeros(length)
    depth = np.arange(1, length + 1)
    agreement = common / depth
    seen = (1 - persistence) / persistence * np.sum(agreement * persistence**depth)
    return float(seen + agreement[-1] * persistence**length)


def overlaps(before: Floats, after: Floats) -> Floats:
    """Return the overlap of the rankings by two sets of scores, each of shape (n_lists, n_pool), shape (n_lists,)."""
    orders = (np.argsort(-scores, axis=1, kind="stable") for scores in (before, after))
    return np.array([rank_biased_overlap(one, other) for one, other in zip(*orders, strict=True)])
