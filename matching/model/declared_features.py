"""How a bundle restores its features: which feature set made them, from which profile columns, in which groups.

`features.json` stands beside the files that decide the scores and is sealed with them by the manifest. Whoever loads a
model, monitors it or explains it reads it here, and so needs no problem, source or training.
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

FEATURES = "features.json"
FORMAT = 1
PAIR_FEATURES = "pair_features"

Factory = Callable[[], FeatureSet[Any]]
Columns = Mapping[str, tuple[str, ...]]

# A public function or class of one module of features or problems; nothing else is ever imported for a bundle.
_IMPORT_PATH = re.compile(r"(matching\.(?:features|problems)\.[a-z][a-z0-9_]*):([A-Za-z][A-Za-z0-9_]*)")
_SOURCE = re.compile(r"[a-z][a-z0-9_]*")
_OWN_STATE = {"words", "spelling", "topics", "skill_rarity"}  # keys of the state of `PairFeatures`


@dataclass(frozen=True)
class DeclaredFeatures:
    """What a bundle says about its features.

    Attributes:
        feature_set: `pair_features`, or the import path `module:attribute` of what makes an unfitted feature set.
        text_encoder: name of the transformer encoder, or `tfidf`; empty if the features encode no text.
        inputs: the profile columns each feature is computed from.
        groups: features that belong together, by the name of their group.
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
            factory: what made it unfitted, such as `Problem.features`.

        Raises:
            InputError: no bundle could name the factory.
        """
        groups, inputs = dict(features.groups), dict(features.inputs)
        return cls(_name_of(features, factory), features.encoder_name, inputs, groups)

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
    """Read `features.json` of a bundle; bundles made before the file existed declare what their state implies.

    Raises:
        ModelError: the file is of another format, or the feature set is unknown.
    """
    file = folder / FEATURES
    if not file.is_file():
        return _implied(folder)
    state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if state.get("format") != FORMAT:
        raise ModelError(f"{file} has format {state.get('format')}, this version reads {FORMAT}: run `make train`")
    inputs, groups = (_tuples(state[name]) for name in ("inputs", "groups"))
    return DeclaredFeatures(state["feature_set"], state["text_encoder"], inputs, groups)


def _tuples(columns: dict[str, list[str]]) -> Columns:
    return {name: tuple(members) for name, members in columns.items()}


def _name_of(features: FeatureSet[Any], factory: Factory) -> str:
    if type(features) is _pair_features():
        return PAIR_FEATURES
    made_by = unwrap(factory)
    path = f"{made_by.__module__}:{getattr(made_by, '__qualname__', '')}"
    if _IMPORT_PATH.fullmatch(path) is None or _factory(path) is not made_by:
        raise InputError(
            f"a bundle cannot name what makes these features ({path}): make them with a function at the top of a "
            "module in matching/problems or matching/features"
        )
    return path


def _factory(feature_set: str) -> Factory:
    """What makes an unfitted feature set, by its name or import path; raises ModelError."""
    if feature_set == PAIR_FEATURES:
        return _pair_features()
    found = _IMPORT_PATH.fullmatch(feature_set)
    if found is None:
        raise ModelError(f"no feature set is called {feature_set!r}: update Tandem, or run `make train`")
    module, attribute = found.groups()
    try:
        made_by = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        raise ModelError(f"{module}, which makes the features of this model, is missing: restore it") from error
    # What a module merely imports is not its own to offer.
    if not callable(made_by) or made_by.__module__ != module:
        raise ModelError(f"{module} has no {attribute}, which makes the features of this model: restore it")
    factory: Factory = made_by
    return factory


def _pair_features() -> type[FeatureSet[Any]]:
    """The built-in feature set; loaded late, because monitoring reads inputs and needs none of its libraries."""
    from matching.features.pair_features import PairFeatures

    return PairFeatures


def _implied(folder: Path) -> DeclaredFeatures:
    """What a bundle without `features.json` was trained with."""
    from matching.features import ENCODER_FOLDER
    from matching.features.pair_features import PairFeatures
    from matching.features.transformer import TransformerEncoder

    file = folder / "model.json"
    if not file.is_file():
        raise ModelError(f"{folder} is not a model: neither {FEATURES} nor {file.name} is in it: run `make train`")
    state = json.loads(file.read_text(encoding="utf-8"))
    if not state["encoder"].keys() >= _OWN_STATE:
        return _implied_by_problem(state["source"])
    encoder = folder / SCORING_FOLDER / ENCODER_FOLDER
    features = PairFeatures(TransformerEncoder.load(encoder) if encoder.is_dir() else None)
    return DeclaredFeatures.of(features, PairFeatures)


def _implied_by_problem(source: str) -> DeclaredFeatures:
    """The features of the problem that a bundle names: the only ones that were ever made of functions."""
    if _SOURCE.fullmatch(source) is None:
        raise ModelError(f"the model was trained on a source called {source!r}, which is no name: run `make train`")
    try:
        factory: Factory = import_module(f"matching.problems.{source}").PROBLEM.features
    except ModuleNotFoundError as error:
        raise ModelError(f"matching/problems/{source}.py, which makes the features, is missing: restore it") from error
    return DeclaredFeatures.of(factory(), factory)
