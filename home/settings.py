"""Where state lives and which ports are used: one value object, read from `TANDEM_*` variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue
from pydantic_settings import BaseSettings, SettingsConfigDict

from matching.features import TFIDF

LOOPBACK = "127.0.0.1"
MAX_SEED = 2**32 - 1  # the largest that scikit-learn takes
EngineName = Literal["auto", "docker", "podman", "process"]


def _unit(name: str) -> dict[str, JsonValue]:
    """Return the unit of a field, for the reference page."""
    return {"unit": name}


class Settings(BaseSettings):
    """Settings of one Tandem home.

    Each field is read from the variable `TANDEM_<NAME>`, unless that is empty. With the defaults everything runs on one
    machine.
    `docs/reference/settings.md` is written from these descriptions: run `scripts/settings_page.py` after a change.
    """

    model_config = SettingsConfigDict(env_prefix="TANDEM_", env_ignore_empty=True, frozen=True)

    home: Path = Field(Path(".tandem"), description="Folder that holds all state.")
    source: str = Field("marketplace", description="Name of the data source; it also names the registered model.")
    seed: int = Field(
        7,
        ge=0,
        le=MAX_SEED,
        description=f"Seed of all randomness, 0 to {MAX_SEED}: the same data and seed give the same model.",
    )
    host: str = Field(
        LOOPBACK, description="Address the service listens on; the dashboards always listen on loopback only."
    )
    port: int = Field(3000, ge=1, le=65535, description="Port of the prediction service.")
    mlflow_port: int = Field(5000, ge=1, le=65535, description="Port of MLflow's pages.")
    evidently_port: int = Field(8000, ge=1, le=65535, description="Port of Evidently's pages.")
    engine: EngineName = Field(
        "auto",
        description="What runs the service: `docker`, `podman`, `process`, or `auto` for the first of them that works.",
    )
    require_container: bool = Field(
        False, description="Fail if no container engine works, instead of running a process."
    )
    base_image: str | None = Field(
        None, description="Image with Python to build the service image on; without it, one is pulled or made."
    )
    database_url: str | None = Field(
        None,
        repr=False,
        description="SQLAlchemy URL of the prediction log, SQLite or Postgres; it may hold a password. Without it, an "
        "SQLite file in the home.",
    )
    text_encoder: str = Field(
        TFIDF, description="Text encoder to train with: `tfidf`, or the folder of an exported transformer."
    )
    label_maturity_days: float = Field(
        14.0, ge=0, description="Age from which no response counts as a no.", json_schema_extra=_unit("days")
    )
    # The defaults are those of `matching.value.costs.Costs`, which says where each comes from.
    cost_look_usd: float = Field(
        0.36,
        ge=0,
        allow_inf_nan=False,
        description="Cost of a recruiter's look at one candidate.",
        json_schema_extra=_unit("USD"),
    )
    cost_outreach_usd: float = Field(
        4.30, ge=0, allow_inf_nan=False, description="Cost of one outreach.", json_schema_extra=_unit("USD")
    )
    cost_declined_outreach_usd: float = Field(
        2.00,
        ge=0,
        allow_inf_nan=False,
        description="Extra cost of an outreach that is declined or never answered.",
        json_schema_extra=_unit("USD"),
    )
    cost_interview_usd: float = Field(
        300.0,
        ge=0,
        allow_inf_nan=False,
        description="Cost of the interviews with one candidate.",
        json_schema_extra=_unit("USD"),
    )
    value_hire_usd: float = Field(
        20_000.0, ge=0, allow_inf_nan=False, description="Value of one hire.", json_schema_extra=_unit("USD")
    )
    pay_rates: Path | None = Field(
        None,
        description="TOML file with your own exchange rates and full-time hours, in the form of "
        "`matching/text/pay_rates.toml`; a deployment takes it along. Without it, the built-in rates.",
    )
    gate_min_value_usd_per_week: float | None = Field(
        None,
        allow_inf_nan=False,
        description="Gain in value over the champion that the gate requires; without it, the gate requires none.",
        json_schema_extra=_unit("USD per week"),
    )

    @property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().absolute()

    def make_root(self) -> Path:
        """Create the home for its owner alone, unless it exists: profiles and answers are personal data.

        An existing home keeps its permissions.
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
