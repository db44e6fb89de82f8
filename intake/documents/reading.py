"""From bytes to a document, inside the process with limits."""

from dataclasses import replace

from intake.documents import limits
from intake.documents.document import Document
from intake.documents.europass import read_europass
from intake.documents.json_resume import read_json_resume
from intake.documents.kind import Kind, decoded, kind_of, name_note
from intake.documents.markup import read_html
from intake.documents.pdf import read_pdf
from intake.documents.plain_text import read_markdown, read_text
from intake.documents.refusal import FileRefused
from intake.documents.word import read_docx

_BINARY = {Kind.PDF: read_pdf, Kind.DOCX: read_docx, Kind.XML: read_europass}
_TEXTS = {
    Kind.HTML: read_html,
    Kind.MARKDOWN: read_markdown,
    Kind.TEXT: read_text,
    Kind.JSON: read_json_resume,
}


def read(content: bytes, name: str) -> Document:
    """Read a file, whatever its name says.

    >>> read(b"Ada\\nGo engineer", "ada.txt").text
    'Ada\\nGo engineer'

    Raises:
        FileRefused: it cannot be read.
    """
    kind = kind_of(content)
    document = _BINARY[kind](content) if kind in _BINARY else _TEXTS[kind](decoded(content))
    if len(document.text) > limits.MAX_CHARACTERS:
        raise FileRefused(f"has more than {limits.MAX_CHARACTERS:,} characters", "send the pages of the resume alone")
    if len(document.blocks) > limits.MAX_LINES:
        raise FileRefused(f"has more than {limits.MAX_LINES:,} lines", "send the pages of the resume alone")
    if not any(character.isalnum() for character in document.text):
        problem = "has only hidden text" if document.hidden else "has no text"
        raise FileRefused(problem, "send the document itself, as PDF or DOCX")
    return replace(document, name=name, notes=(*name_note(kind, name), *document.notes))
