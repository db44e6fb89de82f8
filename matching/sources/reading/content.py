"""The content of a file, recognised by its first bytes and not by its name, as UTF-8 text."""

import codecs
import gzip
import mmap
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from matching.errors import InputError

LARGEST_UNPACKED = 4 << 30
_SNIFFED = 4_096
_CHUNK = 16 << 20
_HEADER = 48  # bytes; the names of the required columns are longer

Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Content:
    """The content of a file.

    Attributes:
        data: the text in UTF-8 without a byte order mark; empty for Parquet.
        is_parquet: whether the file is Parquet, whatever its name.
        is_as_stored: whether `data` is the file itself, byte for byte.
        notes: what was interpreted.
    """

    data: Bytes
    is_parquet: bool = False
    is_as_stored: bool = False
    notes: tuple[str, ...] = ()


def open_content(file: Path) -> Content:
    """Recognise the format of a file, and return its text.

    Raises:
        InputError: the file cannot be opened, is empty, or is neither text nor Parquet.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(_SNIFFED)
            if start[:4] == b"PAR1":
                return Content(b"", is_parquet=True)
            _refuse_other_formats(file, start)
            if start.startswith(b"\x1f\x8b"):
                return _text(_unpacked(file), stored=False)
            return _text(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ), stored=True)
    except OSError as error:
        raise InputError(f"the file cannot be opened ({error.strerror}): check its permissions") from None


def _refuse_other_formats(file: Path, start: bytes) -> None:
    if not start:
        raise InputError("the file is empty: export it again, with a header line")
    if start.startswith(b"PK\x03\x04"):
        raise InputError(f"the file is {_archive(file)}")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError("the file is an Excel workbook (.xls): open it and export each sheet as CSV UTF-8")
    for magic, name in ((b"%PDF", "a PDF file"), (b"SQLite format 3\0", "an SQLite database"), (b"ORC", "an ORC file")):
        if start.startswith(magic):
            raise InputError(f"the file is {name}: export the table as CSV or Parquet")
    for magic, tool in ((b"\x28\xb5\x2f\xfd", "zstd -d"), (b"BZh", "bunzip2"), (b"\xfd7zXZ\0", "unxz")):
        if start.startswith(magic):
            raise InputError(f"the file is compressed: unpack it with `{tool}`")
    if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        raise InputError("the file looks like JSON, not CSV: export the table as CSV or Parquet")


def _archive(file: Path) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return "a damaged ZIP archive or Excel workbook: export the table as CSV UTF-8"
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook (.xlsx), whatever its name: open it and export each sheet as CSV UTF-8"
    if "mimetype" in names and "content.xml" in names:
        return "an OpenDocument file: open it and export each sheet as CSV in UTF-8"
    return "a ZIP archive: unpack it and pass the folder of its files"


def _unpacked(file: Path) -> bytes:
    try:
        with gzip.open(file) as packed:
            data = packed.read(LARGEST_UNPACKED + 1)
    except (EOFError, gzip.BadGzipFile, ValueError):
        raise InputError("the file is a damaged gzip file: export it again") from None
    if len(data) > LARGEST_UNPACKED:
        raise InputError(f"the file unpacks to more than {LARGEST_UNPACKED >> 30} GiB: unpack it with `gunzip` first")
    if not data:
        raise InputError("the file is empty: export it again, with a header line")
    return data


def _text(data: Bytes, *, stored: bool) -> Content:
    """Return the text in UTF-8."""
    start = data[:_SNIFFED]
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return _decoded(data, name)
    if start.startswith(codecs.BOM_UTF8):
        return Content(data[3:])
    unmarked = _utf16_without_mark(start)
    if unmarked:
        return _decoded(data, unmarked)
    invalid = _first_invalid(data)
    if invalid is None:
        return Content(data, is_as_stored=stored)
    return _windows_text(data[:], invalid)


def _decoded(data: Bytes, encoding: str) -> Content:
    try:
        text = data[:].decode(encoding)
    except UnicodeDecodeError:
        raise InputError(f"the file is damaged {encoding.upper()} text: export it again, as CSV UTF-8") from None
    return Content(text.encode(), notes=(f"read as {encoding.upper()[:6]} text",))


def _utf16_without_mark(start: bytes) -> str | None:
    """Return the encoding of an ASCII header in which every second byte is zero, None if there is none."""
    even, odd = start[:_HEADER:2], start[1:_HEADER:2]
    if len(start) >= 4 and odd.count(0) > len(odd) * 0.9 and even.count(0) < len(even) * 0.1:
        return "utf-16-le"
    if len(start) >= 4 and even.count(0) > len(even) * 0.9 and odd.count(0) < len(odd) * 0.1:
        return "utf-16-be"
    return None


def _first_invalid(data: Bytes) -> int | None:
    """Return the offset of the first byte that is not UTF-8, None if there is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


_LETTER = r"[^\W\d_]"
_SIGN = "[\u00a2\u00a3\u00a5\u00aa\u00b3\u00b9\u00bc\u00be\u00bf]"
# In a text decoded as Windows-1252, these indicate another code page: letters of Central Europe, signs within a word,
# and whole words outside ASCII.
_ELSEWHERE = re.compile(
    "[\u0160\u0161\u017d\u017e\u00dd\u00fd\u0178\u00ff]"
    f"|(?<={_LETTER}){_SIGN}|[\u00a3\u00a5\u00b3\u00b9\u00bc\u00be](?={_LETTER})"
    "|[\u00c0-\u00ff]{3}"
)
_HUNGARIAN = ("\u00f5\u00d5\u00fb\u00db", "\u00f6\u00fc\u00d6\u00dc")


def _windows_text(data: bytes, invalid: int) -> Content:
    """Decode Windows-1252 if nothing indicates another code page, and refuse everything else."""
    line = data.count(b"\n", 0, invalid) + 1
    refused = InputError(
        f"line {line:,}: not UTF-8 (byte 0x{data[invalid]:02X}), and its encoding is not certain: "
        "save the file as UTF-8 (in Excel: CSV UTF-8)"
    )
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise refused from None
    special = "".join(sorted({character for character in text if character > "\x7f"}))
    is_hungarian = all(set(letters) & set(special) for letters in _HUNGARIAN)
    if _ELSEWHERE.search(text) or is_hungarian or "\0" in text[:_SNIFFED]:
        raise refused
    letters = ", ".join(special[:8])
    note = f"not UTF-8, read as Windows-1252 ({letters}): if these are not its characters, save it as UTF-8"
    return Content(text.encode(), notes=(note,))
