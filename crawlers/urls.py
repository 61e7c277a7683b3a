"""Addresses: one canonical spelling for every spelling of a page's address, and whose host an address names."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from eho.errors import InputError

_TRACKING = re.compile(
    r"(?:utm_\w*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_ga|_gl"
    r"|ns_\w+|cmpid|ncid|spref|__twitter_impression|at_medium|at_campaign|share_id|_hsenc|_hsmi)",
    re.IGNORECASE,
)
_AMP_PARAMETERS = {("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp"), ("m", "1"), ("mobile", "1")}
_AMP_PATH = re.compile(r"/amp(?:/|\.html)?$|(?<=[^/])\.amp(?=\.html?$|$)", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_TWIN_HOST = re.compile(r"^(?:m|mobile|amp|wap)\.(?=[^.]+\.[^.]+)")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=8192)  # asked for a page three times: when listed, when fetched, as the page's own canonical link
def canonical_url(url: str) -> str:
    """Return the address without what does not tell pages apart.

    Dropped: fragment, tracking parameters, AMP and mobile twins, default port, trailing index file; the query is sorted,
    the host is lower-case ASCII (IDNA). Scheme, `www.` and trailing slashes stay: some sites tell pages apart by them,
    and a redirect or `rel=canonical` settles the rest. Raises InputError for what is no http(s) address.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is no address: {error}.", field="url") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        raise InputError(f"{url!r} is no http(s) address.", field="url")
    netloc = _TWIN_HOST.sub("", _ascii_host(host))
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    path = re.sub(r"/{2,}", "/", parts.path)
    path = _INDEX.sub("/", _AMP_PATH.sub("", path)) or "/"
    return str(canonicalize_url(urlunsplit((scheme, netloc, path, _clean_query(parts.query), ""))))


def host_of(url: str) -> str:
    """Return the lower-case host of an address, or an empty string where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def same_site(first: str, second: str) -> bool:
    """Tell whether two addresses belong to one site: the same host but for www., m. and amp., or one below the other."""
    one, other = _bare_host(first), _bare_host(second)
    return bool(one) and bool(other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def same_address(first: str, second: str) -> bool:
    """Tell whether two canonical URLs differ only in scheme, `www.` or a trailing slash, as redirects commonly do."""
    return _loose(first) == _loose(second)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: `localhost` or a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _ascii_host(host: str) -> str:
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InputError(f"{host!r} is no host name: {error}.", field="url") from error


def _clean_query(query: str) -> str:
    if not query:
        return ""
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name) and (name.lower(), value.lower()) not in _AMP_PARAMETERS
    ]
    return urlencode(kept)


def _bare_host(url: str) -> str:
    return re.sub(r"^(?:www|m|mobile|amp|wap)\.", "", host_of(url))


def _loose(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.netloc.removeprefix("www."), parts.path.rstrip("/"), parts.query
