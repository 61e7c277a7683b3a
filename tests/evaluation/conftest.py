"""A small labelled corpus in a folder of its own, and the shipped model with a cache that lives as long as the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eho.codebook import Codebook
from eho.home import Home
from evaluation.predictions import Tagger

_TEXTS: tuple[tuple[str, str, str | None, str | None, str | None], ...] = (
    ("sq", "Të kthyerit nga Siria janë bombë me sahat për vendin tonë.", "returnee_security_threat", "conflict_zone", None),
    ("sq", "Fëmijët e kthyer nga kampet e Sirisë janë viktima dhe kanë të drejtë për shkollë.", "child_rights_victims_first", "conflict_zone", None),
    ("sq", "Kuvendi miratoi buxhetin për vitin e ardhshëm me shumicë votash.", None, None, "everyday_news"),
    ("sq", "Serbët dhe shqiptarët e fshatit pastruan bashkë lumin të shtunën.", "interethnic_solidarity", None, None),
    ("sq", "Një serb nga Graçanica hapi dyqan buke në qytet.", None, None, "neutral_identity"),
    ("sr-Latn", "Povratnici iz Sirije su tempirana bomba i država ćuti.", "returnee_security_threat", "conflict_zone", None),
    ("sr-Latn", "Neka ostanu tamo u Siriji, ovde im nije mesto.", "returnee_rejection", "conflict_zone", None),
    ("sr-Latn", "Opština je popravila put do škole i doma zdravlja.", None, None, "everyday_news"),
    ("sr-Cyrl", "Албанци су дошли да нас замене у нашој земљи, то је план.", "demographic_replacement", None, None),
    ("sr-Cyrl", "Албанац из Прешева победио је на такмичењу из математике.", None, None, "positive_identity"),
)  # fmt: skip


def corpus_rows() -> list[dict[str, Any]]:
    """Return forty rows in four batches; each batch words the passages a little differently."""
    rows = []
    for batch, ending in enumerate(("", " Kështu thuhet sot.", " Ashtu ishte dje.", " Po."), 1):
        for number, (lang, text, narrative, sense, trap) in enumerate(_TEXTS, 1):
            whole = text + (ending if lang == "sq" else "")
            carried = narrative is not None
            annotation = {
                "narrative": narrative,
                "stance": "endorse",
                "speaker": "outlet_body",
                "attribution": "none",
                "target_groups": ["serbs"] if lang == "sq" else ["albanians"],
                "severity": 0 if narrative in ("child_rights_victims_first", "interethnic_solidarity") else 2,
                "in_quote": False,
                "evidence": [text.rstrip(".")],
            }
            rows.append(
                {
                    "id": f"b0{batch}-{number:03}",
                    "batch": f"b0{batch}",
                    "lang": lang,
                    "variety": "standard" if lang == "sq" else "ekavian",
                    "voice": "comment" if number % 2 else "news",
                    "title": None,
                    "text": whole,
                    "returnee_sense": sense,
                    "annotations": [annotation] if carried else [],
                    "severity": annotation["severity"] if carried else 0,
                    "trap": trap,
                    "synthetic": True,
                }
            )
    return rows


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write JSON lines, folders made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    return Codebook.load()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def tagger(codebook: Codebook, home: Home) -> Tagger:
    return Tagger("baseline", codebook, home)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder as `evaluation` in a checkout, with a development split of forty rows."""
    rows = corpus_rows()
    for batch in sorted({row["batch"] for row in rows}):
        write_jsonl(tmp_path / "corpus" / "dev" / f"{batch}.jsonl", [row for row in rows if row["batch"] == batch])
    return tmp_path
