"""What the whole pipeline says of documents: tags as readers get them, and the model's numbers behind them; cached."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from eho.annotation import AnnotatedDocument, Annotation
from eho.codebook import Codebook
from eho.document import Document
from eho.errors import ModelError
from eho.home import Home
from eho.outcome import Outcome
from models.passages import PassageInput, PassageModel, PassagePrediction, Thresholds
from models.registry import find_card, load_model
from nlp.pipeline import Pipeline
from nlp.segmentation import passages

Say = Callable[[str, int, int], None]  # what, done, total
_CHUNK = 128
_TAGGING_CODE = ("eho", "nlp", "models")


@dataclass(frozen=True, slots=True)
class PredictedTag:
    """One annotation of a document; `shown` is false for what waits for review."""

    narrative: str
    stance: str
    score: float
    shown: bool
    field: str
    spans: tuple[tuple[int, int], ...]
    severity: int
    target_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassageScores:
    """The model's probabilities for one passage, before the pipeline's rules."""

    field: str
    start: int
    end: int
    narratives: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Prediction:
    """All that was said of one document."""

    id: str
    language: str
    abstained: bool
    sense: str | None
    severity: int
    tags: tuple[PredictedTag, ...]
    passages: tuple[PassageScores, ...] = field(default=())

    def score(self, narrative: str, fields: Sequence[str] = ("text",)) -> float:
        """Return the model's probability that a narrative is present: the highest over the passages of some fields."""
        found = (one.narratives.get(narrative, 0.0) for one in self.passages if one.field in fields)
        return max(found, default=0.0)


class Recorder:
    """A passage model that keeps what the one inside answered, so that the pipeline is asked once only."""

    def __init__(self, model: PassageModel) -> None:
        self._model = model
        self.answers: deque[tuple[str, PassagePrediction]] = deque()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def version(self) -> str:
        return self._model.version

    @property
    def codebook(self) -> str:
        return self._model.codebook

    @property
    def calibrated(self) -> bool:
        return self._model.calibrated

    def thresholds(self, narrative: str) -> Thresholds:
        """Return the thresholds of the model inside."""
        return self._model.thresholds(narrative)

    def predict(self, passages: Sequence[PassageInput]) -> list[PassagePrediction]:
        """Answer as the model inside does, and keep the answers."""
        answers = self._model.predict(passages)
        self.answers.extend((passage.text, answer) for passage, answer in zip(passages, answers, strict=True))
        return answers

    def predict_sense(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Answer as the model inside does."""
        return self._model.predict_sense(texts)


class Tagger:
    """One model with its pipeline, and the cache of what it said under `home/evaluation`."""

    def __init__(self, name: str, codebook: Codebook, home: Home, *, use_cache: bool = True) -> None:
        folders = [home.models]
        self.card = find_card(name, folders)
        self.codebook = codebook
        self.model = Recorder(load_model(name, folders=folders, codebook_tag=codebook.tag))
        self._pipeline = Pipeline(codebook, self.model)
        self._cache = home.path / "evaluation" / "predictions" if use_cache else None

    @property
    def digest(self) -> str:
        """Return the sha256 (hex) of weights, codebook and the code that tags."""
        key = json.dumps([self.card.name, sorted(self.card.digests.items()), self.codebook.tag, _code_digest()])
        return hashlib.sha256(key.encode()).hexdigest()

    def predict(
        self, documents: Sequence[Document], *, what: str = "tagging", say: Say | None = None, with_scores: bool = True
    ) -> list[Prediction]:
        """Tag documents, in order; from the cache where the same ones were tagged by the same model and code.

        `with_scores=False` leaves out the passages' probabilities, which for whole news collections are many.
        """
        path = None if self._cache is None else self._cache / f"{self._key(documents, with_scores)}.jsonl"
        if path is not None and path.is_file():
            return [_from_row(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        found = list(self.iterate(documents, what=what, total=len(documents), say=say, with_scores=with_scores))
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".part")
            partial.write_text("".join(_to_line(row) for row in found), encoding="utf-8")
            partial.replace(path)
        return found

    def iterate(
        self,
        documents: Iterable[Document],
        *,
        what: str = "tagging",
        total: int = 0,
        say: Say | None = None,
        with_scores: bool = True,
    ) -> Iterator[Prediction]:
        """Tag documents one chunk after the other, past the cache."""
        rest, done = iter(documents), 0
        while chunk := list(islice(rest, _CHUNK)):
            self.model.answers.clear()
            tagged = list(self._pipeline.tag(chunk))
            yield from (_prediction(item, self.model.answers if with_scores else deque()) for item in tagged)
            done += len(chunk)
            if say is not None:
                say(what, done, total)

    def _key(self, documents: Sequence[Document], with_scores: bool) -> str:
        whole = hashlib.sha256(f"{self.digest} {with_scores}".encode())
        for one in documents:
            whole.update(json.dumps([one.id, one.kind, one.lang, one.title, one.lead, one.text]).encode())
        return whole.hexdigest()


@lru_cache(maxsize=1)
def _code_digest() -> str:
    """Return a digest of the packages that take part in tagging, and of this module: other code may tag otherwise."""
    whole = hashlib.sha256(Path(__file__).read_bytes())
    for package in _TAGGING_CODE:
        root = Path(str(files(package)))
        for path in sorted((*root.rglob("*.py"), *root.rglob("*.yaml"))):
            whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def _prediction(item: AnnotatedDocument, answers: deque[tuple[str, PassagePrediction]]) -> Prediction:
    """Join a document's tags with the answers to its passages; the pipeline asks for them in this very order."""
    document, tags = item.document, item.tags
    if tags is None:
        raise ModelError(f"Document {document.id!r} came back without tags; report this with the model's name.")
    abstained = tags.outcome is Outcome.ABSTAINED
    scores: list[PassageScores] = []
    for passage in () if abstained else passages(document):
        if not answers or answers[0][0] != passage.text:  # too short, or beyond the pipeline's limit: never asked
            continue
        kept = {key: round(value, 5) for key, value in answers.popleft()[1].narratives.items()}
        scores.append(PassageScores(passage.field, passage.start, passage.end, kept))
    return Prediction(
        id=document.id,
        language=tags.language.code,
        abstained=abstained,
        sense=tags.returnee_sense.value.value if tags.returnee_sense else None,
        severity=tags.severity,
        tags=tuple(_to_tag(annotation) for annotation in tags.annotations),
        passages=tuple(scores),
    )


def _to_tag(annotation: Annotation) -> PredictedTag:
    return PredictedTag(
        narrative=annotation.narrative,
        stance=annotation.stance.value,
        score=annotation.score,
        shown=not annotation.needs_review,
        field=annotation.spans[0].field,
        spans=tuple((span.start, span.end) for span in annotation.spans),
        severity=annotation.severity,
        target_groups=annotation.target_groups,
    )


def _to_line(row: Prediction) -> str:
    return json.dumps(asdict(row), ensure_ascii=False, separators=(",", ":")) + "\n"


def _from_row(row: dict[str, Any]) -> Prediction:
    tags = tuple(
        PredictedTag(
            **{
                **tag,
                "spans": tuple((span[0], span[1]) for span in tag["spans"]),
                "target_groups": tuple(tag["target_groups"]),
            }
        )
        for tag in row["tags"]
    )
    return Prediction(**{**row, "tags": tags, "passages": tuple(PassageScores(**one) for one in row["passages"])})
