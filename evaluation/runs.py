"""`eho evaluate run`: which sets there are, where they lie, and one model measured on any of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eho.document import to_utc_text
from eho.errors import InputError
from evaluation.audit import evaluate_audit
from evaluation.entity_sets import evaluate_entities
from evaluation.extraction_layouts import evaluate_layouts
from evaluation.figures import Evaluation, SetResult
from evaluation.labelled import MissingSetError
from evaluation.labelled_set import evaluate_folder
from evaluation.masking_set import evaluate_masking
from evaluation.metamorphic import evaluate_metamorphic
from evaluation.narrative_check import evaluate_check
from evaluation.predictions import Say, Tagger
from evaluation.public_sets import evaluate_public
from evaluation.real_text import evaluate_real
from evaluation.retrieval_sets import evaluate_retrieval


@dataclass(frozen=True, slots=True)
class Places:
    """Where the labelled sets lie (`root`, the folder `evaluation` of a checkout) and the public ones (`data`, EHO_DATA)."""

    root: Path
    data: Path | None = None

    @classmethod
    def find(cls, root: Path | None = None) -> Places:
        """Return the folder given, else that of this checkout, and EHO_DATA where it is set."""
        data = os.environ.get("EHO_DATA")
        return cls(root or Path(__file__).resolve().parent, Path(data).expanduser() if data else None)


def _corpus(split: str) -> Callable[[Places, Tagger, Say | None], SetResult]:
    def evaluate(places: Places, tagger: Tagger, say: Say | None) -> SetResult:
        folder = places.root / "corpus" / split
        if not any(folder.glob("*.jsonl")):
            raise MissingSetError(f"There are no rows in {folder}; --root names another folder.")
        title = f"Narrative corpus, {split}"
        return evaluate_folder(f"corpus-{split}", title, folder, tagger, say, with_examples=split != "test")

    return evaluate


SETS: Mapping[str, Callable[[Places, Tagger, Say | None], SetResult]] = {
    "corpus-train": _corpus("train"),
    "corpus-dev": _corpus("dev"),
    "corpus-test": _corpus("test"),
    "real": lambda places, tagger, say: evaluate_real(places.root, places.data, tagger, say),
    "check": lambda places, tagger, say: evaluate_check(places.root, tagger, say),
    "audit": lambda places, tagger, say: evaluate_audit(places.root, tagger, say),
    "public": lambda places, tagger, say: evaluate_public(places.root, places.data, tagger, say),
    "metamorphic": lambda places, tagger, say: evaluate_metamorphic(places.root, tagger, say),
    "entities": lambda places, tagger, say: evaluate_entities(places.data, say),  # whatever the tagger
    "masking": lambda places, tagger, say: evaluate_masking(places.root, say),  # whatever the tagger
    "extraction": lambda places, tagger, say: evaluate_layouts(places.root, say),  # whatever the tagger
    "retrieval": lambda places, tagger, say: evaluate_retrieval(places.data, say=say),  # whatever the tagger
}
_ALL = tuple(name for name in SETS if name != "corpus-train")


def evaluate_sets(
    names: Sequence[str], places: Places, tagger: Tagger, say: Say | None = None, *, skip_missing: bool = False
) -> Evaluation:
    """Measure a model on sets by name; `all` is every one but the training split.

    A set that is not here is named with the reason where `skip_missing`, else MissingSetError is raised.
    Raises InputError for an unknown set.
    """
    results = []
    for name in _expand(names):
        try:
            results.append(SETS[name](places, tagger, say))
        except MissingSetError as missing:
            if not skip_missing:
                raise
            results.append(SetResult(name, name, "", 0, 0, "", (), skipped=str(missing)))
    model = tagger.model
    made_at = to_utc_text(datetime.now(UTC).replace(microsecond=0))
    return Evaluation(model.name, model.version, tagger.digest, tagger.codebook.tag, made_at, results)


def _expand(names: Sequence[str]) -> list[str]:
    if unknown := [name for name in names if name not in SETS and name != "all"]:
        raise InputError(f"There is no set {unknown[0]!r}; use {', '.join(SETS)} or all.", field="set")
    chosen = [one for name in names for one in (_ALL if name == "all" else (name,))]
    return list(dict.fromkeys(chosen))
