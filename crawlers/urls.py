"""Addresses: one canonical spelling for every spelling of a page's address, and whose host an address names."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from eho.errors import InputError

# What senders of links add, by the names that advertisers, newsletters, social platforms and counters document.
_TRACKING = re.compile(
    r"(?:utm_\w*|(?:mtm|matomo|pk|piwik|hsa|vero|oly|wt|ns|sc|at|itm|stm|outbrain|taboola|aff|cx|dm_i)_\w*"
    r"|fbclid|fb_(?:action_ids|action_types|source|ref|comment_id)|gclid|gclsrc|dclid|gbraid|wbraid|gad_source|gad_campaignid|srsltid"
    r"|msclkid|yclid|ysclid|twclid|ttclid|tblci|tbclid|li_fat_id|epik|irclickid|rb_clickid|dicbo|oborigurl|ob_click_id|obclid"
    r"|igshid|igsh|mc_cid|mc_eid|mkt_tok|mkwid|_ga|_gl|_gac|_openstat|cmpid|ncid|spref|s_cid|trk|trkcampaign|wickedid"
    r"|_branch_match_id|__twitter_impression|share_id|share|shared|_hsenc|_hsmi|hsctatracking|replytocom|doing_wp_cron|zanpid"
    r"|amp_js_v|amp_gsa|amp_latest_update_time|usqp|noamp|nonamp|nocache|preview_nonce|wprptest\d*"
    r"|phpsessid|jsessionid|sessionid|session_id|aspsessionid\w*|cfid|cftoken|osCsid|zenid)",
    re.IGNORECASE,
)
# Where a reader came from: dropped unless the value is a bare number, which may be a page's own key.
_REFERRER = re.compile(r"ref|referrer|referer|ref_?src|ref_url", re.IGNORECASE)
# Names that may also filter a list: dropped only with a value that names where links are shared.
_CAME_FROM = re.compile(
    r"(?:source|src|from|via|origin|campaign)=(?:fb|facebook|twitter|x|instagram|telegram|viber|whatsapp|linkedin|tiktok|google\w*"
    r"|rss|feed|newsletter|e?mail|push\w*|app|android|ios|web|home(?:page)?|naslovna|ballina|teaser|widget|share\w*)|nb=1",
    re.IGNORECASE,
)
# Another rendering of the same page: print, AMP, mobile.
_RENDERING = re.compile(r"(?:amp|print|m|mobile|desktop|output|outputtype|format|view|layout|tmpl|theme)", re.IGNORECASE)
_RENDERINGS = frozenset({"amp", "print", "printable", "printpreview", "mobile", "component"})
_SWITCHES = frozenset({"", "0", "1", "true", "yes"})
_SESSION = re.compile(r"(?:sid|s)=[0-9a-f]{16,}", re.IGNORECASE)
_TIME_STAMP = re.compile(r"(?:_|cb|rnd|ts|timestamp)=\d{9,}", re.IGNORECASE)
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE)
# A script of the same text, as broadcasters, Telegraph-style hosts and the WordPress transliteration plugins name it.
_SCRIPT = r"(?:lat|latn|latin|latinica|cir|ci|cyr|cyrl|cyrillic|cirilica)"
_SCRIPT_PARAMETER = re.compile(
    rf"(?:script|pismo|rstr|alphabet|lng_script|lang|language|lng)=(?:sr[-_@]?)?{_SCRIPT}", re.IGNORECASE
)
_SCRIPT_HOST = re.compile(r"^(?:lat|cir|cyr|latinica|cirilica)\.(?=[^.]+\.[^.]+)")
_SCRIPT_PATH = re.compile(rf"^/(?:lat|latin|latinica|cir|cyr|cirilica|(sr|srp)[-_@]{_SCRIPT})(?=/)", re.IGNORECASE)
_AMP_PATH = re.compile(r"/amp(?:\.html)?$|(?<=/)amp/$|(?<=[^/])\.amp(?=\.html?$|$)", re.IGNORECASE)
_AMP_CACHE = re.compile(r"^/(?:amp/|[cvi]/(?=s/|[^/]+\.[^/]+/))(?P<secure>s/)?(?P<rest>[^/]+\.[^/]+(?:/.*)?)$")
_AMP_CACHE_HOST = re.compile(r"(?:^|\.)(?:cdn\.ampproject\.org|bing-amp\.com)$|^(?:www\.)?google\.[a-z.]{2,6}$")
_INDEX = re.compile(r"/(?:index|default)\.(?:[ps]?html?|php\d?|aspx?|jsp|cfm)$", re.IGNORECASE)
_TWIN_HOST = re.compile(r"^(?:m|mobile|amp|wap|touch)\.(?=[^.]+\.[^.]+)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_LAYERS = 20


@lru_cache(maxsize=8192)  # asked for a page three times: when listed, when fetched, as the page's own canonical link
def canonical_url(url: str) -> str:
    """Return the address without what does not tell pages apart.

    Dropped: fragment, name and password, tracking parameters, sessions, AMP, print and mobile twins, AMP caches, the mark of
    a script (one text, published once in Latin and Cyrillic), default port, trailing index file; the query is sorted, the
    host is lower-case ASCII (IDNA). Scheme, `www.` and trailing slashes stay: some sites tell pages apart by them, and a
    redirect or `rel=canonical` settles the rest. It names a page and need not open one; `url` of a document does.
    Raises InputError for what is no http(s) address.
    """
    for _ in range(_MOST_LAYERS):  # an AMP address of a mobile address of a Latin address: until nothing is left to drop
        shorter = _canonical_once(url)
        if shorter == url:
            return url
        url = shorter
    return url


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


def _canonical_once(url: str) -> str:
    try:
        parts = urlsplit(_repaired(url.strip()))
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is no address: {error}.", field="url") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        raise InputError(f"{url!r} is no http(s) address.", field="url")
    if (origin := _behind_amp_cache(host, parts.path, parts.query)) is not None:
        return origin
    netloc = _without_twin(_ascii_host(host))
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    path, query = _clean_path(parts.path), _clean_query(parts.query)
    return str(canonicalize_url(urlunsplit((scheme, netloc, path, query, ""))))


def _repaired(url: str) -> str:
    """Undo what copying from HTML leaves: `&amp;` between parameters."""
    return url.replace("&amp;", "&")


def _behind_amp_cache(host: str, path: str, query: str) -> str | None:
    """Return the outlet's own address where this one is a copy in an AMP cache (cdn.ampproject.org, Google, Bing)."""
    if not _AMP_CACHE_HOST.search(host.lower()) or (match := _AMP_CACHE.match(path)) is None:
        return None
    if "google." in host and not path.startswith("/amp/"):
        return None
    scheme = "https" if match["secure"] else "http"
    return f"{scheme}://{match['rest']}{f'?{query}' if query else ''}"


def _ascii_host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InputError(f"{host!r} is no host name: {error}.", field="url") from error


def _without_twin(host: str) -> str:
    """Drop what names a rendering or a script, until nothing is left to drop (`m.lat.outlet.test`)."""
    shorter = _SCRIPT_HOST.sub("", _TWIN_HOST.sub("", host))
    return host if shorter == host else _without_twin(shorter)


def _clean_path(path: str) -> str:
    path = _PATH_SESSION.sub("", re.sub(r"/{2,}", "/", path))
    if "/." in path:
        path = re.sub(r"/{2,}", "/", urlsplit(urljoin("http://x/", path)).path)
    path = _SCRIPT_PATH.sub(lambda match: f"/{match[1]}" if match[1] else "", path)
    return _INDEX.sub("/", _AMP_PATH.sub("", path)) or "/"


def _clean_query(query: str) -> str:
    if not query:
        return ""
    return urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not _is_noise(name, value)])


def _is_noise(name: str, value: str) -> bool:
    """Tell whether a parameter leaves the page the same."""
    if _TRACKING.fullmatch(name):
        return True
    if _REFERRER.fullmatch(name):
        return not value.isdigit()
    if _RENDERING.fullmatch(name):
        is_switch = name.lower() in ("amp", "print", "m", "mobile", "desktop") and value.lower() in _SWITCHES
        return is_switch or value.lower() in _RENDERINGS
    pair = f"{name}={value}"
    return any(pattern.fullmatch(pair) for pattern in (_CAME_FROM, _SCRIPT_PARAMETER, _SESSION, _TIME_STAMP))


def _bare_host(url: str) -> str:
    return re.sub(r"^(?:www|m|mobile|amp|wap)\.", "", host_of(url))


def _loose(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.netloc.removeprefix("www."), parts.path.rstrip("/"), parts.query
