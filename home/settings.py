"""Where state lives and which ports are used: one value object, read from `TANDEM_*` variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from matching.features import TFIDF

LOOPBACK = "127.0.0.1"
EngineName = Literal["auto", "docker", "podman", "process"]


class Settings(BaseSettings):
    """Settings of one Tandem home.

    Every field is read from the variable `TANDEM_<NAME>`; the defaults run everything on one machine.
    """

    model_config = SettingsConfigDict(env_prefix="TANDEM_", frozen=True)

    home: Path = Field(Path(".tandem"), description="Folder that holds all state.")
    source: str = Field("marketplace", description="Name of the data source; also names the model.")
    seed: int = Field(7, description="The one seed: the same data and seed give the same model.")
    host: str = Field(LOOPBACK, description="Address the service listens on; the dashboards stay on loopback.")
    port: int = Field(3000, ge=1, le=65535, description="Port of the prediction service.")
    mlflow_port: int = Field(5000, ge=1, le=65535, description="Port of MLflow's pages.")
    evidently_port: int = Field(8000, ge=1, le=65535, description="Port of Evidently's pages.")
    engine: EngineName = Field("auto", description="What runs the service.")
    require_container: bool = Field(False, description="Make falling back to a process an error.")
    base_image: str | None = Field(None, description="Image with Python to build on; pulled or made where not given.")
    database_url: str | None = Field(None, repr=False, description="SQLAlchemy URL of the log; may hold a password.")
    text_encoder: str = Field(TFIDF, description="Embedded TF-IDF, or the folder of an exported transformer encoder.")
    label_maturity_days: float = Field(14.0, ge=0, description="Days after which no answer means no.")
    # The defaults are those of `matching.value.costs.Costs`, which says where each comes from.
    cost_look_usd: float = Field(0.36, ge=0, allow_inf_nan=False, description="A recruiter's look at one candidate.")
    cost_outreach_usd: float = Field(4.30, ge=0, allow_inf_nan=False, description="One outreach.")
    cost_declined_outreach_usd: float = Field(
        2.00, ge=0, allow_inf_nan=False, description="An outreach declined or unanswered, besides writing it."
    )
    cost_interview_usd: float = Field(300.0, ge=0, allow_inf_nan=False, description="One candidate's interviews.")
    value_hire_usd: float = Field(20_000.0, ge=0, allow_inf_nan=False, description="What one hire is worth.")
    gate_min_value_usd_per_week: float | None = Field(
        None,
        allow_inf_nan=False,
        description="The gate asks for this lead in value, USD per week; not asked where not given.",
    )

    @property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().absolute()

    def make_root(self) -> Path:
        """Make the home where there is none, for its owner alone: profiles and answers are personal data.

        A home that is there keeps its permissions.
        """
        if not self.root.exists():
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700, exist_ok=True)
        return self.root

    @property
    def costs(self) -> dict[str, float]:
        """The cost table, as `matching.value.costs.Costs` takes it."""
        return {
            "look_usd": self.cost_look_usd,
            "outreach_usd": self.cost_outreach_usd,
            "declined_outreach_usd": self.cost_declined_outreach_usd,
            "interview_usd": self.cost_interview_usd,
            "hire_usd": self.value_hire_usd,
        }

    @property
    def text_encoder_folder(self) -> Path | None:
        """Folder of the transformer encoder to train with; None for the embedded TF-IDF alone."""
        return None if self.text_encoder == TFIDF else Path(self.text_encoder).expanduser()

    @property
    def log_url(self) -> str:
        """URL of the prediction log's database: the setting, else SQLite in the home."""
        return self.database_url or f"sqlite:///{self.log_folder / 'log.db'}"

    @property
    def log_folder(self) -> Path:
        """Folder of the embedded prediction log; the only one the service may write to."""
        return self.root / "log"

    @property
    def mlflow_folder(self) -> Path:
        """Folder of MLflow's database and artifacts."""
        return self.root / "mlflow"

    @property
    def mlflow_uri(self) -> str:
        """MLflow's tracking and registry URI."""
        return f"sqlite:///{self.mlflow_folder / 'mlflow.db'}"

    @property
    def model_name(self) -> str:
        """Name of the registered model for the chosen source."""
        return f"tandem-{self.source}"
