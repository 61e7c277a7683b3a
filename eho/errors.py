"""Every error that Eho raises on purpose.

EhoError                  base; its message is one line for a person: what happened, the offending value, what to do
├── InputError            bad argument, file or row given by a user
│   └── QueryError        a query that cannot be read; carries position and hint
├── SettingsError         a setting with a wrong name, type or value
├── CodebookError         an unknown label or a broken codebook file
├── SourceError           an unknown source or a broken source file
├── ModelError            a model that is missing, broken or of another codebook
├── StoreError            the document store cannot be read or written
├── EngineError           the search engine or its index is missing, broken or away
├── SealError             a sealed capture or its key cannot be read
├── HomeBusyError         another process works on the same data folder
└── CrawlError            a crawl that could not start (not a page that failed: that is an Outcome)
"""

from __future__ import annotations


class EhoError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one clear line."""

    code = "error"


class InputError(EhoError):
    """Bad input of a user: an argument, a file, a row."""

    code = "input"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class QueryError(InputError):
    """A query that cannot be read.

    `position` is the 0-based code point in the query at which reading stopped, `hint` what to write instead.
    """

    code = "query_syntax"

    def __init__(self, message: str, *, position: int | None = None, hint: str | None = None, field: str | None = "q") -> None:
        super().__init__(message, field=field)
        self.position = position
        self.hint = hint

    def __str__(self) -> str:
        place = "" if self.position is None else f" at position {self.position + 1}"
        hint = "" if self.hint is None else f" {self.hint}"
        return f"{super().__str__()}{place}.{hint}"


class SettingsError(EhoError):
    """A setting with a wrong name, type or value."""

    code = "settings"


class CodebookError(EhoError):
    """An unknown label, or a codebook file that breaks its schema."""

    code = "codebook"


class SourceError(EhoError):
    """An unknown source, or a source file that breaks its schema."""

    code = "source"


class ModelError(EhoError):
    """A model that is missing, broken, or made for another codebook."""

    code = "model"


class StoreError(EhoError):
    """The document store cannot be read or written."""

    code = "store"


class EngineError(EhoError):
    """The search engine or its index is missing, broken or out of reach."""

    code = "engine"


class SealError(EhoError):
    """A sealed capture, or the key to it, is missing, broken or another one."""

    code = "seal"


class EngineAwayError(EngineError):
    """The search server does not answer; `sequence`: up to which number of the store all is there or waits in the spool."""

    def __init__(self, message: str, *, sequence: int | None = None) -> None:
        super().__init__(message)
        self.sequence = sequence


class HomeBusyError(EhoError):
    """Another process holds the data folder's lock."""

    code = "home_busy"


class CrawlError(EhoError):
    """A crawl that could not start; a page that fails ends as an Outcome instead."""

    code = "crawl"
