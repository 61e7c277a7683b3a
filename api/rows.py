"""One line of JSON that a person hands over: read strictly, or said in words what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from eho.errors import InputError

Row = Mapping[str, Any]


def read_row(line: bytes, number: int) -> Row | InputError:
    """Read one JSON line; a BOM before the first is no fault. Returns the error, for it stands in the line's place."""
    place = f"line {number}"
    try:
        row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_refuse)
        if b"\\ud" in line.lower():  # the only way in for half a surrogate pair, which no UTF-8 file can hold
            json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        return InputError(f"{place} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8.")
    except UnicodeEncodeError:
        return InputError(f"{place} holds half of a surrogate pair, as a cut emoji leaves it; export the text anew.")
    except RecursionError:
        return InputError(f"{place} is nested too deeply.")
    except ValueError as error:
        return InputError(f"{place} is no JSON: {error}.")
    if not isinstance(row, dict):
        return InputError(f'{place} is {type(row).__name__}, not a JSON object such as {{"id": "1", "text": "…"}}.')
    return row


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")
