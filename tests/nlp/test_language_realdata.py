"""Language identification on real articles and comments, where the public sets are at hand (EHO_DATA)."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from nlp.language import identify

DATA = os.environ.get("EHO_DATA")
pytestmark = [pytest.mark.realdata, pytest.mark.skipif(not DATA, reason="EHO_DATA is not set")]


def _codes(name: str, step: int) -> Counter[str]:
    with gzip.open(Path(DATA or "") / "text" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for number, line in enumerate(lines) if number % step == 0]
    return Counter(identify(text).code for text in texts)


@pytest.mark.parametrize(
    ("name", "step", "code", "least"),
    [
        pytest.param("news_sr", 4, "sr-Latn", 0.99, id="news-sr"),
        pytest.param("news_sq", 8, "sq", 0.99, id="news-sq"),
        pytest.param("politika_sr", 1, "sr-Cyrl", 1.0, id="news-sr-Cyrl"),
        pytest.param("comments_sr", 20, "sr-Latn", 0.93, id="comments-sr"),
        pytest.param("wiki_sq", 100, "sq", 0.99, id="wiki-sq"),
    ],
)
def test_share_of_texts_named_rightly(name: str, step: int, code: str, least: float) -> None:
    codes = _codes(name, step)
    assert codes[code] / codes.total() >= least, codes.most_common(5)
