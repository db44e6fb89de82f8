"""What a file may need before it is refused."""

MAX_FILE_BYTES = 10 * 2**20
MAX_UNPACKED_BYTES = 48 * 2**20
"""Of all files inside a DOCX together."""
MAX_PARTS = 2_000
"""Files inside a DOCX."""
MAX_PAGES = 40
MAX_CHARACTERS = 100_000
"""Of the text, as in `CandidateProfile.resume`."""
MAX_LINES = 5_000
MAX_DEPTH = 200
"""Elements inside each other."""
MAX_ANSWER_BYTES = 4 * 2**20
MAX_MEMORY_BYTES = 256 * 2**20
"""Address space of the process that reads one file, and so more than it can ever use."""
MAX_SECONDS = 2.0
"""On the clock and of processor time."""
