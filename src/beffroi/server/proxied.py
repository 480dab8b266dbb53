"""Who asks, where a reverse proxy stands before the centre: the address that the proxy says, believed from it alone.

Nobody's word is taken unless the installer named the proxy (`beffroi serve --trusted-proxy`): anybody can send the
header. What cannot be read is the proxy's own address: all behind it then share one.
"""

import ipaddress
from collections.abc import Iterable, Sequence

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def proxy_network(text: str) -> Network:
    """The address or network of a proxy that the installer named.

    Raises:
        BadInputError: neither, or everybody.
    """
    try:
        found = ipaddress.ip_network(text.strip())
    except ValueError:
        found = None
    if found is None or found.prefixlen == 0:
        raise BadInputError(
            Text(
                fr=f"« {text[:80]} » n'est pas l'adresse d'un mandataire : donnez celle d'où il appelle le centre, par "
                "exemple « 192.0.2.10 » ou « 192.0.2.0/28 ».",
                en=f"“{text[:80]}” is not the address of a proxy: give the one it calls the centre from, for instance "
                "“192.0.2.10” or “192.0.2.0/28”.",
            )
        )
    return found


def address_behind(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: Sequence[Network]) -> str:
    """The address of who asks: ``peer``, or what a trusted proxy says in ``X-Forwarded-For``. The last address in it
    that is no trusted proxy's; whatever stands before it was sent by whoever asks, and is not looked at."""
    behind = _read(peer)
    if behind is None or not _is_of(behind, trusted):
        return peer
    said = ",".join(value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for")
    for one in reversed(said.split(",")):
        address = _read(one.strip(" \t"))
        if address is None:
            break
        behind = address
        if not _is_of(behind, trusted):
            break
    return str(behind)


def _read(text: str) -> _Address | None:
    """A plain address; one of IPv4 written as IPv6 is that of IPv4. With a zone it would have many names."""
    try:
        address = ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_of(address: _Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
