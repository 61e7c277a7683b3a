"""Name resolution under the guard: the address that was checked is the one connected to, so a name cannot be rebound between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from zope.interface import implementer


@implementer(IHostnameResolver)
class GuardedResolver:
    """Resolves with `inner` and gives a name no address at all where any of its addresses may not be reached."""

    def __init__(self, inner: Any, admits: Callable[[str, str], bool]) -> None:
        self._inner = inner
        self._admits = admits
        self.refused: dict[str, str] = {}  # host -> the address that was refused

    def resolveHostName(  # noqa: N802 - the names are those of the interface
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[Any] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Resolve as Twisted's interface asks; every address is looked at before the first is handed on."""
        receiver = _Sieve(resolutionReceiver, hostName, self)
        return self._inner.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)

    def judge(self, host: str, addresses: Sequence[Any]) -> Sequence[Any]:
        """Return the addresses of a name, or none where one of them may not be reached."""
        bad = next((each.host for each in addresses if not self._admits(host, each.host)), None)
        if bad is None:
            self.refused.pop(host, None)
            return addresses
        self.refused[host] = bad
        return ()


@implementer(IResolutionReceiver)
class _Sieve:
    def __init__(self, receiver: Any, host: str, resolver: GuardedResolver) -> None:
        self._receiver, self._host, self._resolver = receiver, host, resolver
        self._addresses: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        self._addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        for address in self._resolver.judge(self._host, self._addresses):
            self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()
