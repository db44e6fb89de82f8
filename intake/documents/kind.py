"""What a file is, decided by its content. A name can be wrong, and nothing is parsed because of it."""

import io
import re
import zipfile
from enum import StrEnum

from intake.documents import limits
from intake.documents.refusal import FileRefused


class Kind(StrEnum):
    """A format that can be read."""

    PDF = "PDF"
    DOCX = "DOCX"
    HTML = "HTML"
    MARKDOWN = "Markdown"
    TEXT = "text"
    JSON = "JSON"
    XML = "XML"


SUFFIXES: dict[Kind, tuple[str, ...]] = {
    Kind.PDF: (".pdf",),
    Kind.DOCX: (".docx",),
    Kind.HTML: (".html", ".htm", ".xhtml"),
    Kind.MARKDOWN: (".md", ".markdown", ".txt", ".text"),
    Kind.TEXT: (".txt", ".text", ".md", ".markdown"),
    Kind.JSON: (".json",),
    Kind.XML: (".xml",),
}
SAVE_AS = "save it as PDF or DOCX and send that"
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "is an old Word file or has a password", "save it as DOCX or PDF without a password"),
    (b"{\\rtf", "is an RTF file", SAVE_AS),
    (b"\x89PNG", "is a picture", "send the document that it shows"),
    (b"\xff\xd8\xff", "is a picture", "send the document that it shows"),
    (b"GIF8", "is a picture", "send the document that it shows"),
    (b"II*\x00", "is a picture", "send the document that it shows"),
    (b"MM\x00*", "is a picture", "send the document that it shows"),
    (b"RIFF", "is a picture or a recording", "send the document itself"),
    (b"\x1f\x8b", "is a compressed archive", "unpack it and send the document inside"),
    (b"7z\xbc\xaf", "is a compressed archive", "unpack it and send the document inside"),
    (b"Rar!", "is a compressed archive", "unpack it and send the document inside"),
    (b"MZ", "is a program", "send the document itself"),
    (b"\x7fELF", "is a program", "send the document itself"),
)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|div|p|h[1-6]|table|ul|span|br)\b", re.IGNORECASE)
_XML = re.compile(r"\s*(?:<\?xml\b|<!--|<!DOCTYPE\b|<[A-Za-z_][\w.-]*(?::[\w.-]+)?[\s/>])")
_MARKDOWN = re.compile(
    r"^(?:#{1,6} \S|\s*[-*+] \[.\] |```|\s*\|.*\|\s*$|.*\*\*\S[^*\n]*\*\*|.*\]\(https?:)", re.MULTILINE
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def kind_of(content: bytes) -> Kind:
    """Decide what a file is.

    >>> kind_of(b"%PDF-1.7 ..."), kind_of(b"# Ada"), kind_of(b'{"basics": {}}'), kind_of(b"<p>Ada</p>")
    (<Kind.PDF: 'PDF'>, <Kind.MARKDOWN: 'Markdown'>, <Kind.JSON: 'JSON'>, <Kind.HTML: 'HTML'>)

    Raises:
        FileRefused: it is nothing that can be read; the reason says what it is instead.
    """
    if not content.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise FileRefused("is empty", "send the file that contains the resume")
    if b"%PDF-" in content[:1024]:
        return Kind.PDF
    if content.startswith(b"PK"):
        return _kind_of_package(content)
    for magic, problem, remedy in _OTHERS:
        if content.startswith(magic):
            raise FileRefused(problem, remedy)
    return _kind_of_text(decoded(content))


def decoded(content: bytes) -> str:
    """Decode a text file: UTF-8, UTF-16 with a mark, or else Windows-1252, which reads every byte as something.

    Raises:
        FileRefused: it is no text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if len(_CONTROL.findall(text[:20_000])) > len(text[:20_000]) / 100:
        raise FileRefused("is no text and no known document", SAVE_AS)
    return text


def _kind_of_package(content: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            names = {info.filename for info in package.infolist()[: limits.MAX_PARTS]}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise FileRefused("is damaged: its package cannot be opened", "export the document again") from None
    if "word/document.xml" in names:
        return Kind.DOCX
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise FileRefused("is an office document, but not of Word", SAVE_AS)
    raise FileRefused("is a compressed archive", "unpack it and send the document inside")


def _kind_of_text(text: str) -> Kind:
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[{")):
        return Kind.JSON
    if _HTML.search(text[:5_000]) and not start.startswith("<?xml"):
        return Kind.HTML
    if start.startswith("<?xml") or _XML.match(start):
        return Kind.HTML if re.search(r"<html\b", text[:5_000], re.IGNORECASE) else Kind.XML
    return Kind.MARKDOWN if _MARKDOWN.search(text) else Kind.TEXT


def name_note(kind: Kind, name: str) -> tuple[str, ...]:
    """Say that a name promises another kind than the content is; nothing for a name without a suffix.

    >>> name_note(Kind.PDF, "cv.docx")
    ('The name ends in .docx, but the content is PDF and was read as that.',)
    """
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    known = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}
    if suffix not in known or suffix in SUFFIXES[kind]:
        return ()
    return (f"The name ends in {suffix}, but the content is {kind.value} and was read as that.",)
