"""The source registry: one YAML file a source, from the data folder and, where they ship, from the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from eho.source import Source, load_sources


def load_registry(home_sources: Path) -> dict[str, Source]:
    """Read all sources by id; a file of the data folder takes the place of a bundled one with its id.

    Raises SourceError with file, field, value and remedy in one line. A folder that does not exist has no sources.
    """
    bundled = Path(str(resources.files("crawlers"))) / "data" / "sources"
    return {**load_sources([bundled]), **load_sources([home_sources])}
