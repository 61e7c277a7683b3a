"""Options that take one of a few words: the same check and the same line for all that call the service."""

from __future__ import annotations

from typing import Any

from eho.errors import InputError


def choice(name: str, value: str, choices: tuple[str, ...]) -> Any:
    """Return the value. Raises InputError where it is none of the choices."""
    if value not in choices:
        raise InputError(f"{name} is {value!r}; use one of {', '.join(choices)}.", field=name)
    return value
