"""The concrete objects of one data folder, opened when first needed and shared between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from crawlers.registry import load_registry
from eho.annotation import ModelVersion
from eho.codebook import Codebook
from eho.errors import InputError, ModelError
from eho.home import Home
from eho.settings import IndexSettings, Settings, load_settings
from eho.source import Source

if TYPE_CHECKING:
    from api.snapshots import Snapshots
    from index.protocol import Index
    from index.store import Store
    from index.term_list import TermList
    from index.vocabulary import Vocabulary
    from models.own.library import OwnLibrary
    from models.registry import ModelCard
    from models.sentence.encoder import SentenceEncoder
    from nlp.pipeline import Pipeline

T = TypeVar("T")


class Once(Generic[T]):
    """A value made at the first call, by one thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._value: T | None = None

    def __call__(self) -> T:
        if self._value is None:
            with self._lock:
                if self._value is None:
                    self._value = self._make()
        return self._value

    def peek(self) -> T | None:
        """Return the value where it has been made."""
        return self._value


class LazyEncoder:
    """The index's encoder, loaded when first asked: most commands read the index and encode nothing."""

    def __init__(self, load: Callable[[], SentenceEncoder]) -> None:
        self._loaded: Once[SentenceEncoder] = Once(load)

    @property
    def space(self) -> str:
        return self._loaded().space

    @property
    def width(self) -> int:
        return self._loaded().width

    def encode(self, texts: Sequence[str]) -> Any:
        """Return the vectors of texts; see `models.sentence.encoder`."""
        return self._loaded().encode(texts)


class Parts:
    """What a service is made of. Heavy libraries are imported here, on first use, so that small commands start fast."""

    def __init__(self, home: Home, settings: Settings | None = None) -> None:
        self.home = home
        self.settings = load_settings(home.config) if settings is None else settings
        self.store: Once[Store] = Once(self._open_store)
        self.index: Once[Index] = Once(self._open_index)
        self.encoder = LazyEncoder(self._load_encoder)
        self.snapshots: Once[Snapshots] = Once(self._open_snapshots)
        self.pipeline: Once[Pipeline] = Once(lambda: self.load_pipeline(self.settings.tag.model))

    @cached_property
    def codebook(self) -> Codebook:
        """The data folder's codebook, else the bundled one."""
        return Codebook.load(self.home.codebook if self.home.codebook.exists() else None)

    @property
    def sources(self) -> dict[str, Source]:
        """All sources as their files say now. Raises SourceError for a broken file."""
        return load_registry(self.home.sources)

    @property
    def vocabulary(self) -> Vocabulary:
        """The values that queries may name."""
        from index.vocabulary import Vocabulary

        known = Vocabulary.from_codebook(self.codebook, term_list=self.term_list)
        return known.with_narratives({id: self.own.get(id).titles for id in self.own.ids()})

    def term_list(self) -> TermList:
        """Return the data folder's paired terms, else the bundled ones. Raises InputError for a broken file."""
        from index.term_list import TermList

        return TermList.load(self.home.term_list) if self.home.term_list.exists() else TermList.bundled()

    @property
    def own(self) -> OwnLibrary:
        """The user's own narratives, as their files say now."""
        from models.own.library import OwnLibrary

        return OwnLibrary(self.home.path / "narratives")

    def own_cards(self) -> dict[str, ModelCard]:
        """Return the cards of the trained own narratives by id. Raises ModelError for an id that the codebook took meanwhile."""
        cards = self.own.trained()
        if taken := sorted(cards.keys() & {narrative.id for narrative in self.codebook.narratives}):
            raise ModelError(
                f"Your narrative {taken[0]!r} stands in codebook {self.codebook.tag} too; "
                f"run eho codebook remove {taken[0]} --yes, or add it anew under another id."
            )
        return cards

    @property
    def model_version(self) -> ModelVersion:
        """The model that tags, read off its card; loading its weights is not needed for this."""
        from models.own.library import version_with

        card = self.model_card()
        version = version_with(card.version, {id: own.version for id, own in self.own_cards().items()})
        return ModelVersion(name=card.name, version=version, codebook=self.codebook.tag)

    def model_card(self, name: str | None = None) -> ModelCard:
        """Return the card of a model given by name or folder, by default of the one that tags. Raises ModelError."""
        from models.registry import find_card

        return find_card(name or self.settings.tag.model, [self.home.models])

    def load_pipeline(self, model: str) -> Pipeline:
        """Load a model by name or folder, and the trained own narratives beside it, into a pipeline. Raises ModelError."""
        from models.registry import load_model
        from nlp.pipeline import Pipeline

        loaded = load_model(model, folders=[self.home.models], codebook_tag=self.codebook.tag)
        own = sorted(self.own_cards())
        if own:
            from models.own.combined import CombinedModel

            loaded = CombinedModel(loaded, {id: load_model(str(self.own.model_folder(id))) for id in own})
        languages: dict[str, list[str]] = {}
        if self.home.sources.is_dir():
            languages = {source.id: source.languages for source in self.sources.values()}
        return Pipeline(self.codebook, loaded, languages, own)

    def current_id(self) -> str:
        """Return the id of the snapshot that answers are given over."""
        return self.snapshots().current_id()

    def answered(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer after writing down its snapshot, so that it can be asked for later."""
        self.snapshots().noted(answer["snapshot"])
        return answer

    def require_home(self) -> None:
        """Raise InputError where there is no data folder yet."""
        if not self.home.exists():
            raise InputError(f"There is no data folder at {self.home.path}; run eho init, or set EHO_HOME.")

    def close(self) -> None:
        """Release what was opened."""
        if (snapshots := self.snapshots.peek()) is not None:
            snapshots.close()
        if (index := self.index.peek()) is not None:
            index.close()
        if (store := self.store.peek()) is not None:
            store.close()

    def _open_store(self) -> Store:
        from index.store import Store

        self.require_home()
        return Store.open(self.settings.store.url or f"sqlite:///{self.home.store}")

    def _load_encoder(self) -> SentenceEncoder:
        from models.sentence.loading import load_sentence_encoder

        return load_sentence_encoder(self.settings.index.encoder, folders=[self.home.models])

    def _open_snapshots(self) -> Snapshots:
        from api.snapshots import Snapshots

        return Snapshots(self)

    def _open_index(self) -> Index:
        self.require_home()
        return self.open_index(self.settings.index)

    def open_index(self, settings: IndexSettings) -> Index:
        """Open the index of an engine. Raises EngineError where what it needs is missing."""
        if settings.engine == "elasticsearch":
            from index.elasticsearch import ElasticsearchIndex

            spool = self.home.path / "spool"
            return ElasticsearchIndex(settings, spool=spool, vocabulary=self.vocabulary, embedder=self.encoder)
        from index.embedded import EmbeddedIndex

        return EmbeddedIndex(
            self.home.index,
            vocabulary=self.vocabulary,
            embedder=self.encoder,
            writer_memory_mb=settings.writer_memory_mb,
            lock_wait_s=self.settings.home.lock_wait_s,
        )
