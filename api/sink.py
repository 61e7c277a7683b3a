"""Where fetched and imported documents go: masked first, then into the store, with an outcome for every address."""

from __future__ import annotations

from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from index.store import Store


class StoreSink:
    """The crawler's DocumentSink over the store; nothing that masking removes reaches the disk through it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, document: Document) -> Outcome:
        """Mask and store one document; durable when it returns."""
        from nlp.masking import mask  # it loads the recogniser of names, which commands that store nothing do without

        return self._store.put(mask(document))

    def record(self, record: OutcomeRecord) -> None:
        """Keep what became of one address."""
        self._store.record(record)

    def is_known(self, url: str) -> bool:
        """Tell whether the address ended in a document in an earlier run."""
        return self._store.is_known_url(url)
