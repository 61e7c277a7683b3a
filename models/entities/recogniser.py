"""Loads the recogniser of names and finds spans in texts: spaCy's tokenizer, a linear chain, weights as safetensors and JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from safetensors.numpy import load_file, save_file
from spacy.language import Language as SpacyLanguage
from spacy.tokens import Doc, Span
from spacy.util import compile_suffix_regex

from eho.errors import ModelError
from eho.folding import Folded, fold
from models.entities.chain import Chain, chain_from_arrays, chain_to_arrays
from models.entities.features import remembered

FORMAT = "eho-entities-2"
TYPES = ("LOC", "ORG", "OTH", "PER")
_WEIGHTS, _CONFIG = "weights.safetensors", "model.json"


@dataclass(frozen=True, slots=True)
class NamedSpan:
    """A name `[start, end)` in code points of the text as published."""

    start: int
    end: int
    type: str


class EntityRecogniser:
    """Finds names in texts of either language and script."""

    def __init__(self, chain: Chain, config: Mapping[str, Any]) -> None:
        self._chain = chain
        self._pipeline = new_tokenizer()
        self.name = str(config["name"])
        self.version = str(config["version"])

    @property
    def pipeline(self) -> SpacyLanguage:
        """The tokenizer; its texts are folded ones with capitals kept."""
        return self._pipeline

    def find(self, texts: Sequence[str], documents: Sequence[str] | None = None) -> list[list[NamedSpan]]:
        """Find the names in each text, in order of place. `documents`: which document each text is of; without it each alone."""
        folded = [fold(text, keep_case=True) for text in texts]
        docs = [self._pipeline.make_doc(one.text) for one in folded]
        together: dict[str, list[Doc]] = defaultdict(list)
        for at, doc in enumerate(docs):
            together[str(at) if documents is None else documents[at]].append(doc)
        for group in together.values():
            self.tag_docs(group)
        return [_spans(doc, one) for doc, one in zip(docs, folded, strict=True)]

    def tag_docs(self, docs: Sequence[Doc]) -> None:
        """Set the names of the texts of one document, which are cut into tokens already."""
        texts = [[token.text for token in doc] for doc in docs]
        memory = remembered(texts, self._chain.lexicon)
        for doc, words in zip(docs, texts, strict=True):
            doc.set_ents(list(_entities(doc, self._chain.tag(words, memory))))


def _entities(doc: Doc, tags: Sequence[str]) -> Iterator[Span]:
    start = None
    for at, tag in enumerate([*tags, "O"]):
        if start is not None and not tag.startswith("I-"):
            yield Span(doc, start, at, label=tags[start][2:])
            start = None
        if tag.startswith("B-"):
            start = at


def _spans(doc: Doc, folded: Folded) -> list[NamedSpan]:
    return [NamedSpan(*folded.to_original(entity.start_char, entity.end_char), entity.label_) for entity in doc.ents]


def new_tokenizer() -> SpacyLanguage:
    """Return the empty pipeline whose tokens everything about names is counted in."""
    pipeline: Any = spacy.blank("xx")
    stops = [r"(?<=[A-Za-z]{2})\.", r"(?<=-[A-Za-z])\."]  # a full stop after "BiH" or "NATO-u" is none of the name
    pipeline.tokenizer.suffix_search = compile_suffix_regex([*pipeline.Defaults.suffixes, *stops]).search
    rules = pipeline.tokenizer.rules
    pipeline.tokenizer.rules = {word: rule for word, rule in rules.items() if not (len(word) == 2 and word[1] == ".")}
    made: SpacyLanguage = pipeline
    return made


def save_recogniser(folder: Path, chain: Chain, *, name: str, version: str) -> None:
    """Write weights and configuration. Features and words are there as hashes only: no name of the training text stands in it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"name": name, "version": version, "format": FORMAT, "tags": list(chain.tags)}
    save_file({key: np.ascontiguousarray(value) for key, value in chain_to_arrays(chain).items()}, folder / _WEIGHTS)
    (folder / _CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_recogniser(folder: Path) -> EntityRecogniser:
    """Load a recogniser from its folder. Raises ModelError in one line where it is broken."""
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        return EntityRecogniser(chain_from_arrays(config["tags"], load_file(folder / _WEIGHTS)), config)
    except Exception as error:
        raise ModelError(
            f"Entity model in {folder} cannot be read ({type(error).__name__}: {error}); restore it or train it anew."
        ) from error
