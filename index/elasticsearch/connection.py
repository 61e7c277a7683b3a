"""The way to the search server: address, keys, certificates, retries, and its errors as one line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eho.errors import EhoError, EngineAwayError, EngineError, QueryError
from eho.settings import IndexSettings

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

OVERLOADED = (429, 502, 503, 504)

_RETRIES = 5


class GoneError(EngineError):
    """An index that a build replaced meanwhile: whoever asked looks up the present one and asks again."""


class Connection:
    """One client, made when first used, for any number of threads."""

    def __init__(self, settings: IndexSettings) -> None:
        if not settings.url:
            raise EngineError("Setting index.url is missing; give the search server's address, such as https://search.test:9200.")
        self.addresses = [address.strip() for address in settings.url.split(",") if address.strip()]
        self._settings = settings
        self._client: Elasticsearch | None = None

    @property
    def client(self) -> Elasticsearch:
        """Return the client. Raises EngineError where its package is missing or an address is none."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def where(self) -> str:
        """The addresses, for messages."""
        return ", ".join(self.addresses)

    def _connect(self) -> Elasticsearch:
        try:
            from elasticsearch import Elasticsearch
        except ImportError:
            raise EngineError(
                "The Elasticsearch client is not installed. Run python -m pip install -c constraints.txt '.[scale]'."
            ) from None
        settings, options = self._settings, dict[str, Any]()
        if settings.api_key is not None:
            options["api_key"] = settings.api_key.get_secret_value()
        elif settings.user is not None:
            password = "" if settings.password is None else settings.password.get_secret_value()
            options["basic_auth"] = (settings.user, password)
        if settings.ca_fingerprint:
            options["ssl_assert_fingerprint"] = settings.ca_fingerprint
        try:
            return Elasticsearch(
                self.addresses,
                request_timeout=settings.timeout_s,
                max_retries=_RETRIES,
                retry_on_timeout=True,
                retry_on_status=OVERLOADED,
                **options,
            )
        except ValueError as error:
            raise EngineError(
                f"Setting index.url is {settings.url!r}: {error}. Write it as https://search.test:9200, with the port."
            ) from error

    @contextmanager
    def saying(self) -> Iterator[None]:
        """Turn what the client raises into one line. Raises EngineAwayError, GoneError, QueryError, EngineError."""
        from elastic_transport import TransportError
        from elasticsearch import ApiError

        try:
            yield
        except EhoError:
            raise
        except TransportError as error:
            raise self._away(error) from error
        except ApiError as error:
            raise self._refused(error) from error

    def _away(self, error: Exception) -> EngineError:
        from elastic_transport import ConnectionTimeout, TlsError

        if isinstance(error, TlsError):
            return EngineAwayError(
                f"The certificate of the search server at {self.where} is not trusted; "
                "set index.ca_fingerprint to the SHA-256 fingerprint of its authority."
            )
        what = (
            f"did not answer within {self._settings.timeout_s:g} s" if isinstance(error, ConnectionTimeout) else "does not answer"
        )
        return EngineAwayError(f"The search server at {self.where} {what}. Start it, or correct index.url; then try again.")

    def _refused(self, error: Any) -> EhoError:
        said, status = _reason(error), int(error.status_code)
        if "maxClauseCount" in said or "too_many" in said:
            hint = "Write more letters beside the *."
            return QueryError("A * inside a phrase stands for more words than can be searched", hint=hint)
        if status in (401, 403):
            return EngineAwayError(
                f"The search server at {self.where} refuses us ({status}): {said}. "
                "Correct index.api_key, or index.user and index.password, and the rights of its role (docs/elasticsearch.md)."
            )
        if status == 404:
            return GoneError(f"The search server at {self.where} has no such index: {said}. Run eho index build.")
        if status in OVERLOADED or status >= 500:
            return EngineAwayError(
                f"The search server at {self.where} cannot answer now ({status}): {said}. Look at its health; then try again."
            )
        return EngineError(f"The search server at {self.where} refused the request ({status}): {said}.")


def _reason(error: Any) -> str:
    """Return the innermost reason, in one line."""
    body = error.body if isinstance(error.body, dict) else {}
    found = body.get("error", body)
    causes = found.get("root_cause") if isinstance(found, dict) else None
    if causes:
        found = causes[0]
    said = (
        str(found.get("reason") or found.get("type") or error.message) if isinstance(found, dict) else str(found or error.message)
    )
    return " ".join(said.split())[:200]
