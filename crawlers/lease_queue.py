"""The frontier that several workers share: pages in Redis, each leased to one worker until its outcome is recorded.

A worker that dies keeps nothing: what it had is handed out again when its lease ends. The pause between two requests to
one host is kept here as well, for all workers together. Times are Redis's own. Everything is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eho.errors import CrawlError

_NOW = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000); local P = KEYS[1]\n"
# Scripts run one at a time in Redis, so each is a transaction.
_PUSH = """
if redis.call('HSETNX', P..':state', ARGV[1], 'due') == 0 then return 0 end
redis.call('HSET', P..':items', ARGV[1], ARGV[4])
redis.call('ZADD', P..':wait:'..ARGV[2], -ARGV[3], ARGV[1])
redis.call('ZADD', P..':hosts', 'NX', math.max(now, tonumber(redis.call('HGET', P..':next', ARGV[2]) or 0)), ARGV[2])
return 1
"""
_TAKE = """
for _, page in ipairs(redis.call('ZRANGEBYSCORE', P..':leases', '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', P..':leases', page); redis.call('HDEL', P..':holders', page)
  local item = cjson.decode(redis.call('HGET', P..':items', page))
  redis.call('ZADD', P..':wait:'..item.host, -item.priority, page)
  redis.call('ZADD', P..':hosts', 'NX', now, item.host)
end
local best, score, host
for _, one in ipairs(redis.call('ZRANGEBYSCORE', P..':hosts', '-inf', now, 'LIMIT', 0, 64)) do
  local head = redis.call('ZRANGE', P..':wait:'..one, 0, 0, 'WITHSCORES')
  if #head == 0 then redis.call('ZREM', P..':hosts', one)
  elseif not score or tonumber(head[2]) < score then best, score, host = head[1], tonumber(head[2]), one end
end
if best then
  redis.call('ZREM', P..':wait:'..host, best)
  redis.call('ZADD', P..':leases', now + ARGV[2], best); redis.call('HSET', P..':holders', best, ARGV[1])
  local pause = tonumber(redis.call('HGET', P..':delay', host) or ARGV[3])
  redis.call('ZADD', P..':hosts', math.max(now, tonumber(redis.call('HGET', P..':next', host) or 0)) + pause, host)
  return redis.call('HGET', P..':items', best)
end
local wait = 1000
local first = redis.call('ZRANGE', P..':hosts', 0, 0, 'WITHSCORES')
if #first > 0 then wait = math.min(wait, tonumber(first[2]) - now) end
return math.max(1, wait)
"""
_DONE = """
local item = redis.call('HGET', P..':items', ARGV[1])
if item then redis.call('ZREM', P..':wait:'..cjson.decode(item).host, ARGV[1]) end
redis.call('HSET', P..':state', ARGV[1], 'done:'..ARGV[2]); redis.call('HDEL', P..':items', ARGV[1])
redis.call('ZREM', P..':leases', ARGV[1]); redis.call('HDEL', P..':holders', ARGV[1])
"""
_RENEW = """
for number = 3, #ARGV do
  if redis.call('HGET', P..':holders', ARGV[number]) == ARGV[1] then
    redis.call('ZADD', P..':leases', 'XX', now + ARGV[2], ARGV[number])
  end
end
"""
_ADMIT = """
local pause = math.max(tonumber(ARGV[2]), tonumber(redis.call('HGET', P..':delay', ARGV[1]) or 0))
local at = tonumber(redis.call('HGET', P..':next', ARGV[1]) or 0)
redis.call('HSET', P..':delay', ARGV[1], pause)
redis.call('EXPIRE', P..':delay', 86400); redis.call('EXPIRE', P..':next', 86400)
if at > now then return at - now end
redis.call('HSET', P..':next', ARGV[1], now + pause)
return 0
"""
_LIST = """
if tonumber(redis.call('GET', P..':round') or 0) ~= tonumber(ARGV[4]) then return 'done' end
if redis.call('SISMEMBER', P..':lists_done', ARGV[1]) == 1 then return 'done' end
local until_ = redis.call('ZSCORE', P..':lists', ARGV[1])
if until_ and tonumber(until_) > now and redis.call('HGET', P..':list_holders', ARGV[1]) ~= ARGV[2] then return 'theirs' end
redis.call('ZADD', P..':lists', now + ARGV[3], ARGV[1]); redis.call('HSET', P..':list_holders', ARGV[1], ARGV[2])
return 'mine'
"""
_LIST_DONE = """
redis.call('SADD', P..':lists_done', ARGV[1]); redis.call('ZREM', P..':lists', ARGV[1])
"""
_PENDING = """
if tonumber(redis.call('GET', P..':round') or 0) ~= tonumber(ARGV[1]) then return 0 end
return redis.call('ZCARD', P..':leases') + redis.call('ZCARD', P..':lists') + redis.call('ZCARD', P..':hosts')
"""
_LEAVE = """
if tonumber(redis.call('GET', P..':round') or 0) ~= tonumber(ARGV[1]) then return 0 end
if redis.call('ZCARD', P..':leases') + redis.call('ZCARD', P..':lists') > 0 then return 0 end
for _, one in ipairs(redis.call('ZRANGE', P..':hosts', 0, -1)) do
  if redis.call('ZCARD', P..':wait:'..one) > 0 then return 0 end
end
for _, name in ipairs({'state', 'items', 'leases', 'holders', 'hosts', 'lists', 'lists_done', 'list_holders'}) do
  redis.call('DEL', P..':'..name)
end
redis.call('INCR', P..':round')
return 1
"""
_GIVE_BACK = "for number = 1, #ARGV do redis.call('ZADD', P..':leases', 'XX', 0, ARGV[number]) end\n"


@dataclass(frozen=True, slots=True)
class Leased:
    """A page that this worker is to fetch."""

    canonical: str
    item: Mapping[str, Any]


class LeaseQueue:
    """One worker's view of the shared frontier. Raises CrawlError where Redis cannot be reached when it is opened."""

    def __init__(self, url: str, *, worker: str, lease_s: float, name: str = "eho") -> None:
        try:
            import redis
        except ImportError:
            raise CrawlError("crawl.frontier names Redis, and its client is missing; install eho[scale].") from None
        self.worker, self.lease_s = worker, lease_s
        self._lease_ms, self._prefix = int(lease_s * 1000), f"{name}:frontier"
        self._redis: Any = redis.Redis.from_url(url, decode_responses=True, socket_timeout=10, socket_connect_timeout=5)
        try:
            self._round = int(self._redis.get(f"{self._prefix}:round") or 0)
        except (redis.RedisError, OSError) as error:
            raise CrawlError(f"Redis at {url} cannot be reached: {error}. Start it, or unset crawl.frontier.") from error
        self._scripts: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connection; a round with nothing left to do is ended, so that the next crawl begins anew."""
        self._run(_LEAVE, self._round)
        self._redis.close()

    def push(self, canonical: str, item: Mapping[str, Any]) -> bool:
        """Add a page with `host` and `priority`; False where this round has it already."""
        return bool(self._run(_PUSH, canonical, item["host"], item["priority"], json.dumps({**item, "canonical": canonical})))

    def take(self, delay_s: float) -> Leased | float:
        """Lease the first page of a host that may be asked, or return the seconds after which to come again."""
        found = self._run(_TAKE, self.worker, self._lease_ms, int(1000 * delay_s))
        if isinstance(found, str):
            item = json.loads(found)
            return Leased(item["canonical"], item)
        return float(found) / 1000

    def done(self, canonical: str, document_id: str | None) -> None:
        """Acknowledge a page whose outcome is recorded."""
        self._run(_DONE, canonical, document_id or "")

    def state(self, canonical: str) -> tuple[bool, str | None] | None:
        """Return None for an address that is not of this round, else whether it is done, and its document's id."""
        found: str | None = self._redis.hget(f"{self._prefix}:state", canonical)
        return None if found is None else (found != "due", found.partition(":")[2] or None)

    def renew(self, canonicals: Iterable[str]) -> None:
        """Keep the leases of pages that are still being worked on."""
        if pages := list(canonicals):
            self._run(_RENEW, self.worker, self._lease_ms, *pages)

    def give_back(self, canonicals: Iterable[str]) -> None:
        """Let others have pages at once that this worker will not finish."""
        if pages := list(canonicals):
            self._run(_GIVE_BACK, *pages)

    def admit(self, host: str, delay_s: float) -> float:
        """Return 0 where a host may be asked now, and count that as done; else the seconds after which to ask again."""
        return float(self._run(_ADMIT, host, int(1000 * delay_s))) / 1000

    def claim_list(self, url: str) -> Literal["mine", "theirs", "done"]:
        """Take or keep a feed or sitemap; `theirs` while another worker reads it."""
        answer: Literal["mine", "theirs", "done"] = self._run(_LIST, url, self.worker, self._lease_ms, self._round)
        return answer

    def list_done(self, url: str) -> None:
        """Note that all pages of a list are in the queue."""
        self._run(_LIST_DONE, url)

    def is_pending(self) -> bool:
        """Tell whether any worker has anything left to do in this round."""
        return bool(self._run(_PENDING, self._round))

    def _run(self, script: str, *arguments: Any) -> Any:
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(_NOW + script)
        return self._scripts[script](keys=[self._prefix], args=arguments)
