"""Rows of a small corpus, written out to a folder with its splits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

TEXTS = {
    "sq": "Në Prizren thonë se të kthyerit nga Siria janë rrezik për të gjithë, ndonëse askush s'i ka parë.",
    "sr-Latn": "U Novom Pazaru pričaju da su povratnici iz Sirije opasni po sve, iako ih niko nije video.",
    "sr-Cyrl": "У Бујановцу причају да су повратници из Сирије опасни по све, иако их нико није видео.",
    "ascii": "Ne Gjakove flitet se te kthyerit nga Siria jane rrezik per te gjithe, edhe pse askush si ka pare.",
}
EVIDENCE = {
    "sq": "të kthyerit nga Siria janë rrezik",
    "sr-Latn": "su povratnici iz Sirije opasni",
    "sr-Cyrl": "су повратници из Сирије опасни",
    "ascii": "te kthyerit nga Siria jane rrezik",
}


def annotation(quote: str, **changed: Any) -> Row:
    """Return one annotation of a returnee narrative."""
    return {
        "narrative": "returnee_security_threat",
        "stance": "endorse",
        "speaker": "outlet_body",
        "attribution": "none",
        "target_groups": ["returnee_families"],
        "severity": 2,
        "in_quote": False,
        "evidence": [quote],
        **changed,
    }


def row(kind: str = "sq", number: int = 1, batch: str = "b01", **changed: Any) -> Row:
    """Return one labelled row with its spans in place."""
    text, evidence = TEXTS[kind], EVIDENCE[kind]
    start = text.index(evidence)
    whole: Row = {
        "id": f"{batch}-{number:03}",
        "batch": batch,
        "lang": "sq" if kind == "ascii" else kind,
        "variety": "ekavian" if kind.startswith("sr") else "standard",
        "voice": "news",
        "title": None,
        "text": text,
        "returnee_sense": "conflict_zone",
        "annotations": [annotation(evidence, spans=[{"start": start, "end": start + len(evidence)}])],
        "severity": 2,
        "trap": None,
        "synthetic": True,
    }
    return whole | changed


def plain(text: str, number: int, batch: str = "b01", **changed: Any) -> Row:
    """Return one row without a label."""
    return row("sq", number, batch, text=text, annotations=[], severity=0, returnee_sense=None, **changed)


def write(path: Path, rows: Iterable[Row | str]) -> Path:
    """Write rows as JSON lines; a string is a line as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    return path
