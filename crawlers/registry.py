"""The source registry: one YAML file a source, from the data folder and, where they ship, from the package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from eho.source import Source, load_sources


def bundled_folder() -> Path:
    """Return the folder of the files that ship with Eho."""
    return Path(str(resources.files("crawlers"))) / "data" / "sources"


@cache
def bundled_sources() -> Mapping[str, Source]:
    """Return the sources that ship with Eho, all of them disabled, by id; their files are read once."""
    return load_sources([bundled_folder()])


def load_registry(home_sources: Path) -> dict[str, Source]:
    """Read all sources by id; a file of the data folder takes the place of a bundled one with its id.

    A data folder of invented outlets has these only, so that nothing compares them with real ones. Raises SourceError
    with file, field, value and remedy in one line. A folder that does not exist has no sources.
    """
    own = load_sources([home_sources])
    if any(source.invented for source in own.values()):
        return own
    return {**bundled_sources(), **own}
