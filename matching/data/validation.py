"""Validation: every row of every table against the rules of `matching.data.tables`, before anything is learned from it.

The rules of a column (type, range, length, allowed values, nullability) are read from the JSON schema of its pydantic
record, so they are the rules an HTTP request is checked against. Pandera runs them and finds the rows. Its built-in
checks stop at lists and structs, so each rule is given to it as a polars expression, which reaches into both; rules
between columns, rows and tables are expressions of the same kind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel

from matching.data.dataset import Dataset
from matching.data.tables import BANDS, EARLIEST, LATEST, polars_schema
from matching.errors import InvalidTable, StorageError, UnusableData
from matching.text.protected_words import PROTECTED_PATTERN
from matching.text.words import folded

if TYPE_CHECKING:
    import pandera.polars as pa

UTC_TIME = pl.Datetime("us", "UTC")
_BROKEN = pl.Schema({"table": pl.String(), "row": pl.Int64(), "column": pl.String(), "rule": pl.String()})
_COMPARISONS = {
    "minimum": ("at least", pl.Expr.ge),
    "exclusiveMinimum": ("above", pl.Expr.gt),
    "maximum": ("at most", pl.Expr.le),
    "exclusiveMaximum": ("below", pl.Expr.lt),
}
_LENGTHS: dict[str, tuple[str, Callable[[pl.Expr, int], pl.Expr]]] = {
    "minLength": ("at least {} characters", lambda value, limit: value.str.len_chars() >= limit),
    "maxLength": ("at most {} characters", lambda value, limit: value.str.len_chars() <= limit),
    "minItems": ("at least {} entries", lambda value, limit: value.list.len() >= limit),
    "maxItems": ("at most {} entries", lambda value, limit: value.list.len() <= limit),
}


@dataclass(frozen=True)
class Rule:
    """What must hold in a column, in words and as an expression that is true for every row that keeps it."""

    column: str
    words: str
    holds: pl.Expr


def validate(dataset: Dataset, rejected: Path, *, now: datetime | None = None) -> None:
    """Stop unless every row of every table keeps every rule.

    Args:
        dataset: tables with exactly the columns and types of their records.
        rejected: folder for `<table>.parquet`, the rows that break a rule with their number (`row`, from 1) and the
            rules they break (`reason`). They hold personal data where the table does, and only the owner can read
            them. Files of an earlier run are removed.
        now: the present, UTC; the clock's where None. No event may be later: the newest one ends the log.

    Raises:
        InvalidTable: rows break rules, or a table has other columns or types than its record.
        UnusableData: candidates, jobs or events has no rows.
        StorageError: the rejected rows cannot be written.
    """
    broken = broken_rules(dataset, now=now)
    tables = {name: table for name, (_, table) in dataset.tables().items()}
    for name in tables:
        (rejected / f"{name}.parquet").unlink(missing_ok=True)
    if broken.is_empty():
        return
    try:
        for name in broken["table"].unique():
            _write_rejected(tables[name], broken.filter(pl.col("table") == name), rejected / f"{name}.parquet")
    except OSError as error:
        raise StorageError(f"cannot write the rejected rows to {rejected}: {error.strerror}; free the disk") from error
    raise InvalidTable(_message(broken, rejected))


def broken_rules(dataset: Dataset, *, now: datetime | None = None) -> pl.DataFrame:
    """Return every broken rule: columns `table`, `row` (from 1), `column`, `rule`; never a value.

    `now` is as in `validate`.

    Raises:
        InvalidTable: a table has other columns or types than its record.
        UnusableData: candidates, jobs or events has no rows.
    """
    for name, (record, table) in dataset.tables().items():
        _check_shape(name, record, table)
    found = []
    for name, (record, table) in dataset.tables().items():
        rules = [*column_rules(record), *_rules_between(name, dataset, now or datetime.now(UTC))]
        found.append(_failures(record, rules, table).select(pl.lit(name).alias("table"), "row", "column", "rule"))
    return pl.concat(found)


def column_rules(record: type[BaseModel]) -> Iterator[Rule]:
    """Derive the rules of each column of a record, except types and nullability, which the schema itself holds."""
    schema = record.model_json_schema()
    for name, described in schema["properties"].items():
        column = pl.col(name)
        for words, holds in _value_rules(column, _resolved(described, schema), schema):
            yield Rule(name, words, column.is_null() | holds)


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
    """Run pandera over one table and keep where it failed and why, never what it saw."""
    from pandera.errors import SchemaErrors

    try:
        table_schema(record, rules).validate(table, lazy=True)
    except SchemaErrors as error:
        words = pl.col("check").replace("not_nullable", "must not be null").alias("rule")
        row = pl.col("index").cast(pl.Int64) + 1
        failures = error.failure_cases.select(row.alias("row"), "column", words)
        return pl.DataFrame(failures).sort("row", maintain_order=True)
    return pl.DataFrame(schema={name: kind for name, kind in _BROKEN.items() if name != "table"})


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
    """Translate one JSON schema into words and expressions; lists and structs are entered."""
    for key, (words, compare) in _COMPARISONS.items():
        if key in described:
            # polars holds NaN above every number: without `is_finite` a lower limit alone would let it through.
            yield f"must be {words} {described[key]:,}", compare(value, described[key]) & value.is_finite()
    for key, (words, length) in _LENGTHS.items():
        if key in described:
            yield f"must have {words.format(f'{described[key]:,}')}", length(value, described[key])
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
        yield _unique("candidate_id", "updated_at")
    elif name == "jobs":
        yield _unique("job_id", "updated_at")
        yield from (_ordered(low, high) for low, high in BANDS)
        names_group = pl.col("block_words").list.eval(folded(pl.element()).str.contains(PROTECTED_PATTERN)).list.any()
        yield Rule("block_words", "must not name a protected group", ~names_group.fill_null(value=False))
    elif name == "protected":
        yield _unique("candidate_id")
        yield _known("candidate_id", "candidates", dataset.candidates)
    else:
        yield Rule("time", "must not lie in the future", (pl.col("time") <= now).fill_null(True))
        for key, table, profiles in (
            ("candidate_id", "candidates", dataset.candidates),
            ("job_id", "jobs", dataset.jobs),
        ):
            yield _known(key, table, profiles)
            yield _visible(key, table, profiles)


def _unique(*columns: str) -> Rule:
    words = " together with ".join(["must be unique", *columns[1:]])
    return Rule(columns[0], words, ~pl.struct(columns).is_duplicated())


def _ordered(low: str, high: str) -> Rule:
    return Rule(low, f"must not be above {high}", (pl.col(low) <= pl.col(high)).fill_null(True))


def _known(key: str, table: str, known: pl.DataFrame) -> Rule:
    ids = known[key].unique().implode()
    return Rule(key, f"must exist in {table}", pl.col(key).is_null() | pl.col(key).is_in(ids))


def _visible(key: str, table: str, profiles: pl.DataFrame) -> Rule:
    """Build the rule that a profile existed at an event: without it the event is lost to training, in silence."""
    first = profiles.group_by(key).agg(pl.col("updated_at").min())
    since = pl.col(key).replace_strict(first[key], first["updated_at"], default=None, return_dtype=UTC_TIME)
    return Rule("time", f"must not be before the first version in {table}", (pl.col("time") >= since).fill_null(True))


def _check_shape(name: str, record: type[BaseModel], table: pl.DataFrame) -> None:
    expected, found = polars_schema(record), table.schema
    wrong = [f"-{column} ({kind})" for column, kind in expected.items() if found.get(column) != kind]
    extra = [f"+{column} ({kind})" for column, kind in found.items() if expected.get(column) != kind]
    if wrong or extra:
        difference = ", ".join([*wrong, *extra])
        raise InvalidTable(f"table {name} differs from its schema (- expected, + found): {difference}; fix the source")
    if table.is_empty() and name != "protected":
        raise UnusableData(f"table {name} has no rows: nothing can be learned; check the folder given with --data")


def _write_rejected(table: pl.DataFrame, broken: pl.DataFrame, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    reasons = broken.group_by("row").agg(reason=pl.format("{}: {}", "column", "rule").str.join("; "))
    numbered = table.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
    file.touch(mode=0o600)
    numbered.join(reasons, on="row", how="inner").write_parquet(file)


def _message(broken: pl.DataFrame, rejected: Path) -> str:
    rows = broken.select("table", "row").n_unique()
    counts = broken.group_by("table", "column", "rule", maintain_order=True).len()
    rules = "; ".join(f"{count:,} x {table}.{column} {rule}" for table, column, rule, count in counts.head(5).rows())
    more = f"; and {len(counts) - 5} more rules" if len(counts) > 5 else ""
    table, row, column, rule = broken.row(0)
    total = f"{_count(rows, 'row')} with broken rules, {_count(len(counts), 'rule')} in all"
    return (
        f"{total} ({rules}{more}); first: table {table}, row {row}, column {column} {rule}; the rows with their "
        f"reasons are in {rejected}: correct or remove them and run again"
    )


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
