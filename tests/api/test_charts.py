from __future__ import annotations

import re
from typing import Any

import pytest

from api.charts import COLOURS, MAX_LINES, Row, dots_spec, to_png, to_svg, trend_spec
from api.pages_wording import Wording
from eho.codebook import LANGUAGES, Language


def answer(lines: int = 2, *, gap: bool = True, measure: str = "share") -> dict[str, Any]:
    def point(week: int, line: int) -> dict[str, Any]:
        if gap and week == 2:
            return {
                "start_on": "2026-09-14",
                "count": 0,
                "denominator": 0,
                "share": None,
                "low": None,
                "high": None,
                "flags": ["gap"],
            }
        values = {"count": line + 1, "denominator": 40, "share": (line + 1) / 40, "low": 0.01, "high": 0.3, "flags": []}
        return {"start_on": f"2026-09-{7 * week:02}" if week else "2026-08-31", **values}

    series = [
        {"key": f"k{line}", "narrative": None, "split": f"k{line}", "points": [point(week, line) for week in range(5)]}
        for line in range(lines)
    ]
    return {"query": "", "by": "week", "as": measure, "series": series, "method": {}, "snapshot": "s1"}


def svg_of(data: dict[str, Any], language: Language = "en", *, invented: bool = True) -> str:
    words = Wording(language)
    return to_svg(trend_spec(data, words, title="T", name=lambda key: f"Line {key}", invented=invented), words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_mark_limits_months_and_numbers_stand_inside_the_picture(language: Language) -> None:
    words = Wording(language)
    svg = svg_of(answer(), language)
    assert words("invented_mark") in svg
    assert words("unseen") in svg
    assert words("chart_n", k=12, n=320) in svg  # 1 and 2 of 40, in four weeks each
    assert words("month_9_short") in svg
    assert words("axis_share") in svg
    assert words("invented_mark") not in svg_of(answer(), language, invented=False)


def test_a_strict_policy_has_nothing_to_block() -> None:
    assert not re.search(r"""\sstyle=|<style|<script|\son[a-z]+=|href=["']http""", svg_of(answer()))


def test_a_gap_interrupts_the_line() -> None:
    spec = trend_spec(answer(1), Wording("en"), title="T", name=str, invented=False)
    assert [row["segment"] for row in spec["data"]["values"]] == ["k0-0", "k0-0", "k0-1", "k0-1"]
    assert len({row["start"] for row in spec["data"]["values"]}) == 4


GAP_LAYERS = ("box", "text")


def test_lines_differ_in_colour_dash_and_shape() -> None:
    spec = trend_spec(answer(MAX_LINES + 3), Wording("en"), title="T", name=str, invented=False)
    line, point = (layer["encoding"] for layer in spec["layer"][2 + len(GAP_LAYERS) : 4 + len(GAP_LAYERS)])
    lines = line["color"]["scale"]["domain"]
    assert len(lines) == MAX_LINES  # the rest stands in the table, and the page says so
    for scale in (line["color"]["scale"], line["strokeDash"]["scale"], point["shape"]["scale"]):
        assert len({str(value) for value in scale["range"]}) == len(scale["range"]) == MAX_LINES
    svg = svg_of(answer(MAX_LINES))
    assert all(colour in svg for colour in COLOURS)
    assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', svg))) >= MAX_LINES - 1


def test_counts_are_drawn_as_whole_numbers() -> None:
    svg = svg_of(answer(measure="count"))
    assert Wording("en")("axis_count") in svg
    assert "%<" not in svg


@pytest.mark.parametrize("size", ["large", "small"])
def test_dots_with_intervals(size: Any) -> None:
    rows = [Row(label, group, 0.1, 0.05, 0.2) for label in ("Të kthyerit", "Повратници") for group in ("sq", "sr")]
    words = Wording("sr-Cyrl")
    svg = to_svg(dots_spec(rows, words, title="T", invented=True, size=size), words)
    assert "Të kthyerit" in svg and "Повратници" in svg and words("invented_mark") in svg


def test_the_same_chart_as_a_picture() -> None:
    words = Wording("sq")
    assert to_png(trend_spec(answer(), words, title="T", name=str, invented=True), words).startswith(b"\x89PNG\r\n")


def changed() -> dict[str, Any]:
    """An answer with a break, a masked week, a new level, a burst and corrected shares."""
    data = answer(1)
    points = data["series"][0]["points"]
    points[1]["flags"], points[3]["flags"], points[4]["flags"] = ["version_break"], ["small_n"], ["burst"]
    for point in points:
        point["corrected"] = None if point["share"] is None else {"share": 0.05, "low": 0.02, "high": 0.4}
    data["series"][0]["changes"] = [{"kind": "change_point", "start_on": "2026-09-21"}]
    data["method"] = {
        "breaks": [{"start_on": "2026-09-07", "kind": kind, "before": "1", "after": "2"} for kind in ("model", "codebook")],
        "stances_counted": ["endorse"],
    }
    return data


@pytest.mark.parametrize("language", LANGUAGES)
def test_breaks_gaps_levels_and_numbers_are_drawn_in_words(language: Language) -> None:
    words, svg = Wording(language), svg_of(changed(), language)
    what = f"{words('break_model')}, {words('break_codebook')}"
    for text in (words("chart_break", what=what), words("chart_gap"), words("chart_level"), words("chart_corrected"), "n = 40"):
        assert text in svg, text
    assert words("chart_uncorrected") not in svg


def test_a_break_interrupts_the_line_and_corrected_shares_lead_it() -> None:
    rows = trend_spec(changed(), Wording("en"), title="T", name=str, invented=False)["data"]["values"]
    assert [row["segment"] for row in rows] == ["k0-0", "k0-1", "k0-2", "k0-2"]
    assert {(row["value"], row["high"]) for row in rows} == {(0.05, 0.4)} and rows[0]["raw"] == 1 / 40
    assert [row["small"] for row in rows] == [False, False, True, False] and rows[3]["burst"]


def test_shares_of_tags_say_that_they_are_uncorrected() -> None:
    data = answer(1) | {"method": {"stances_counted": ["endorse"]}}
    assert Wording("en")("chart_uncorrected") in svg_of(data)
    assert Wording("en")("chart_uncorrected") not in svg_of(answer(1))
