"""The release as the service sees it: which registered version its bundle is."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from matching.errors import ModelError


class Deployed(BaseModel):
    """The deployed release: `release.json` beside the bundle, written by the deployment.

    It lies beside the bundle and not in it because the bundle's manifest allows no file that training did not write.
    """

    model_config = ConfigDict(frozen=True)

    model_name: str
    model_version: str
    promoted_at: datetime | None = None
    trained_at: datetime | None = None
    manifest_digest: str | None = None

    @classmethod
    def read(cls, bundle: Path, source: str) -> "Deployed":
        """Read the release of a bundle; a bundle without one is served as version `unregistered`.

        Raises:
            ModelError: the file cannot be read.
        """
        file = bundle.parent / "release.json"
        if not file.is_file():
            return cls(model_name=f"tandem-{source}", model_version="unregistered")
        try:
            return cls.model_validate_json(file.read_bytes())
        except ValidationError as error:
            fields = ", ".join(str(one["loc"][0]) for one in error.errors() if one["loc"])
            raise ModelError(f"{file} is not a release ({fields or 'no JSON'}): deploy again") from None
