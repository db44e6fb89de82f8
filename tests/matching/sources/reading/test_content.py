"""Files of any format: what has one meaning is read, everything else is one fault with a reason."""

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matching.data.origin import Origin
from matching.data.tables import Event, Job
from matching.sources.reading import content, scan
from matching.sources.reading.table import read_table

HEADER = "job_id,title,updated_at\n"
ROWS = HEADER + "a,Cook,2026-01-01\nb,Nurse,2026-01-02\n"


def read(tmp_path: Path, content: bytes, name: str = "jobs.csv") -> tuple[pl.DataFrame, Origin]:
    file = tmp_path / name
    file.write_bytes(content)
    return read_table(file, "jobs", Job)


def fault(origin: Origin) -> dict[str, Any]:
    return origin.faults.row(0, named=True)


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name in names:
            opened.writestr(name, "x")
    return content.getvalue()


READ = {
    "UTF-8": (ROWS.encode(), None),
    "UTF-8 with a mark": (ROWS.encode("utf-8-sig"), None),
    "UTF-8 with a mark, quoted": (b"\xef\xbb\xbf" + ROWS.replace("job_id", '"job_id"').encode(), None),
    "UTF-16": (ROWS.encode("utf-16"), "UTF-16"),
    "UTF-16 big-endian": ("\ufeff".encode("utf-16-be") + ROWS.encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": (ROWS.encode("utf-16-le"), "UTF-16"),
    "UTF-16 big-endian without a mark": (ROWS.encode("utf-16-be"), "UTF-16"),
    "UTF-32": (ROWS.encode("utf-32"), "UTF-32"),
    "CRLF": (ROWS.replace("\n", "\r\n").encode(), None),
    "CR": (ROWS.replace("\n", "\r").encode(), None),
    "mixed line ends": (ROWS.replace("\n", "\r\n", 2).encode(), None),
    "no line end at the end": (ROWS.rstrip("\n").encode(), None),
    "blank lines": (b"\n" + ROWS.replace("\nb", "\n\n  \n,,\nb").encode() + b"\n\n", None),
    "semicolons": (ROWS.replace(",", ";").encode(), "semicolon"),
    "tabs": (ROWS.replace(",", "\t").encode(), "tab"),
    "bars": (ROWS.replace(",", "|").encode(), "vertical bar"),
    "gzip": (gzip.compress(ROWS.encode()), None),
    "spaces in the header": (ROWS.replace(",title", ", title").encode(), None),
    "an index column of pandas": (b",job_id,title,updated_at\n0,a,Cook,2026-01-01\n1,b,Nurse,2026-01-02\n", "index"),
    "a named index column of pandas": (
        b"Unnamed: 0,job_id,title,updated_at\n0,a,Cook,2026-01-01\n9,b,Nurse,2026-01-02\n",
        "index",
    ),
    "a delimiter at the end": (
        ROWS.replace("\n", ",\n").encode(),
        "left out column 4, which has neither a name nor a value",
    ),
}


@pytest.mark.parametrize(("content", "note"), READ.values(), ids=READ)
def test_a_file_with_one_meaning_is_read(content: bytes, note: str | None, tmp_path: Path) -> None:
    table, origin = read(tmp_path, content)
    assert origin.faults.is_empty()
    assert table["job_id"].to_list() == ["a", "b"]
    assert table["title"].to_list() == ["Cook", "Nurse"]
    assert (note is None) == (not origin.notes)
    assert note is None or note in " ".join(origin.notes)


REFUSED = {
    "nothing": (b"", "the file is empty"),
    "blank lines alone": (b"\n\r\n\n", "blank lines only"),
    "workbook": (
        archive("xl/workbook.xml"),
        "Excel workbook (.xlsx), whatever its name: open it and export each sheet",
    ),
    "old workbook": (b"\xd0\xcf\x11\xe0" * 200, "Excel workbook (.xls)"),
    "OpenDocument": (archive("mimetype", "content.xml"), "OpenDocument"),
    "ZIP": (archive("jobs.csv"), "ZIP archive: unpack it"),
    "damaged ZIP": (b"PK\x03\x04" * 9, "damaged ZIP"),
    "damaged gzip": (gzip.compress(ROWS.encode() * 99)[:-20], "damaged gzip"),
    "empty gzip": (gzip.compress(b""), "the file is empty"),
    "PDF": (b"%PDF-1.7", "a PDF file: export the table as CSV"),
    "SQLite": (b"SQLite format 3\0" * 9, "an SQLite database: export the table as CSV"),
    "zstd": (b"\x28\xb5\x2f\xfd" * 9, "unpack it with `zstd -d`"),
    "damaged Parquet": (b"PAR1 not really", "Parquet file is damaged"),
    "JSON": (b'[{"job_id": 1}]', "looks like JSON"),
    "two delimiters": (b"a;b|c\n1;2|3\n", "line 1: both semicolon and vertical bar divide the header line"),
    "binary": (bytes(range(256)) * 9, "not UTF-8"),
    "NUL bytes": (b"job\0id,title\nx,y\n", "NUL bytes in the header line"),
    "odd UTF-16": (ROWS.encode("utf-16")[:-1], "damaged UTF-16"),
    "no header": (b"a,Jane Roe,2026-01-01\n", "none of its columns is known, so the header line may be missing"),
    "a column twice": (ROWS.replace("title", "job_id", 1).encode(), "line 1: column job_id appears twice"),
    "a column without a name": (b",job_id,title,updated_at\nx,a,b,2026-01-01\n", "column 1 of the header has no name"),
    "Excel's first line": (b"sep=;\njob_id;title;updated_at\n", "line 1: a line for Excel (sep=;)"),
    "a quote within a field": (ROWS.encode() + b'c,5" pipe,2026-01-01\n', "line 4: a quotation mark inside a field"),
    "text after a quote": (ROWS.encode() + b'c,"Cook" x,2026-01-01\n', "line 4: a quotation mark inside a field"),
    "a quote never closed": (
        ROWS.encode() + b'\nc,"Cook,2026-01-01\nd,x,\n',
        "line 5: a quotation mark is opened and never",
    ),
    "a lone carriage return": (ROWS.encode() + b"c,Co\rok,2026-01-01\n", "line 4: a carriage return within the line"),
    "Cyrillic": (
        (HEADER + "a,\u0420\u0430\u0437\u0440\u0430\u0431\u043e\u0442\u043a\u0430,2026-01-01\n").encode("cp1251"),
        "line 2: not UTF-8 (byte 0xD0)",
    ),
    "Polish": ((HEADER + "a,M\u0142odszy,2026-01-01\n").encode("cp1250"), "its encoding is not certain"),
    "Czech": ((HEADER + "a,V\u00fdvoj\u00e1\u0159,2026-01-01\n").encode("cp1250"), "its encoding is not certain"),
    "Hungarian": (
        (HEADER + "a,F\u0151k\u00f6nyvel\u0151,2026-01-01\n").encode("cp1250"),
        "its encoding is not certain",
    ),
    "Japanese": ((HEADER + "a,\u958b\u767a\u8005,2026-01-01\n").encode("shift_jis"), "its encoding is not certain"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_any_other_file_is_one_fault_that_says_what_was_found(content: bytes, words: str, tmp_path: Path) -> None:
    table, origin = read(tmp_path, content)
    assert table.is_empty()
    assert not origin.is_whole
    assert origin.faults.height == 1
    assert words in fault(origin)["rule"]
    assert "Jane" not in fault(origin)["rule"]


def test_a_gzip_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LARGEST_UNPACKED", len(ROWS) - 1)
    _, origin = read(tmp_path, gzip.compress(ROWS.encode()))
    assert "unpack it with `gunzip` first" in fault(origin)["rule"]
    monkeypatch.setattr(content, "LARGEST_UNPACKED", len(ROWS))
    assert read(tmp_path, gzip.compress(ROWS.encode()))[0].height == 2


def test_windows_text_is_read_if_nothing_indicates_another_code_page(tmp_path: Path) -> None:
    title = "D\u00e9veloppeur \u2013 \u201csenior\u201d"
    table, origin = read(tmp_path, (HEADER + f"a,{title},2026-01-01\n").encode("cp1252"))
    assert table["title"].to_list() == [title]
    assert "read as Windows-1252 (\u00e9, \u2013" in origin.notes[0]


@pytest.mark.parametrize("seed", range(40))
def test_damaged_parquet_never_raises(seed: int, tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    pl.DataFrame({"job_id": ["a"] * 99, "title": ["x"] * 99}).write_parquet(file)
    content = bytearray(file.read_bytes())
    for step in range(4):
        content[4 + (seed * 977 + step * 331) % (len(content) - 4)] ^= 0xFF
    file.write_bytes(bytes(content))
    read_table(file, "jobs", Job)


def test_csv_and_parquet_are_recognised_by_content(tmp_path: Path) -> None:
    read(tmp_path, b"")
    pl.DataFrame({"job_id": ["a"], "title": ["Cook"]}).write_parquet(tmp_path / "jobs.csv")
    table, _ = read_table(tmp_path / "jobs.csv", "jobs", Job)
    assert table["title"].to_list() == ["Cook"]
    assert read(tmp_path, ROWS.encode(), "jobs.parquet")[0].height == 2


LINES = """
job_id,title,description,updated_at
a,Cook,"one
two, ""three""

four",2026-01-01

b,Nurse,,yesterday
,,,
c,Clerk,x,2026-01-01,too many
d,Clerk
e,"Smith
",z\0z,2026-13-01
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_row_keeps_its_line_in_the_file(end: str, tmp_path: Path) -> None:
    table, origin = read(tmp_path, LINES.replace("\n", end).encode())
    assert origin.unit == "line"
    assert dict(zip(table["job_id"], origin.numbers, strict=True)) == {"a": 3, "b": 8, "c": 10, "d": 11, "e": 12}
    found = origin.faults.select("number", "column", "hint").sort("number", "column", nulls_last=False).rows()
    assert found == [
        (8, "updated_at", "found text of 9 characters"),
        (10, None, "found 5"),
        (11, None, "found 2"),
        (12, "description", None),
        (12, "updated_at", "found 2026-13-01"),
    ]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_lines_do_not_depend_on_the_size_of_the_chunks(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_CHUNK", chunk)
    test_every_row_keeps_its_line_in_the_file("\r\n", tmp_path)
    test_any_other_file_is_one_fault_that_says_what_was_found(*REFUSED["text after a quote"], tmp_path)
    test_any_other_file_is_one_fault_that_says_what_was_found(*REFUSED["a quote never closed"], tmp_path)
    test_any_other_file_is_one_fault_that_says_what_was_found(*REFUSED["a lone carriage return"], tmp_path)


def test_short_and_long_rows_that_cancel_out_are_both_found(tmp_path: Path) -> None:
    _, origin = read(tmp_path, (HEADER + "a,b\nc,d,2026-01-01,x\n").encode())
    assert origin.faults.select("number", "hint").rows() == [(2, "found 2"), (3, "found 4")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_long_row_keeps_what_is_beyond_the_header(end: str, tmp_path: Path) -> None:
    rows = 'a,"x,\n""y""",2026-01-01,more,"z, ""z"""\n\nb,Cook,2026-01-01\nc,,,\n'
    _, origin = read(tmp_path, (HEADER + rows).replace("\n", end).encode())
    assert origin.source["beyond the header"].to_list() == ['more,"z, ""z"""', None, ""]


@pytest.mark.parametrize(
    ("text", "line", "size"),
    [("", 1, 2 << 30), (HEADER, 2, 2 * scan.LONGEST_LINE), (ROWS + 'c,"', 4, 2 * scan.LONGEST_LINE)],
    ids=["header of two gigabytes", "row", "quoted"],
)
def test_a_line_that_is_too_long_is_refused_before_it_is_read(text: str, line: int, size: int, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(text, encoding="utf-8")
    with file.open("r+b") as opened:
        os.posix_fallocate(opened.fileno(), 0, 1)
        opened.truncate(size)  # a sparse file of zeros
    _, origin = read_table(file, "events", Event)
    assert origin.faults.height == 1
    assert f"line {line}: " in fault(origin)["rule"]
