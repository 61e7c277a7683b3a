"""The files that `eho init` puts into a data folder: settings to edit, a folder for sources, and the codebook."""

from __future__ import annotations

import hashlib
import json
import re
from importlib import resources
from pathlib import Path

import yaml

from eho.folding import fold_text
from eho.home import Home
from eho.settings import list_settings
from eho.source import Source
from index.term_list import bundled_text

_HEADER = "# Copied by eho init; edit freely. sha256 of the rest as copied: "


def make_home(home: Home) -> list[str]:
    """Make what is missing, keep what a person changed; return a line for each thing made or renewed.

    A codebook or term list that nobody changed since it was copied follows the bundled one, so that models keep matching it.
    """
    made = []
    home.path.mkdir(parents=True, exist_ok=True)
    for folder in (home.sources, home.models):
        if not folder.is_dir():
            folder.mkdir()
            made.append(f"made {folder}")
    if not home.config.exists():
        _write(home.config, _config_text())
        made.append(f"wrote {home.config}")
    codebook = (resources.files("eho") / "data" / "codebook.yaml").read_text(encoding="utf-8")
    return [*made, *_copy(codebook, home.codebook), *_copy(bundled_text(), home.term_list)]


def _copy(bundled: str, path: Path) -> list[str]:
    before = path.read_text(encoding="utf-8") if path.exists() else None
    wanted = _HEADER + _sha256(bundled) + "\n" + bundled
    if before is not None and (before == wanted or not _is_as_copied(before)):
        return []
    _write(path, wanted)
    return [f"{'wrote' if before is None else 'renewed'} {path}"]


def write_source(folder: Path, source: Source) -> Path:
    """Write a source's YAML file; facts that nobody knows stay null."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source.id}.yaml"
    _write(path, yaml.safe_dump(source.model_dump(mode="json"), allow_unicode=True, sort_keys=False))
    return path


def source_id(name: str) -> str:
    """Return the id of a source that is known by a name only: `Gazeta Shqip` becomes `gazeta-shqip`; an id stays as it is."""
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        return name
    slug = re.sub(r"[^a-z0-9._]+", "-", fold_text(name)).strip("-._")
    return slug or "source-" + _sha256(name)[:12]


def _config_text() -> str:
    lines = [
        "# Settings of this data folder. Remove the # in front of a name to change it; `eho settings` lists what holds and why.",
        "# Each can also be set by a variable: crawl.delay_s by EHO_CRAWL__DELAY_S.",
    ]
    section = ""
    for row in list_settings(environ={}):
        head, _, name = row.name.partition(".")
        if head != section:
            section = head
            lines += ["", f"[{section}]"]
        value = "… (not set)" if row.default is None else json.dumps(row.default, ensure_ascii=False)
        lines += [f"# {row.help}", f"# {name} = {value}"]
    return "\n".join(lines) + "\n"


def _is_as_copied(text: str) -> bool:
    header, _, rest = text.partition("\n")
    return header == _HEADER + _sha256(rest)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
