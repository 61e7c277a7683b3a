"""Loads the entity pipeline and finds spans in texts; weights are safetensors and JSON, spaCy gives the architecture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from spacy.attrs import PREFIX, SUFFIX
from spacy.language import Language as SpacyLanguage
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import compile_suffix_regex

from eho.errors import ModelError
from eho.folding import Folded, fold

FORMAT = "eho-entities-1"
TYPES = ("LOC", "ORG", "OTH", "PER")
_WEIGHTS, _CONFIG = "weights.safetensors", "model.json"


@dataclass(frozen=True, slots=True)
class EntityShape:
    """Sizes of the network: rows of the hash tables for word, beginning, ending and shape; width; depth."""

    rows: tuple[int, int, int, int] = (4000, 3000, 1500, 500)
    width: int = 96
    depth: int = 4
    hidden: int = 64


@dataclass(frozen=True, slots=True)
class NamedSpan:
    """A name `[start, end)` in code points of the text as published."""

    start: int
    end: int
    type: str


class EntityRecogniser:
    """Finds names in texts of either language and script. Safe to call from several threads after loading."""

    def __init__(self, pipeline: SpacyLanguage, config: Mapping[str, Any]) -> None:
        self._pipeline = pipeline
        self._ner: Any = pipeline.get_pipe("ner")
        self.name = str(config["name"])
        self.version = str(config["version"])

    @property
    def pipeline(self) -> SpacyLanguage:
        """The spaCy pipeline itself; its texts are folded ones with capitals kept."""
        return self._pipeline

    def find(self, texts: Sequence[str]) -> list[list[NamedSpan]]:
        """Find the names in each text, in order of place."""
        folded = [fold(text, keep_case=True) for text in texts]
        return [_spans(doc, one) for doc, one in zip(self.tag([one.text for one in folded]), folded, strict=True)]

    def tag(self, folded: Iterable[str]) -> list[Doc]:
        """Run the network over texts that are folded already."""
        return self.tag_docs([self._pipeline.make_doc(text) for text in folded])

    def tag_docs(self, docs: Sequence[Doc]) -> list[Doc]:
        """Run the network over texts that are cut into tokens already."""
        filled = [doc for doc in docs if len(doc)]
        for _ in self._ner.pipe(iter(filled), batch_size=64):
            pass
        return list(docs)


def _spans(doc: Doc, folded: Folded) -> list[NamedSpan]:
    return [NamedSpan(*folded.to_original(entity.start_char, entity.end_char), entity.label_) for entity in doc.ents]


def new_tokenizer() -> SpacyLanguage:
    """Return the empty pipeline whose tokens everything about names is counted in."""
    pipeline: Any = spacy.blank("xx")
    # Both languages inflect at the end: five letters are nearly a stem, where spaCy's own prefix is one letter.
    getters: dict[int, Callable[[str], str]] = pipeline.vocab.lex_attr_getters
    getters[PREFIX] = _beginning
    getters[SUFFIX] = _ending
    stops = [r"(?<=[A-Za-z]{2})\.", r"(?<=-[A-Za-z])\."]  # a full stop after "BiH" or "NATO-u" is none of the name
    pipeline.tokenizer.suffix_search = compile_suffix_regex([*pipeline.Defaults.suffixes, *stops]).search
    rules = pipeline.tokenizer.rules
    pipeline.tokenizer.rules = {word: rule for word, rule in rules.items() if not (len(word) == 2 and word[1] == ".")}
    made: SpacyLanguage = pipeline
    return made


def _beginning(word: str) -> str:
    return word[:5].lower()


def _ending(word: str) -> str:
    return word[-3:].lower()


def new_pipeline(shape: EntityShape, labels: Mapping[str, Mapping[str, int]]) -> SpacyLanguage:
    """Build the pipeline with fresh weights; `labels` are spaCy's label data."""
    pipeline = new_tokenizer()
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": shape.width,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        "rows": list(shape.rows),
        "include_static_vectors": False,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": shape.width,
        "window_size": 1,
        "maxout_pieces": 3,
        "depth": shape.depth,
    }
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": shape.hidden,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode},
    }
    ner: Any = pipeline.add_pipe("ner", config={"model": model})
    empty = Example(Doc(pipeline.vocab, words=["x"]), Doc(pipeline.vocab, words=["x"]))  # spaCy wants one to know the sizes
    ner.initialize(lambda: [empty], nlp=pipeline, labels={key: dict(value) for key, value in labels.items()})
    return pipeline


def save_pipeline(folder: Path, pipeline: SpacyLanguage, shape: EntityShape, *, name: str, version: str) -> None:
    """Write weights and configuration; spaCy's own folders hold every string of the training text, and with it private names."""
    folder.mkdir(parents=True, exist_ok=True)
    ner: Any = pipeline.get_pipe("ner")
    weights = {key: np.ascontiguousarray(value, dtype=np.float16) for key, value in _parameters(ner)}
    config = {"name": name, "version": version, "format": FORMAT, "shape": asdict(shape), "labels": ner.label_data}
    save_file(weights, folder / _WEIGHTS)
    (folder / _CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_recogniser(folder: Path) -> EntityRecogniser:
    """Load a recogniser from its folder. Raises ModelError in one line where it is broken."""
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        shape = EntityShape(**{**config["shape"], "rows": tuple(config["shape"]["rows"])})
        weights = load_file(folder / _WEIGHTS)
        pipeline = new_pipeline(shape, config["labels"])
        ner = pipeline.get_pipe("ner")
        for key, value in list(_parameters(ner)):
            if weights[key].shape != value.shape:
                raise ValueError(f"{key} has the shape {weights[key].shape}, not {value.shape}")
        _set_parameters(ner, weights)
        return EntityRecogniser(pipeline, config)
    except Exception as error:
        raise ModelError(
            f"Entity model in {folder} cannot be read ({type(error).__name__}: {error}); restore it or train it anew."
        ) from error


def _parameters(ner: Any) -> Iterable[tuple[str, NDArray[np.float32]]]:
    for number, node in enumerate(ner.model.walk()):
        for name in node.param_names:
            if node.has_param(name):
                yield f"{number}.{name}", node.get_param(name)


def _set_parameters(ner: Any, weights: Mapping[str, NDArray[np.float16]]) -> None:
    for number, node in enumerate(ner.model.walk()):
        for name in node.param_names:
            if node.has_param(name):
                node.set_param(name, weights[f"{number}.{name}"].astype(np.float32))
