"""The folder of a user's own narratives: for each a definition, its labelled passages and, once trained, its model.

They stand beside the codebook and not in it, so that the codebook keeps its digest and the models trained for it go on.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eho.errors import InputError
from models.own.examples import Example, key_of, merge, read_stored, write_examples
from models.registry import CARD, ModelCard, read_card

_ID = re.compile(r"[a-z][a-z0-9_]{1,59}")
_DEFINITION, _EXAMPLES, _SKIPPED, _MODEL = "narrative.json", "examples.jsonl", "skipped.json", "model"


@dataclass(frozen=True, slots=True)
class OwnNarrative:
    """A narrative that a user defined; `titles` by language, `en` always among them."""

    id: str
    titles: Mapping[str, str]
    definition: str
    added_on: str

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        return asdict(self)


class OwnLibrary:
    """Reads and writes the folder. Callers that write hold the data folder's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> list[str]:
        """Return the ids of all narratives here, sorted."""
        return sorted(path.parent.name for path in self._folder.glob(f"*/{_DEFINITION}"))

    def get(self, id: str) -> OwnNarrative:
        """Return one narrative. Raises InputError, with the nearest id where there is no such one."""
        known = self.ids()
        if id not in known:
            near = difflib.get_close_matches(id, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}." if known else "there is none yet."
            raise InputError(f"There is no narrative {id!r} of your own; {hint} See eho codebook add.", field="id")
        path = self._folder / id / _DEFINITION
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            return OwnNarrative(str(row["id"]), dict(row["titles"]), str(row["definition"]), str(row["added_on"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} cannot be read ({type(error).__name__}: {error}); restore it, or eho codebook remove {id}."
            ) from error

    def add(self, narrative: OwnNarrative, taken: Collection[str]) -> None:
        """Write a new narrative. Raises InputError for a malformed or taken id and for empty words."""
        if _ID.fullmatch(narrative.id) is None:
            raise InputError(
                f"The id is {narrative.id!r}; write 2 to 60 small letters a–z, digits and _, a letter first.", field="id"
            )
        if narrative.id in taken:
            raise InputError(f"There is a narrative {narrative.id!r} in the codebook already; choose another id.", field="id")
        if narrative.id in self.ids():
            raise InputError(
                f"You have a narrative {narrative.id!r} already; choose another id, or eho codebook remove {narrative.id}.",
                field="id",
            )
        for name, value in (
            ("definition", narrative.definition),
            *((f"title ({key})", text) for key, text in narrative.titles.items()),
        ):
            if not value.strip():
                raise InputError(f"The {name} of {narrative.id!r} is empty; say in a sentence or two what it means.", field=name)
        folder = self._folder / narrative.id
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(narrative.to_mapping(), ensure_ascii=False, indent=2) + "\n"
        (folder / _DEFINITION).write_text(text, encoding="utf-8")

    def remove(self, id: str) -> None:
        """Delete a narrative with its examples and model. Raises InputError for an unknown id."""
        if id not in self.ids():
            self.get(id)
        shutil.rmtree(self._folder / id)

    def examples(self, id: str) -> list[Example]:
        """Return the labelled passages."""
        return read_stored(self._folder / id / _EXAMPLES)

    def put_examples(self, id: str, new: Sequence[Example]) -> None:
        """Add labelled passages; a newer label of the same passage replaces the older."""
        write_examples(self._folder / id / _EXAMPLES, merge(self.examples(id), new))

    def skipped(self, id: str) -> set[str]:
        """Return the keys of passages that nobody could decide on; their texts are not kept."""
        path = self._folder / id / _SKIPPED
        return set(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else set()

    def skip(self, id: str, texts: Sequence[str]) -> None:
        """Remember not to suggest these passages again."""
        keys = sorted(self.skipped(id) | {key_of(text) for text in texts})
        (self._folder / id / _SKIPPED).write_text(json.dumps(keys) + "\n", encoding="utf-8")

    def model_folder(self, id: str) -> Path:
        """Return where the trained model of a narrative lies, or will."""
        return self._folder / id / _MODEL

    def card(self, id: str) -> ModelCard | None:
        """Return the card of the trained model, None before training. Raises ModelError for a broken card."""
        folder = self.model_folder(id)
        return read_card(folder) if (folder / CARD).exists() else None

    def trained(self) -> dict[str, ModelCard]:
        """Return the cards of all trained narratives by id."""
        return {id: card for id in self.ids() if (card := self.card(id)) is not None}

    def replace_model(self, id: str, made: Path) -> None:
        """Put a finished model folder in the place of the former one."""
        target = self.model_folder(id)
        former = target.with_name(f"{_MODEL}.former")
        shutil.rmtree(former, ignore_errors=True)
        if target.exists():
            target.rename(former)
        made.rename(target)
        shutil.rmtree(former, ignore_errors=True)


def version_with(version: str, trained: Mapping[str, str]) -> str:
    """Return the version of a model that also knows own narratives (id -> version): another training is another version."""
    if not trained:
        return version
    content = "\n".join(f"{id} {trained[id]}" for id in sorted(trained))
    return f"{version}+own.{hashlib.sha256(content.encode()).hexdigest()[:8]}"
