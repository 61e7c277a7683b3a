"""The versions of an index on the server: strictly mapped, numbered, and found through one alias that is switched in one step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from eho.document import to_utc_text
from eho.errors import EngineError
from eho.settings import IndexSettings
from index.elasticsearch.connection import Connection
from index.elasticsearch.mapping import LAYOUT, mappings

_BUILDING = {"number_of_replicas": 0, "refresh_interval": "-1"}  # nobody searches it meanwhile


@dataclass(frozen=True, slots=True)
class Version:
    """One version; `sequence` is the store's number up to which it is complete, `space` its vectors' encoder."""

    name: str
    sequence: int
    created_at: str
    space: str | None = None


class Versions:
    """The versions behind the alias `index.name`. Raises what `Connection.saying` raises."""

    def __init__(self, connection: Connection, settings: IndexSettings) -> None:
        self._connection = connection
        self._settings = settings
        self.alias = settings.name

    def current(self) -> Version:
        """Return the version in use, as it says of itself. Raises EngineError where there is none."""
        with self._connection.saying():
            try:
                found = self._connection.client.indices.get_mapping(
                    index=self.alias, filter_path="*.mappings._meta", allow_no_indices=False
                )
            except Exception as error:
                if getattr(error, "status_code", None) != 404:
                    raise
                raise EngineError(
                    f"There is no search index {self.alias} at {self._connection.where}. Run eho index build."
                ) from None
        if len(found) != 1:
            raise EngineError(
                f"The alias {self.alias} at {self._connection.where} stands for {len(found)} indexes of Eho, not for one. "
                "Run eho index build."
            )
        [(name, row)] = found.body.items()
        return self._version(name, row["mappings"]["_meta"])

    def _version(self, name: str, meta: dict[str, Any]) -> Version:
        if meta.get("layout") != LAYOUT:
            raise EngineError(f"The index {name} has layout {meta.get('layout')}, this eho reads {LAYOUT}. Run eho index build.")
        try:
            return Version(name, int(meta["sequence"]), str(meta["created_at"]), meta.get("space"))
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(
                f"The index {name} is not one of Eho's. Choose another index.name, or run eho index build."
            ) from error

    def create(self, *, sequence: int, space: str | None, width: int | None) -> Version:
        """Make the next version, empty and serving no one; leftovers of builds that broke off go."""
        client = self._connection.client
        with self._connection.saying():
            known = client.indices.get(index=f"{self.alias}-v*", filter_path="*.aliases").body
            for name, row in known.items():
                if self.alias not in row.get("aliases", {}) and self._number(name):
                    self.delete(name)
            name = f"{self.alias}-v{max(map(self._number, known), default=0) + 1:06d}"
            version = Version(name, sequence, to_utc_text(datetime.now(UTC)), space)
            mapping = mappings(width)
            self._put_template(mapping)
            settings = {**self._shape(), **_BUILDING}
            client.indices.create(index=name, mappings={**mapping, "_meta": _meta(version)}, settings=settings)
        return version

    def switch(self, version: Version) -> None:
        """Put a finished version in use in one step, then delete the others."""
        client, settings = self._connection.client, self._settings
        with self._connection.saying():
            wanted = {"number_of_replicas": settings.replicas, "refresh_interval": _interval(settings.refresh_s)}
            if wanted != _BUILDING:
                client.indices.put_settings(index=version.name, settings=wanted)
            known = client.indices.get(index=f"{self.alias}-v*", filter_path="*.aliases").body
            others = [name for name in known if name != version.name and self._number(name)]
            held = [name for name in others if self.alias in known[name].get("aliases", {})]
            actions: list[dict[str, Any]] = [{"add": {"index": version.name, "alias": self.alias}}]
            actions += [{"remove": {"index": name, "alias": self.alias}} for name in held]
            client.indices.update_aliases(actions=actions)
            for name in others:
                self.delete(name)

    def note(self, version: Version) -> None:
        """Write down what a version holds."""
        with self._connection.saying():
            self._connection.client.indices.put_mapping(index=version.name, meta=_meta(version))

    def delete(self, name: str) -> None:
        """Delete a version that serves no one."""
        with self._connection.saying():
            self._connection.client.indices.delete(index=name, ignore_unavailable=True)

    def refresh(self, name: str) -> None:
        """Make what was written visible, all of it at once."""
        with self._connection.saying():
            self._connection.client.indices.refresh(index=name)

    def _put_template(self, mapping: dict[str, Any]) -> None:
        """Map whatever is made under the versions' names; a role without this right does without, for `create` maps too."""
        try:
            self._connection.client.indices.put_index_template(
                name=f"{self.alias}-versions",
                index_patterns=[f"{self.alias}-v*"],
                template={"mappings": mapping, "settings": self._shape()},
                priority=200,  # above templates for everything
            )
        except Exception as error:
            if getattr(error, "status_code", None) != 403:
                raise

    def _shape(self) -> dict[str, Any]:
        return {"number_of_shards": self._settings.shards, "number_of_replicas": self._settings.replicas}

    def _number(self, name: str) -> int:
        match = re.fullmatch(rf"{re.escape(self.alias)}-v(\d{{6}})", name)
        return int(match[1]) if match else 0


def _meta(version: Version) -> dict[str, Any]:
    return {"layout": LAYOUT, "sequence": version.sequence, "created_at": version.created_at, "space": version.space}


def _interval(seconds: float | None) -> str:
    return "-1" if seconds is None else f"{round(seconds * 1000)}ms"
