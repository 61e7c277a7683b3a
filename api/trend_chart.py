"""The chart of a trend answer, the same for page, report and picture: names, title and specification from the answer itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.charts import Size, to_png, to_svg, trend_spec
from api.output import to_json_line
from api.pages_codebook import Names
from api.pages_trend import line_names, stances_line
from api.pages_wording import Wording
from eho.codebook import LANGUAGES, Language
from eho.errors import InputError

if TYPE_CHECKING:
    from api.service import Service

FORMS = (".svg", ".png", ".json")


def names_of(service: Service, answer: Mapping[str, Any], words: Wording, split: str | None) -> tuple[Callable[[str], str], str]:
    """Return how each line is called, and the chart's title."""
    names = Names(service.codebook, words)
    asked = list(dict.fromkeys(one["narrative"] for one in answer["series"] if one["narrative"]))
    parts = [names("narrative", asked[0])] if len(asked) == 1 else []
    if answer["query"]:
        parts.append(words("quoted", text=answer["query"]))
    title = ", ".join(parts) or words("all_documents" if not asked else "nav_trends")
    source_names = {source["id"]: source["name"] for source in service.sources()}
    return line_names(answer, names, words, source_names, split=split or "none", whole=title), title


def spec_of(
    service: Service, answer: Mapping[str, Any], words: Wording, *, split: str | None, size: Size = "large"
) -> dict[str, Any]:
    """Return the Vega-Lite specification of an answer."""
    name, title = names_of(service, answer, words, split)
    note = stances_line(answer, Names(service.codebook, words), words)
    return trend_spec(answer, words, title=title, name=name, invented=service.has_invented_sources, note=note, size=size)


def draw(service: Service, answer: Mapping[str, Any], out: Path, *, language: str, split: str | None) -> None:
    """Write the chart as SVG, PNG or Vega-Lite. Raises InputError for a name that says none of them, or nothing to draw."""
    check_form(out)
    if not answer["series"]:
        raise InputError(f"No dated document fits, so there is nothing to draw into {out}.", field="out")
    words = Wording(_language(language))
    spec = spec_of(service, answer, words, split=split)
    form = out.suffix.lower()
    content = to_png(spec, words) if form == ".png" else (to_svg(spec, words) if form == ".svg" else to_json_line(spec)).encode()
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}. Choose another place.", field="out") from error


def check_form(out: Path) -> None:
    """Raise InputError for a file that is no chart."""
    if out.suffix.lower() not in FORMS:
        raise InputError(f"--out is {str(out)!r}; give a file that ends in {', '.join(FORMS)}.", field="out")


def _language(text: str) -> Language:
    for language in LANGUAGES:
        if language == text:
            return language
    raise InputError(f"language is {text!r}; use one of {', '.join(LANGUAGES)}.", field="language")
