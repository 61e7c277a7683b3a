"""The steps in order: language, passages, sense, narratives, entities; from Documents to AnnotatedDocuments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from eho.annotation import AnnotatedDocument, HarmExposure, Language, ModelVersion, Sense, Tags
from eho.codebook import Codebook
from eho.document import Document
from eho.outcome import Outcome
from models.entities.store import shipped_recogniser
from models.passages import PassageModel, PassagePrediction
from nlp.entities import EntityStep
from nlp.language import TAGGED, identify
from nlp.markers import RegisterMarkers, ReturnHints, harm_exposure
from nlp.narratives import NarrativeStep, document_severity, passage_inputs
from nlp.segmentation import Passage, passages
from nlp.sense import resolve

_BATCH = 32  # documents; the model then sees some hundred passages at once
_LEAST_WORDS = 4
_MOST_PASSAGES = 400  # about 28,000 words; what lies beyond is named in the reason, not dropped in silence


class Pipeline:
    """Tags documents with one codebook and one model; `own` are narratives of the model that stand beside the codebook."""

    def __init__(
        self,
        codebook: Codebook,
        model: PassageModel,
        source_languages: Mapping[str, Sequence[str]] | None = None,
        own: Collection[str] = (),
        entities: EntityStep | None = None,
    ) -> None:
        self._codebook = codebook
        self._model = model
        self._source_languages = source_languages or {}
        self._narratives = NarrativeStep(codebook, model, own)
        self._register = RegisterMarkers(codebook)
        self._hints = ReturnHints(codebook)
        self._entities = EntityStep(shipped_recogniser()) if entities is None else entities

    @property
    def model_version(self) -> ModelVersion:
        """Which model and codebook the tags name."""
        return ModelVersion(name=self._model.name, version=self._model.version, codebook=self._codebook.tag)

    def tag(self, documents: Iterable[Document]) -> Iterator[AnnotatedDocument]:
        """Tag documents in order, a small batch at a time; each ends tagged or abstained with a reason."""
        rest = iter(documents)
        while batch := list(islice(rest, _BATCH)):
            yield from self._tag_batch(batch)

    def _tag_batch(self, batch: Sequence[Document]) -> Iterator[AnnotatedDocument]:
        languages = [self._language(document) for document in batch]
        cut = [passages(document) if language.code in TAGGED else [] for document, language in zip(batch, languages, strict=True)]
        readable = [_readable(pieces)[:_MOST_PASSAGES] for pieces in cut]
        inputs = [
            item for document, pieces in zip(batch, readable, strict=True) for item in passage_inputs(pieces, document.title)
        ]
        predictions = iter(self._model.predict(inputs))
        for document, language, whole, pieces in zip(batch, languages, cut, readable, strict=True):
            yield self._annotate(document, language, whole, pieces, list(islice(predictions, len(pieces))))

    def _language(self, document: Document) -> Language:
        hint = document.lang or next(iter(self._source_languages.get(document.source, ())), None)
        return identify(document.text if len(document.text) > 40 else f"{document.title or ''} {document.text}", hint)

    def _annotate(
        self,
        document: Document,
        language: Language,
        whole: Sequence[Passage],
        pieces: Sequence[Passage],
        predictions: Sequence[PassagePrediction],
    ) -> AnnotatedDocument:
        if language.code not in TAGGED:
            tags = Tags(
                language=language, outcome=Outcome.ABSTAINED, reason=f"language:{language.code}", model=self.model_version
            )
            return AnnotatedDocument(document=document, tags=tags)
        senses = resolve(pieces, predictions, document.title, self._model, self._hints)
        annotations = self._narratives.annotate(document, pieces, predictions, senses.passages)
        about_returnees = senses.document is not None and senses.document.value is Sense.CONFLICT_ZONE
        left = len(_readable(whole)) - len(pieces)
        tags = Tags(
            language=language,
            returnee_sense=senses.document,
            annotations=annotations,
            severity=document_severity(annotations),
            harm_exposure=harm_exposure(document) if about_returnees else HarmExposure.NONE,
            entities=self._entities.find(whole[:_MOST_PASSAGES], language.code, conflict_zone=about_returnees),
            register_markers=self._register.find(document),
            reason=f"passages:{left} left out" if left else None,
            model=self.model_version,
        )
        return AnnotatedDocument(document=document.model_copy(update={"lang": language.code}), tags=tags)


def _readable(pieces: Sequence[Passage]) -> list[Passage]:
    """Return the passages that are long enough to mean something: a headline of one place name says nothing."""
    return [passage for passage in pieces if len(passage.text.split()) >= _LEAST_WORDS]
