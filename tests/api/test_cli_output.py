"""What is printed: CSV without formulas, tables without control characters, UTF-8 whatever the locale."""

from __future__ import annotations

import csv
import io
import json

import pytest

from api.output import harmless_text, print_table, progress, to_csv, to_json_line


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+383 44", "'+383 44"),
        ("-povratnik", "'-povratnik"),
        ("@handle", "'@handle"),
        ("  =1+1", "'  =1+1"),
        ("\t=1+1", "'\t=1+1"),
        ("Çështja – të kthyerit", "Çështja – të kthyerit"),
        ("човек", "човек"),
        (-3, "-3"),
        (0.5, "0.5"),
        (None, ""),
        (True, "yes"),
        (["=a", "b"], "'=a; b"),
        ({"a": "ë"}, '{"a": "ë"}'),
    ],
    ids=str,
)
def test_cells_do_no_harm(cell: object, expected: str) -> None:
    text = to_csv([{"cell": cell}], ["cell"], query="q", snapshot="s1")
    assert list(csv.reader(io.StringIO(text.split("\r\n", 2)[2])))[1:] == ([[expected]] if expected else [[]]) or expected == ""


def test_csv_has_bom_two_comment_lines_and_a_header() -> None:
    text = to_csv([{"a": 1, "b": "x,y"}], ["a", "b"], query="povratnik*\nnew line", snapshot="s7-m@1-c")
    assert text == '\ufeff# query: povratnik* new line\r\n# snapshot: s7-m@1-c\r\na,b\r\n1,"x,y"\r\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_a_query_cannot_hide_a_formula_behind_a_delimiter(delimiter: str) -> None:
    comment = to_csv([], ["a"], query=f'x{delimiter} "=cmd|1', snapshot="").splitlines()[0]
    assert not any(cell.lstrip(' "').startswith("=") for cell in comment.split(delimiter))


@pytest.mark.parametrize("text", ["Šiptar ≠ shqiptar", "Ћирилица", "a\ud800b", "\u2028"], ids=ascii)
def test_a_json_line_is_one_line_of_utf8_and_reads_back(text: str) -> None:
    line = to_json_line({"text": text})
    assert "\n" not in line
    assert json.loads(line.encode("utf-8")) == {"text": text}


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json_line(float("nan"))


def test_a_headline_cannot_rewrite_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"title": "\x1b[2J[red]boo[/red]\u202eevil"}], ["title"])
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out
    assert "[red]boo[/red]" in out
    assert harmless_text("a\tb\nc") == "a\tb\nc"


def test_a_table_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    long = "fjalë " * 100
    print_table([{"text": long, "n": 1 / 3}], ["text", "n"])
    out = capsys.readouterr().out
    assert out.count("fjalë") == 100
    assert "0.3333" in out and "0.33333" not in out


def test_no_progress_bar_off_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with progress() as show:
        show("crawl", 1, 2)
    assert capfd.readouterr() == ("", "")
