"""Validation: every row of every table is checked against the rules of `matching.data.tables` before training.

The rules of a column (type, range, length, allowed values, nullability) come from the JSON schema of its pydantic
record, so that tables and HTTP requests follow the same rules. Pandera applies them and finds the rows. Its built-in
checks do not look inside lists and structs, so every rule is a polars expression; the rules between columns, rows and
tables are expressions too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel

from matching.data import hints, oddities, redelivery, rejects
from matching.data.accepted import accepted, emptied
from matching.data.dataset import Dataset
from matching.data.origin import FAULTS
from matching.data.tables import BANDS, EARLIEST, LATEST, polars_schema
from matching.data.validation_report import REPORTED, DataWarning, ValidationReport, reading_faults
from matching.errors import InvalidTable
from matching.text.protected_words import PROTECTED_PATTERN
from matching.text.words import folded

if TYPE_CHECKING:
    import pandera.polars as pa

UTC_TIME = pl.Datetime("us", "UTC")
_COMPARISONS = {
    "minimum": ("at least", pl.Expr.ge),
    "exclusiveMinimum": ("above", pl.Expr.gt),
    "maximum": ("at most", pl.Expr.le),
    "exclusiveMaximum": ("below", pl.Expr.lt),
}
_CHARACTERS, _ENTRIES = ("character", "characters"), ("entry", "entries")
_LENGTHS: dict[str, tuple[str, tuple[str, str], Callable[[pl.Expr, int], pl.Expr]]] = {
    "minLength": ("at least", _CHARACTERS, lambda value, limit: value.str.len_chars() >= limit),
    "maxLength": ("at most", _CHARACTERS, lambda value, limit: value.str.len_chars() <= limit),
    "minItems": ("at least", _ENTRIES, lambda value, limit: value.list.len() >= limit),
    "maxItems": ("at most", _ENTRIES, lambda value, limit: value.list.len() <= limit),
}


@dataclass(frozen=True)
class Rule:
    """What must hold in a column.

    Attributes:
        column: name of the column.
        words: the rule in words.
        holds: expression that is true for every row that satisfies the rule.
        hint: describes a value that breaks the rule; None if the rule needs no hint.
    """

    column: str
    words: str
    holds: pl.Expr
    hint: hints.Hint | None = None


def validate(dataset: Dataset, rejected: Path, *, now: datetime) -> None:
    """Raise an error unless every row of every table satisfies every rule.

    Args:
        dataset: tables with exactly the columns and types of their records.
        rejected: folder for the rows that break a rule; see `matching.data.rejects`. Files of an earlier run are
            removed.
        now: current time, UTC. No event may be later: the newest event ends the log.

    Raises:
        InvalidTable: rows break rules, or the columns or types of a table differ from its record.
        MissingInput: a file or a required column is missing.
        UnusableData: candidates, jobs or events has no rows.
        StorageError: the rejected rows cannot be written.
    """
    report = examine(dataset, now=now)
    rejects.write(dataset, report, rejected)
    report.raise_faults(rejected)


def examine(dataset: Dataset, *, now: datetime) -> ValidationReport:
    """Find every broken rule of every table, and every oddity of the rows that break none.

    Raises:
        InvalidTable: the columns or types of a table differ from its record.
    """
    faults = broken_rules(dataset, now=now)
    notes = tuple(DataWarning(name, note) for name, origin in dataset.origins.items() for note in origin.notes)
    kept = accepted(dataset, faults)
    refused = dataset.events.height - kept.events.height
    warnings = (*notes, *oddities.find(kept, now=now, refused_events=refused))
    copies = redelivery.counted(kept.events)
    return ValidationReport(faults, dataset.origins, warnings, copies, emptied(dataset, kept))


def broken_rules(dataset: Dataset, *, now: datetime) -> pl.DataFrame:
    """Return every broken rule, schema `REPORTED`; hints never show text that may be personal.

    `now` is as in `validate`. A value that could not be read breaks that rule and no other.

    Raises:
        InvalidTable: the columns or types of a table differ from its record.
    """
    for name, (record, table) in dataset.tables().items():
        check_shape(name, record, table)
    unread = reading_faults(dataset)
    found = [unread]
    for name, (record, table) in dataset.tables().items():
        rules = [*column_rules(record), *_rules_between(name, dataset, now)]
        broken = _failures(record, rules, table)
        found.append(_independent(broken, unread.filter(pl.col("table") == name)).with_columns(table=pl.lit(name)))
    return pl.concat([part.select(REPORTED.names()) for part in found]).pipe(_numbered, dataset)


def _independent(broken: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    """Leave out faults that only follow from values that could not be read."""
    rows = unread.filter(pl.col("row").is_not_null())
    columns = unread.filter(pl.col("row").is_null())["column"].drop_nulls()
    return (
        broken.filter(~pl.col("column").is_in(columns.implode()))
        .join(rows.filter(pl.col("column").is_null()).select("row"), on="row", how="anti", maintain_order="left")
        .join(rows.select("row", "column"), on=["row", "column"], how="anti", maintain_order="left")
    )


def _numbered(broken: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Add the line or row of the file that each row comes from."""
    parts = [broken.head(0)]
    for (table,), part in broken.group_by("table", maintain_order=True):
        origin = dataset.origins.get(str(table))
        number = origin.numbers.gather(part["row"] - 1) if origin and len(origin.numbers) else part["row"]
        parts.append(part.with_columns(number=number))
    return pl.concat(parts)


def column_rules(record: type[BaseModel]) -> Iterator[Rule]:
    """Derive the rules of a record's columns, except types and nullability, which `table_schema` covers."""
    schema = record.model_json_schema()
    for name, described in schema["properties"].items():
        column = pl.col(name)
        for words, holds in _value_rules(column, _resolved(described, schema), schema):
            yield Rule(name, words, column.is_null() | holds, hints.of_column(described, schema))


def table_schema(record: type[BaseModel], rules: list[Rule]) -> "pa.DataFrameSchema":
    """Build the pandera schema of a record's table: types, nullability and `rules`."""
    import pandera.polars as pa

    nullable = {name for name, described in record.model_json_schema()["properties"].items() if _is_nullable(described)}
    columns = {
        name: pa.Column(kind, [_check(rule) for rule in rules if rule.column == name], nullable=name in nullable)
        for name, kind in polars_schema(record).items()
    }
    return pa.DataFrameSchema(columns, strict=True)


def _check(rule: Rule) -> "pa.Check":
    import pandera.polars as pa

    return pa.Check(lambda data: data.lazyframe.select(rule.holds.alias("holds")), name=rule.words, error=rule.words)


def _failures(record: type[BaseModel], rules: list[Rule], table: pl.DataFrame) -> pl.DataFrame:
    """Check one table with pandera, and return where and why it failed, schema `FAULTS`."""
    from pandera.errors import SchemaErrors

    try:
        table_schema(record, rules).validate(table, lazy=True)
    except SchemaErrors as error:
        words = pl.col("check").replace("not_nullable", "must not be null").alias("rule")
        row = pl.col("index").cast(pl.Int64) + 1
        failures = pl.DataFrame(error.failure_cases.select(row.alias("row"), "column", words))
        return hints.add(failures.sort("row", maintain_order=True), table, {(r.column, r.words): r.hint for r in rules})
    return FAULTS.to_frame()


def _resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and drop the null branch of an optional column."""
    if "anyOf" in described:
        return _resolved(next(branch for branch in described["anyOf"] if branch.get("type") != "null"), schema)
    if "$ref" in described:
        resolved: dict[str, Any] = schema["$defs"][described["$ref"].rpartition("/")[2]]
        return resolved
    return described


def _is_nullable(described: dict[str, Any]) -> bool:
    return any(branch.get("type") == "null" for branch in described.get("anyOf", []))


def _value_rules(value: pl.Expr, described: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, pl.Expr]]:
    """Translate one JSON schema into words and expressions, including those of lists and structs."""
    for key, (words, compare) in _COMPARISONS.items():
        if key in described:
            # polars sorts NaN above every number: without `is_finite` it would pass a lower bound.
            yield f"must be {words} {described[key]:,}", compare(value, described[key]) & value.is_finite()
    for key, (words, (one, many), holds) in _LENGTHS.items():
        if key in described:
            limit = described[key]
            yield f"must have {words} {limit:,} {one if limit == 1 else many}", holds(value, limit)
    if "enum" in described:
        yield f"must be one of {', '.join(described['enum'])}", value.is_in(described["enum"])
    if described.get("format") == "date-time":
        yield f"must lie between {EARLIEST:%Y} and {LATEST:%Y}", (value >= EARLIEST) & (value < LATEST)
    if described.get("type") == "array":
        yield from _entry_rules(value, described["items"], schema)
    for name, part in described.get("properties", {}).items():
        yield from _part_rules(value, name, part, schema)


def _entry_rules(value: pl.Expr, items: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, pl.Expr]]:
    yield "must have no null entry", value.list.eval(pl.element().is_not_null()).list.all()
    for words, holds in _value_rules(pl.element(), _resolved(items, schema), schema):
        kept = pl.element().is_null() | holds
        yield f"each entry {words}", value.list.eval(kept).list.all()


def _part_rules(
    value: pl.Expr, name: str, part: dict[str, Any], schema: dict[str, Any]
) -> Iterator[tuple[str, pl.Expr]]:
    inner = value.struct.field(name)
    if not _is_nullable(part):
        yield f"({name}) must not be null", inner.is_not_null()
    for words, holds in _value_rules(inner, _resolved(part, schema), schema):
        yield f"({name}) {words}", inner.is_null() | holds


def _rules_between(name: str, dataset: Dataset, now: datetime) -> Iterator[Rule]:
    """Yield the rules between columns, rows and tables."""
    if name == "candidates":
        yield _unique(dataset.candidates, "candidate_id", "updated_at")
    elif name == "jobs":
        yield _unique(dataset.jobs, "job_id", "updated_at")
        yield from (_ordered(low, high) for low, high in BANDS)
        names_group = pl.col("block_words").list.eval(folded(pl.element()).str.contains(PROTECTED_PATTERN)).list.any()
        yield Rule("block_words", "must not name a protected group", ~names_group.fill_null(value=False))
    elif name == "protected":
        yield _unique(dataset.protected, "candidate_id")
        if _is_whole(dataset, "candidates"):
            yield _known("candidate_id", "candidates", dataset.candidates)
    else:
        # A time that lies outside the known years breaks that rule, and says nothing about the others.
        past = (pl.col("time") <= now) | (pl.col("time") >= LATEST)
        yield Rule("time", "must not lie in the future", past.fill_null(True), hints.moment)
        for key, table, profiles in (
            ("candidate_id", "candidates", dataset.candidates),
            ("job_id", "jobs", dataset.jobs),
        ):
            if _is_whole(dataset, table):
                yield _known(key, table, profiles)
                yield _visible(key, table, profiles)


def _is_whole(dataset: Dataset, table: str) -> bool:
    """Whether all ids of a table are known: references to a file that could not be read are not checked."""
    origin = dataset.origins.get(table)
    return origin is None or origin.is_whole


def _unique(table: pl.DataFrame, *columns: str) -> Rule:
    words = " together with ".join(["must be unique", *columns[1:]])
    is_single = ~pl.struct(columns).is_duplicated()
    if table.select(is_single.all()).item():
        return Rule(columns[0], words, is_single)
    # Rows that are equal in every column do not contradict each other; see `matching.data.repeated_rows`.
    are_equal = pl.struct(pl.all()).hash().n_unique().over(columns) == 1
    return Rule(columns[0], words, is_single | are_equal)


def _ordered(low: str, high: str) -> Rule:
    return Rule(low, f"must not be above {high}", (pl.col(low) <= pl.col(high)).fill_null(True), hints.number)


def _known(key: str, table: str, known: pl.DataFrame) -> Rule:
    ids = known[key].unique()
    holds = pl.col(key).is_null() | pl.col(key).is_in(ids.implode())
    return Rule(key, f"must exist in {table}", holds, lambda value: hints.known_id(value, ids))


def _visible(key: str, table: str, profiles: pl.DataFrame) -> Rule:
    """Require that a profile existed at the time of an event: training would silently ignore the event."""
    first = profiles.group_by(key).agg(pl.col("updated_at").min())
    since = pl.col(key).replace_strict(first[key], first["updated_at"], default=None, return_dtype=UTC_TIME)
    words = f"must not be before the first version in {table}"
    visible = (pl.col("time") >= since) | (pl.col("time") < EARLIEST)
    return Rule("time", words, visible.fill_null(True), hints.moment)


def check_shape(name: str, record: type[BaseModel], table: pl.DataFrame) -> None:
    """Refuse a table whose columns or types differ from its record.

    Raises:
        InvalidTable: with the difference in the message.
    """
    expected, found = polars_schema(record), table.schema
    wrong = [f"-{column} ({kind})" for column, kind in expected.items() if found.get(column) != kind]
    extra = [f"+{column} ({kind})" for column, kind in found.items() if expected.get(column) != kind]
    if wrong or extra:
        difference = ", ".join([*wrong, *extra])
        raise InvalidTable(f"table {name} differs from its schema (- expected, + found): {difference}; fix the source")
