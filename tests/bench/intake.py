"""What the intake finds in resumes whose truth is known: field F1, precision and time by layout.

python -m tests.bench.intake [--people N] [--seed N] [--only LAYOUT] [--wrong N]

Profiles of the simulator are written out in every layout of `tests.bench.resumes`; Chromium prints the PDFs.
The truth of the skills is what the reader of skills finds in the same profile as plain fields (list, headline,
titles, sentences), so that the figure measures the intake and not the vocabulary. Years are right within .3, and
within 1 if dates have no months. Whoever wrote the layouts wrote the reader, too: other resumes are read less well.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from intake.documents.sandbox import Sandbox
from intake.headings import Section
from intake.resumes.periods import Period, union
from intake.resumes.reading import ReadResume, read
from matching.errors import UnreadableFile
from matching.text import pay_rates, skills
from tests.bench.resumes import FILES, PRINTED, TODAY, Person, people
from tests.conftest import chromium

FIELDS = ("skills", "titles", "years", "place", "pay", "remote")
TARGETS = {"F1": 0.95, "precision": 0.98, "p95 ms": 300.0}
Facts = Counter[str]


def true_facts(person: Person) -> dict[str, Facts]:
    """What should be found, by field."""
    profile = person.profile
    named = {one for skill in person.skills for one in skills.listed(skill)}
    sentences = [profile.headline, profile.resume, *(duty for one in person.positions for duty in one.duties)]
    held = named | {one for text in (*sentences, *(one.title for one in person.positions)) for one in skills.held(text)}
    months = union((Period(one.first, one.end, 0, 0, True) for one in person.positions), TODAY)
    amount = profile.expected_salary_usd_per_year
    dollars = pay_rates.built_in().usd_per_year(amount, person.currency, "year") if amount else None
    return {
        "skills": Counter(held),
        "titles": Counter([_plain(profile.headline), *(_plain(one.title) for one in person.positions)]),
        "years": Counter([f"{months / 12:.2f}"]),
        "place": Counter(filter(None, (profile.city, profile.region, profile.country))),
        "pay": Counter([f"{dollars:.0f}"] if dollars else []),
        "remote": Counter(filter(None, [profile.remote_wish])),
    }


def found_facts(result: ReadResume) -> dict[str, Facts]:
    """What was found, by field."""
    profile = result.profile
    titles = [one.title.text for one in result.entries if one.section is Section.EXPERIENCE and one.title]
    pay = profile.expected_salary_usd_per_year
    return {
        "skills": Counter(skill.name for skill in profile.skills),
        "titles": Counter(_plain(title) for title in filter(None, [profile.headline, *titles])),
        "years": Counter([] if profile.experience_years is None else [f"{profile.experience_years:.2f}"]),
        "place": Counter(filter(None, (profile.city, profile.region, profile.country))),
        "pay": Counter([f"{pay:.0f}"] if pay else []),
        "remote": Counter(filter(None, [profile.remote_wish])),
    }


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def compare(person: Person, result: ReadResume | None) -> dict[str, tuple[int, int, int]]:
    """Right, found and true facts by field."""
    true = true_facts(person)
    found = found_facts(result) if result else {field: Counter[str]() for field in FIELDS}
    return {field: (_right(person, field, true, found), found[field].total(), true[field].total()) for field in FIELDS}


def _right(person: Person, field: str, true: dict[str, Facts], found: dict[str, Facts]) -> int:
    if field == "years" and found["years"]:
        off = abs(float(next(iter(found["years"]))) - float(next(iter(true["years"]))))
        return int(off <= (1.0 if person.dates == "year" else 0.3))
    return (true[field] & found[field]).total()


@contextmanager
def printer() -> Iterator[object]:
    """A page of Chromium, to print from; None where there is no Chromium."""
    executable = chromium()
    if executable is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def written(people_: list[Person], only: str | None) -> Iterator[tuple[str, Person, str, bytes]]:
    """Every resume in every layout: layout, person, name and content of the file."""
    for layout, (name, render) in FILES.items():
        if only in (None, layout):
            yield from ((layout, person, name, render(person)) for person in people_)
    with printer() as page:
        for layout, render in PRINTED.items() if page else ():
            for person in people_ if only in (None, layout) else ():
                page.set_content(render(person).decode())  # type: ignore[attr-defined]
                yield layout, person, "cv.pdf", page.pdf(format="A4", print_background=True)  # type: ignore[attr-defined]


def show_wrong(layout: str, person: Person, result: ReadResume | None) -> bool:
    """Print the fields that are wrong; whether there were any."""
    counts = compare(person, result)
    true, found = true_facts(person), found_facts(result) if result else {}
    wrong = [field for field, (right, seen, known) in counts.items() if not right == seen == known]
    for field in wrong:
        missing, extra = true[field] - found.get(field, Counter()), found.get(field, Counter()) - true[field]
        print(f"  {layout}, {person.language}, {person.dates}, {field}: missing {list(missing)}, wrong {list(extra)}")  # noqa: T201
    return bool(wrong)


def table(counts: dict[str, dict[str, list[int]]], times: dict[str, list[float]]) -> Iterator[str]:
    """One line a layout: precision and F1 of all fields, F1 of each, and the time that 95 % stay under."""
    yield (
        f"{'layout':<18}{'n':>5}{'precision':>11}{'F1':>7}"
        + "".join(f"{field:>9}" for field in FIELDS)
        + f"{'p95 ms':>9}"
    )
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for layout, by_field in counts.items():
        for field, values in by_field.items():
            total[field] = [a + b for a, b in zip(total[field], values, strict=True)]
        yield _row(layout, by_field, times[layout])
    yield _row("all", total, [one for values in times.values() for one in values])
    yield f"{'target':<23}{TARGETS['precision']:>11.2f}{TARGETS['F1']:>7.2f}{'':>54}{TARGETS['p95 ms']:>9.0f}"


def _row(name: str, by_field: dict[str, list[int]], times: list[float]) -> str:
    right, seen, known = (sum(values[place] for values in by_field.values()) for place in range(3))
    fields = "".join(f"{_f1(*by_field[field]):>9.3f}" for field in FIELDS)
    p95 = sorted(times)[int(0.95 * (len(times) - 1))] * 1000
    return f"{name:<18}{len(times):>5}{right / max(seen, 1):>11.3f}{_f1(right, seen, known):>7.3f}{fields}{p95:>9.0f}"


def _f1(right: int, seen: int, known: int) -> float:
    return 2 * right / max(seen + known, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=77)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--only")
    parser.add_argument("--wrong", type=int, default=0, help="print the faults of so many resumes a layout")
    options = parser.parse_args()
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    times: dict[str, list[float]] = defaultdict(list)
    shown: Counter[str] = Counter()
    with Sandbox() as sandbox:
        sandbox.start()
        for layout, person, name, content in written(list(people(options.people, options.seed)), options.only):
            result, seconds = timed(sandbox, content, name)
            times[layout].append(seconds)
            for field, values in compare(person, result).items():
                counts[layout][field] = [a + b for a, b in zip(counts[layout][field], values, strict=True)]
            if shown[layout] < options.wrong:
                shown[layout] += show_wrong(layout, person, result)
    print("\n".join(table(counts, times)))  # noqa: T201


def timed(sandbox: Sandbox, content: bytes, name: str) -> tuple[ReadResume | None, float]:
    """Read one resume; the result, and how long it took in seconds."""
    began = time.perf_counter()
    try:
        result = read(sandbox.read(content, name), TODAY, candidate_id="person", rates=pay_rates.built_in())
    except UnreadableFile:
        result = None
    return result, time.perf_counter() - began


if __name__ == "__main__":
    main()
