"""Files made by code: PDFs with text at given places, DOCX packages, and what hostile files contain."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import docx


def pdf(*pages: str, objects: Mapping[int, bytes] | None = None, catalog: str = "") -> bytes:
    """A PDF from the content stream of each page; the fonts are /F1 (regular) and /F2 (bold).

    Args:
        pages: content streams, see `text`.
        objects: further objects by number, from 1000.
        catalog: further entries of the catalogue.
    """
    kids = " ".join(f"{10 + 2 * place} 0 R" for place in range(len(pages)))
    parts: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    }
    pictures = "/XObject << /Im1 1000 0 R >>" if objects and 1000 in objects else ""
    for place, content in enumerate(pages):
        stream = content.encode("cp1252")
        resources = f"<< /Font << /F1 3 0 R /F2 4 0 R >> {pictures} >>"
        page = f"/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {11 + 2 * place} 0 R"
        parts[10 + 2 * place] = f"<< {page} /Resources {resources} >>".encode()
        parts[11 + 2 * place] = f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"
    return packed(parts | dict(objects or {}))


def packed(parts: Mapping[int, bytes]) -> bytes:
    """A PDF from its objects by number; object 1 is the catalogue."""
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in parts.items():
        offsets[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, offset in offsets.items():
        out += f"{number} 1\n{offset:010d} 00000 n \n".encode()
    out += f"trailer << /Size {max(parts) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def text(words: str, x: float, top: float, *, size: float = 10, font: str = "F1", before: str = "0 g") -> str:
    """A content stream that shows a line `top` points below the upper edge; `before` sets its colour or mode."""
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"q {before} BT /{font} {size} Tf {x} {842 - top - size} Td ({escaped}) Tj ET Q\n"


def lines(texts: Sequence[str], x: float, top: float, *, leading: float = 14, before: str = "0 g") -> str:
    """Lines below each other."""
    return "".join(text(one, x, top + leading * place, before=before) for place, one in enumerate(texts))


def picture(width: int = 8, height: int = 8) -> bytes:
    """A grey picture, as an object of a PDF."""
    data = zlib.compress(bytes([120]) * width * height)
    head = (
        f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray "
        f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(data)} >>"
    )
    return head.encode() + b"\nstream\n" + data + b"\nendstream"


def word(*paragraphs: str) -> bytes:
    """A DOCX with paragraphs."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return saved(document)


def saved(document: "docx.document.Document") -> bytes:
    """The bytes of a document of python-docx."""
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def repacked(package: bytes, changes: Mapping[str, bytes]) -> bytes:
    """A package with some of its files replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename not in changes:
                new.writestr(info, old.read(info))
        for name, content in changes.items():
            new.writestr(name, content)
    return stream.getvalue()
