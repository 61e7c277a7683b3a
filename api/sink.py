"""Where fetched and imported documents go: masked first, then into the store, with an outcome for every address."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping

from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from index.store import Store

_REMEMBERED = 10_000  # documents of this run whose address was masked: later records may still name it


class StoreSink:
    """The crawler's DocumentSink over the store; nothing that masking removes reaches the disk through it.

    An address that names somebody is stored masked. `address_key` lets it be known again: the store keeps a keyed digest
    (HMAC-SHA256) of it beside the document, from which nobody without the key reads a name.
    """

    def __init__(self, store: Store, address_key: bytes | None = None) -> None:
        self._store = store
        self._address_key = address_key
        self._hidden: OrderedDict[str, Mapping[str, str]] = OrderedDict()  # document id -> words that its addresses may not show

    def put(self, document: Document) -> Outcome:
        """Mask and store one document; durable when it returns."""
        from nlp.masking import shipped_masker  # it loads the recogniser of names, which commands that store nothing do without

        masked, hidden = shipped_masker().mask_with_words(document)
        outcome = self._store.put(masked)
        real = _addresses(document) - _addresses(masked)
        if real:
            self._remember(document.id, hidden)
            self._store.put_addresses({self._digest(url): document.id for url in real if self._address_key is not None})
        return outcome

    def record(self, record: OutcomeRecord) -> None:
        """Keep what became of one address."""
        hidden = self._hidden.get(record.document_id or "")
        if hidden:
            from nlp.masked_urls import mask_url

            if record.url and self._address_key is not None:
                self._store.put_addresses({self._digest(record.url): record.document_id or ""})
            words = [mask_url(word, hidden) if "://" in word else word for word in (record.reason or "").split(" ")]
            url = mask_url(record.url, hidden) if record.url else None
            record = record.model_copy(update={"url": url, "reason": " ".join(words) if record.reason else None})
        self._store.record(record)

    def is_known(self, url: str) -> bool:
        """Tell whether the address ended in a document in an earlier run."""
        if self._store.is_known_url(url):
            return True
        return self._address_key is not None and self._store.is_known_url(self._digest(url))

    def _remember(self, document_id: str, hidden: Mapping[str, str]) -> None:
        self._hidden[document_id] = hidden
        if len(self._hidden) > _REMEMBERED:
            self._hidden.popitem(last=False)

    def _digest(self, url: str) -> str:
        return "hmac:" + hmac.new(self._address_key or b"", url.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _addresses(document: Document) -> set[str]:
    kept = document.provenance
    return {url for url in (document.url, document.canonical_url, kept.requested_url, kept.final_url) if url}
