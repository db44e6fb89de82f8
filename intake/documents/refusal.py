"""The refusal of a file by its reader."""

from matching.errors import UnreadableFile


class FileRefused(UnreadableFile):
    """A file cannot be read.

    Args:
        problem: what is wrong, as it follows the name of the file: "has no text".
        remedy: what to do, as it follows a colon: "send the document itself".

    >>> FileRefused("is empty", "send the resume itself").sentence("cv.pdf")
    'cv.pdf is empty: send the resume itself.'
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy

    def sentence(self, name: str) -> str:
        """Return one sentence: which file, what is wrong, what to do."""
        return f"{name} {self.problem}: {self.remedy}."
