"""Files that are broken or made to break what reads them."""

import io
import zipfile
import zlib
from collections.abc import Callable

from tests.intake import files

ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b0 "ha">'
    + "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)


def encrypted() -> bytes:
    """A PDF with a password."""
    body = files.pdf(files.text("secret", 40, 40))
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> /P -4 >>"
    return body.replace(b"/Root 1 0 R", b"/Root 1 0 R /ID [<41> <41>] " + lock)


def truncated() -> bytes:
    """The first half of a PDF."""
    whole = files.pdf(*[files.lines([f"line {n}" for n in range(40)], 40, 40)] * 3)
    return whole[: len(whole) // 3]


def pages(count: int = 500) -> bytes:
    """A PDF of many pages."""
    return files.pdf(*[files.text(f"page {n}", 40, 40) for n in range(count)])


def picture_only() -> bytes:
    """A scan: a page that is one picture."""
    return files.pdf("q 500 0 0 700 40 40 cm /Im1 Do Q", objects={1000: files.picture(64, 64)})


def scan_with_hidden_text() -> bytes:
    """A scan with an invisible layer of text."""
    layer = files.text("recognised text", 60, 100, before="3 Tr")
    return files.pdf("q 500 0 0 700 40 40 cm /Im1 Do Q\n" + layer, objects={1000: files.picture(64, 64)})


def packed_stream() -> bytes:
    """A PDF whose page unpacks to 400 MB."""
    data = _deflated(b" " * (1 << 20), 400)
    whole = files.pdf("x")
    marker = whole.index(b"11 0 obj")
    end = whole.index(b"endobj", marker)
    stream = b"11 0 obj\n<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(data) + data + b"\nendstream\n"
    return whole[:marker] + stream + whole[end:]


def _deflated(block: bytes, times: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(block) for _ in range(times)) + packer.flush()


def endless_forms() -> bytes:
    """A PDF whose page draws a form that draws another ten times, ten levels deep."""
    objects = {}
    for level in range(10):
        content = b"/X Do " * 10 if level < 9 else b"0 0 1 1 re f"
        resources = b"<< /XObject << /X %d 0 R >> >>" % (1001 + level)
        objects[1000 + level] = (
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources %s /Length %d >>\nstream\n%s\nendstream"
            % (resources, len(content), content)
        )
    return files.pdf(files.text("a", 40, 40) + "/Im1 Do " * 10, objects=objects)


def looping_cross_references() -> bytes:
    """A PDF whose cross-reference table continues in itself."""
    whole = files.pdf(files.text("loop", 40, 40))
    start = int(whole.rsplit(b"startxref\n", 1)[1].split(b"\n", 1)[0])
    return whole.replace(b"trailer << ", b"trailer << /Prev %d " % start)


def looping_pages() -> bytes:
    """A PDF whose tree of pages contains itself."""
    return files.packed(
        {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 100000 >>"}
    )


def nested_arrays() -> bytes:
    """A PDF with a hundred thousand arrays inside each other."""
    return files.pdf(files.text("deep", 40, 40), objects={1002: b"[" * 100_000 + b"]" * 100_000}, catalog="/X 1002 0 R")


def huge_picture() -> bytes:
    """A PDF whose picture claims sixty thousand pixels each way."""
    head = (
        b"<< /Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
    )
    data = _deflated(bytes(1 << 20), 64)
    return files.pdf(
        files.text("a", 40, 40) + "q 500 0 0 700 40 40 cm /Im1 Do Q", objects={1000: head % (len(data), data)}
    )


def package_bomb() -> bytes:
    """A DOCX of 200 kB that unpacks to 200 MB."""
    return files.repacked(files.word("a"), {"word/media/a.bin": bytes(200 << 20)})


def lying_package() -> bytes:
    """A DOCX that unpacks to 100 MB and says 100 kB."""
    package = files.repacked(files.word("a"), {"word/header9.xml": b" " * (100 << 20)})
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        size = opened.getinfo("word/header9.xml").file_size
    return package.replace(size.to_bytes(4, "little"), (100_000).to_bytes(4, "little"))


def package_with_entities() -> bytes:
    """A DOCX whose text is made of entities."""
    body = f'{ENTITIES}<w:document xmlns:w="http://x"><w:body>&b11;</w:body></w:document>'
    return files.repacked(files.word("a"), {"word/document.xml": body.encode()})


def nested_word() -> bytes:
    """A DOCX with ten thousand tables inside each other."""
    name = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    inside = "<w:tbl><w:tr><w:tc>" * 10_000 + "</w:tc></w:tr></w:tbl>" * 10_000
    body = f"<w:document {name}><w:body>{inside}</w:body></w:document>"
    return files.repacked(files.word("a"), {"word/document.xml": body.encode()})


def _archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("cv.txt", "a")
    return stream.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted.pdf": (encrypted, "is encrypted: save it without a password."),
    "truncated.pdf": (truncated, ""),
    "no-pages.pdf": (lambda: b"%PDF-1.7\n%%EOF", "is damaged: its pages cannot be opened: export the document again."),
    "empty.pdf": (lambda: b"", "is empty: send the file that contains the resume."),
    "zeros.pdf": (lambda: bytes(5_000), "is empty: send the file that contains the resume."),
    "scan.pdf": (picture_only, "has no text, only pictures of it: "),
    "layer.pdf": (scan_with_hidden_text, "has no text that can be seen, only hidden text, as scans have: "),
    "pages.pdf": (pages, "has 500 pages: send the pages of the resume, 40 at most."),
    "looping-pages.pdf": (looping_pages, ""),
    "bomb.docx": (package_bomb, "unpacks to more than any resume needs: "),
    "lying.docx": (lying_package, ""),
    "entities.docx": (package_with_entities, "declares entities of its own, which no resume needs: "),
    "nested.docx": (nested_word, ""),
    "half.docx": (lambda: files.word("a")[:5_000], "is damaged: its package cannot be opened: "),
    "old.doc": (lambda: b"\xd0\xcf\x11\xe0" + bytes(2_000), "is an old Word file or has a password: "),
    "entities.xml": (f"{ENTITIES}<a>&b11;</a>".encode, "declares entities of its own, which no CV needs: "),
    "nested.xml": (lambda: b"<?xml version='1.0'?>" + b"<a>" * 100_000, "is damaged: its XML cannot be read: "),
    "other.xml": (lambda: b"<?xml version='1.0'?><invoice/>", "is XML, but no Europass CV: "),
    "nested.json": (lambda: b'{"basics":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "contains lists inside lists"),
    "other.json": (lambda: b'{"a": 1}', "is JSON, but no JSON Resume: "),
    "damaged.json": (lambda: b'{"basics": {"name": ', "is damaged: its JSON cannot be read: "),
    "photo.pdf": (lambda: b"\x89PNG\r\n" + bytes(200), "is a picture: send the document that it shows."),
    "program.docx": (lambda: b"MZ" + bytes(200), "is a program: send the document itself."),
    "random.txt": (lambda: bytes(range(256)) * 20, "is no text and no known document: "),
    "archive.docx": (_archive, "is a compressed archive: unpack it and send the document inside."),
    "long.txt": (lambda: b"word " * 30_000, "has more than 100,000 characters: send the pages of the resume alone."),
    "lines.txt": (lambda: b"word\n" * 6_000, "has more than 5,000 lines: send the pages of the resume alone."),
    "hidden.html": (lambda: b"<html><p style='display:none'>Go</p></html>", "has only hidden text: "),
    "large.pdf": (lambda: b"%PDF-" + bytes(11 << 20), "is larger than 10 MiB: leave out its pictures."),
}
"""Files that must be refused, with how the sentence goes on after the name; an empty one may be any sentence."""

SURVIVED: dict[str, Callable[[], bytes]] = {
    "packed-stream.pdf": packed_stream,
    "endless-forms.pdf": endless_forms,
    "looping-references.pdf": looping_cross_references,
    "nested-arrays.pdf": nested_arrays,
    "huge-picture.pdf": huge_picture,
    "nested.html": lambda: b"<html><body>" + b"<div>" * 100_000 + b"deep",
    "attributes.html": lambda: b"<html><p " + b"a=1 " * 1_000_000 + b">x</p>",
    "styles.html": lambda: b"<html><style>" + b"a{" * 500_000 + b"</style><p>x</p>",
    "stars.md": lambda: b"# a\n" + b"*" * 20_000 + b"a" + b"[" * 20_000 + b"\n" + b"**a" * 10_000,
}
"""Files that may be read or refused, but not do harm."""
