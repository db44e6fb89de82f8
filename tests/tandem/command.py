"""The `tandem` command, run in this process: as quick as a call, and what it prints is what a user sees."""

from dataclasses import dataclass

from typer.testing import CliRunner

from tandem import cli


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def words(self) -> str:
        """What it printed, however its lines are wrapped and its columns aligned."""
        return " ".join(self.stdout.split())


def tandem(*arguments: str) -> Ended:
    """Run a command; a failure that is not one line on stderr raises."""
    ended = CliRunner(env={"COLUMNS": "160"}).invoke(cli.app, arguments, prog_name="tandem", catch_exceptions=False)
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def refused(*arguments: str, code: int = 1) -> str:
    """Run a command that must fail with one line; return the line, without `error: `."""
    ended = tandem(*arguments)
    assert ended.code == code, ended
    assert ended.stderr.startswith("error: "), ended
    assert ended.stderr.count("\n") == 1, ended
    return ended.stderr.removeprefix("error: ").rstrip("\n")
