"""The declaration of a bundle's features: their feature set, their profile columns and their groups.

The manifest seals `features.json` together with the files that decide the scores. Loading, monitoring and explaining a
model need only this declaration, and no problem, source or training code.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from typing import Any

from matching.errors import InputError, ModelError
from matching.features.feature_set import FeatureSet
from matching.model.manifest import SCORING_FOLDER
from matching.model.state import read_state

FEATURES = "features.json"
FORMAT = 1
# Feature sets with a name of their own, which no move of a module can break, with their present import paths.
_NAMED = {"pair_features": "matching.features.pair_features:PairFeatures"}

Factory = Callable[[], FeatureSet[Any]]
Columns = Mapping[str, tuple[str, ...]]

# A public function or class of a module in features or problems: nothing else is ever imported for a bundle.
_IMPORT_PATH = re.compile(r"(matching\.(?:features|problems)\.[a-z][a-z0-9_]*):([A-Za-z][A-Za-z0-9_]*)")
_SOURCE = re.compile(r"[a-z][a-z0-9_]*")
_PAIR_FEATURES_STATE = {"words", "spelling", "topics", "skill_rarity"}


@dataclass(frozen=True)
class DeclaredFeatures:
    """What a bundle declares about its features.

    >>> from matching.features.pair_features import PairFeatures
    >>> declared = DeclaredFeatures.of(PairFeatures(), factory=PairFeatures)
    >>> declared.feature_set, declared.inputs["remote_gap"]
    ('pair_features', ('candidate.remote_wish', 'job.remote_policy'))

    Attributes:
        feature_set: `pair_features`, or the import path `module:attribute` of a factory of unfitted feature sets.
        text_encoder: name of the transformer encoder, or `tfidf`; empty if the features encode no text.
        inputs: the profile columns that each feature is computed from.
        groups: names of the features in each group.
    """

    feature_set: str
    text_encoder: str
    inputs: Columns
    groups: Columns

    @classmethod
    def of(cls, features: FeatureSet[Any], factory: Factory) -> "DeclaredFeatures":
        """Declare a feature set.

        Args:
            features: the feature set.
            factory: what makes it, unfitted, such as `Problem.features`.

        Raises:
            InputError: the factory has no import path that a bundle may name.
        """
        groups, inputs = dict(features.groups), dict(features.inputs)
        return cls(_name_of(factory), features.encoder_name, inputs, groups)

    def make(self) -> FeatureSet[Any]:
        """Return the unfitted feature set.

        Raises:
            ModelError: this version of the code has no such feature set.
        """
        return _factory(self.feature_set)()

    def write(self, folder: Path) -> None:
        """Write `features.json` into a bundle."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1)
        (folder / FEATURES).write_text(text, encoding="utf-8")


def read(folder: Path) -> DeclaredFeatures:
    """Read `features.json` of a bundle. For a bundle made before the file existed, its state implies the declaration.

    Raises:
        ModelError: the format of the file is not supported, or the feature set is unknown.
    """
    file = folder / FEATURES
    if not file.is_file():
        return _implied(folder)
    state = read_state(file, FORMAT)
    inputs, groups = (_tuples(state[name]) for name in ("inputs", "groups"))
    return DeclaredFeatures(state["feature_set"], state["text_encoder"], inputs, groups)


def _tuples(columns: dict[str, list[str]]) -> Columns:
    return {name: tuple(members) for name, members in columns.items()}


def _name_of(factory: Factory) -> str:
    made_by = unwrap(factory)
    path = f"{made_by.__module__}:{getattr(made_by, '__qualname__', '')}"
    if _IMPORT_PATH.fullmatch(path) is None or _factory(path) is not made_by:
        raise InputError(
            f"a bundle cannot name what makes these features ({path}): make them with a function at the top level of a "
            "module in matching/problems or matching/features"
        )
    return next((name for name, its_path in _NAMED.items() if its_path == path), path)


def _factory(feature_set: str) -> Factory:
    """Return the factory of a feature set by its name or import path; raises ModelError."""
    found = _IMPORT_PATH.fullmatch(_NAMED.get(feature_set, feature_set))
    if found is None:
        raise ModelError(f"no feature set is called {feature_set!r}: update Tandem, or run `make train`")
    module, attribute = found.groups()
    try:
        made_by = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        raise ModelError(f"{module}, which makes the features of this model, is missing: restore it") from error
    # A name that the module merely imports does not count.
    if not callable(made_by) or made_by.__module__ != module:
        raise ModelError(f"{module} has no {attribute}, which makes the features of this model: restore it")
    factory: Factory = made_by
    return factory


def _implied(folder: Path) -> DeclaredFeatures:
    """The declaration of a bundle without `features.json`."""
    from matching.features import ENCODER_FOLDER
    from matching.features.pair_features import PairFeatures
    from matching.features.transformer import TransformerEncoder

    file = folder / "model.json"
    if not file.is_file():
        raise ModelError(f"{folder} is not a model: neither {FEATURES} nor {file.name} is in it: run `make train`")
    state = json.loads(file.read_text(encoding="utf-8"))
    if not state["encoder"].keys() >= _PAIR_FEATURES_STATE:
        return _implied_by_problem(state["source"])
    encoder = folder / SCORING_FOLDER / ENCODER_FOLDER
    features = PairFeatures(TransformerEncoder.load(encoder) if encoder.is_dir() else None)
    return DeclaredFeatures.of(features, PairFeatures)


def _implied_by_problem(source: str) -> DeclaredFeatures:
    """The features of the bundle's problem: before `features.json`, only problems made features of functions."""
    if _SOURCE.fullmatch(source) is None:
        raise ModelError(
            f"the model was trained on a source called {source!r}, which is not a valid name: run `make train`"
        )
    try:
        factory: Factory = import_module(f"matching.problems.{source}").PROBLEM.features
    except ModuleNotFoundError as error:
        raise ModelError(f"matching/problems/{source}.py, which makes the features, is missing: restore it") from error
    return DeclaredFeatures.of(factory(), factory)
