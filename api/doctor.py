"""`eho doctor`: what is installed, reachable and missing, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api.wiring import Parts
from eho.codebook import Codebook
from eho.errors import EhoError, ModelError
from eho.home import Home

_OLDEST_PYTHON = (3, 11)
_LEAST_FREE_GB = 1.0
_INSTALL = "python -m pip install -c constraints.txt ."


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    name: str
    is_ok: bool
    says: str
    remedy: str | None = None


def examine(home: Home) -> list[Finding]:
    """Look at everything; nothing that fails stops the rest."""
    findings = [_python(), *_packages()]
    try:
        parts = Parts(home)
    except EhoError as error:
        return [*findings, Finding("settings", False, str(error), f"edit {home.config}")]
    findings.append(Finding("settings", True, f"{home.config if home.exists() else 'defaults and environment'}"))
    try:
        findings += [_home(home), _codebook(parts), _sources(parts), _store(parts), _model(parts), _index(parts)]
    finally:
        parts.close()
    return findings


def _python() -> Finding:
    is_ok = sys.version_info[:2] >= _OLDEST_PYTHON
    return Finding(
        "python", is_ok, f"{platform.python_version()} on {platform.system()}", None if is_ok else "install Python 3.11"
    )


def _packages() -> Iterator[Finding]:
    try:
        required = importlib.metadata.requires("eho") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("packages", False, "eho itself is not installed", _INSTALL)
        return
    names = [re.split(r"[ <>=!~;\[(]", line, maxsplit=1)[0] for line in required if "extra ==" not in line]
    missing = [name for name in names if not _is_installed(name)]
    says = f"{', '.join(missing)} not installed" if missing else f"{len(names)} of {len(names)} installed"
    yield Finding("packages", not missing, says, _INSTALL if missing else None)


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _home(home: Home) -> Finding:
    if not home.exists():
        return Finding("data folder", False, f"none at {home.path}", "eho init")
    free_gb = shutil.disk_usage(home.path).free / 1e9
    is_ok = free_gb >= _LEAST_FREE_GB
    remedy = None if is_ok else "make room on the disk, or set EHO_HOME to another one"
    return Finding("data folder", is_ok, f"{home.path}, {free_gb:.0f} GB free", remedy)


def _codebook(parts: Parts) -> Finding:
    def look() -> str:
        where = parts.home.codebook if parts.home.codebook.exists() else "bundled"
        is_bundled = parts.codebook.digest == Codebook.load().digest
        return f"{parts.codebook.tag} ({where}{'' if is_bundled else ', changed'}), {len(parts.codebook.narratives)} narratives"

    return _look("codebook", look, "eho codebook validate")


def _sources(parts: Parts) -> Finding:
    def look() -> str:
        sources = parts.sources.values()
        return f"{len(sources)} sources, {sum(source.enabled for source in sources)} enabled"

    return _look("sources", look, f"correct the file in {parts.home.sources}")


def _store(parts: Parts) -> Finding:
    return _look("store", lambda: f"{parts.store().count()} documents", "eho init, or restore a backup")


def _model(parts: Parts) -> Finding:
    def look() -> str:
        card = parts.model_card()
        if card.codebook != parts.codebook.tag:
            raise ModelError(f"{card.name} was trained for codebook {card.codebook}, the folder's is {parts.codebook.tag}")
        parts.pipeline()
        return f"{card.name} {card.version}"

    return _look("model", look, "eho init renews an unchanged codebook; eho models train makes a model for a changed one")


def _index(parts: Parts) -> Finding:
    def look() -> str:
        status = parts.index().status()
        behind = parts.store().sequence() - status.sequence
        return f"{status.documents} documents, {'up to date' if behind <= 0 else f'{behind} changes behind (eho run)'}"

    is_served = parts.settings.index.engine == "elasticsearch"
    return _look(
        "index", look, "eho index build, where the server answers (docs/elasticsearch.md)" if is_served else "eho index build"
    )


def _look(name: str, look: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, True, look())
    except EhoError as error:
        return Finding(name, False, " ".join(str(error).split()), remedy)
