"""A cache of answers for development, as plain files: Scrapy's own storage pickles, which Eho never reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from scrapy.http import Headers, Request, Response
from scrapy.responsetypes import responsetypes


class FolderStorage:
    """Scrapy's cache storage interface: `<sha256 of method and address>.json` and `.body` below HTTPCACHE_DIR."""

    def __init__(self, settings: Any) -> None:
        self._folder = Path(settings["HTTPCACHE_DIR"])

    def open_spider(self, spider: Any) -> None:
        """Make the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def close_spider(self, spider: Any) -> None:
        """Nothing is held open."""

    def retrieve_response(self, spider: Any, request: Request) -> Response | None:
        """Return a kept answer, or None."""
        stem = self._stem(request)
        try:
            row = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
            body = stem.with_suffix(".body").read_bytes()
        except (OSError, ValueError):
            return None
        headers = Headers()
        for name, value in row["headers"]:
            headers.appendlist(name, value)
        kind: Any = responsetypes.from_args(headers=headers, url=row["url"], body=body)
        kept: Response = kind(url=row["url"], status=row["status"], headers=headers, body=body)
        return kept

    def store_response(self, spider: Any, request: Request, response: Response) -> None:
        """Keep an answer; the row is written last, so that half an answer is none."""
        stem = self._stem(request)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, values in response.headers.items() for value in values
        ]
        stem.with_suffix(".body").write_bytes(response.body)
        part = stem.with_suffix(".part")
        part.write_text(json.dumps({"url": response.url, "status": response.status, "headers": headers}), encoding="utf-8")
        part.replace(stem.with_suffix(".json"))

    def _stem(self, request: Request) -> Path:
        return self._folder / hashlib.sha256(f"{request.method} {request.url}".encode()).hexdigest()
