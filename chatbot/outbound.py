"""One POST to a foreign server: never into the own network, never elsewhere than asked, never long.

Whoever may name a URL could otherwise make this host talk to services that only it can reach. So a
name is resolved once, all its addresses are checked, and the connection goes to a checked address:
a name server that says something else a moment later gains nothing. Redirects are answers like any
other, TLS is verified against the name, and one deadline covers connecting, sending and reading.

The standard library is enough for that, and web and worker hosts have no other HTTP client.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from chatbot.deadlines import HurriedReader, left
from chatbot.errors import AddressRefused, Unreachable

SECONDS = 10.0
MAX_URL_CHARS = 2000
_MOST_READ = 16 * 1024
_PLAIN_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII without spaces and backslashes
_HOST_NAME = re.compile(r"[a-z0-9_\-]+(\.[a-z0-9_\-]+)*\.?")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Relays, tunnels and documentation inside it: a tunnel may end at any IPv4 address.
_NOT_GLOBAL = _networks("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
_PRIVATE = _networks(
    *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("::1/128", "fc00::/7"),
)
# Where clouds hand secrets to the machine that asks; link-local ones are refused anyway.
_METADATA = _networks("100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::254/128")


@dataclass(frozen=True)
class Target:
    """The target that a URL asks for."""

    tls: bool
    host: str
    port: int
    path: str


def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    private_networks: bool = False,
    seconds: float = SECONDS,
) -> int:
    """Post a body and return the status of the answer, whose body is not kept: it may come from
    where nobody may look.

    Raises AddressRefused, or Unreachable if no answer came in time.
    """
    target = check_url(url, private_networks)
    deadline = time.monotonic() + seconds
    try:
        addresses = _resolve(target, private_networks)
        with closing(_Connection(target, addresses, deadline)) as connection:
            connection.request("POST", target.path, body, dict(headers))
            response = connection.getresponse()
            response.read(_MOST_READ)
            return response.status
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"Its certificate is not good: {error.verify_message}.") from error
    except TimeoutError as error:
        raise Unreachable(f"It did not answer within {seconds:g} seconds.") from error
    except (OSError, http.client.HTTPException) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unreachable(f"No answer: {words or type(error).__name__}.") from error


def check_url(url: str, private_networks: bool) -> Target:
    """Check a URL without asking anyone: its form, and its address if that is written as a number.

    Raises AddressRefused.
    """
    if len(url) > MAX_URL_CHARS or not _PLAIN_URL.fullmatch(url):
        raise AddressRefused(
            f"A URL has at most {MAX_URL_CHARS} plain ASCII characters: percent-encode others in "
            "the path, write a host name in punycode."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused(f"That is no URL: {error}.") from None
    if parts.scheme not in ("http", "https"):
        raise AddressRefused("A URL begins with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("A URL must not hold a user name or password.")
    if not (_HOST_NAME.fullmatch(host) or _is_ipv6(host)) or port == 0:
        raise AddressRefused("The URL has no usable host and port.")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(tls, host, port or (443 if tls else 80), path)
    _check_addresses(target, _look_up(target, socket.AI_NUMERICHOST), private_networks)
    return target


def is_allowed(text: str, private_networks: bool) -> bool:
    """Return whether a connection may go to this IP address."""
    address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    if any(address in network for network in _METADATA):
        return False
    if any(address in network for network in _PRIVATE):
        return private_networks
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved)
        and not any(address in network for network in _NOT_GLOBAL)
    )


def _plain(address: _Address) -> _Address:
    """`::ffff:127.0.0.1` is 127.0.0.1."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_ipv6(host: str) -> bool:
    try:
        return "%" not in host and ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _resolve(target: Target, private_networks: bool) -> list[str]:
    addresses = _look_up(target)
    if not addresses:
        raise Unreachable(f"The name {target.host} cannot be resolved.")
    _check_addresses(target, addresses, private_networks)
    return addresses


def _look_up(target: Target, flags: int = 0) -> list[str]:
    """Look a host up; it may also be `2130706433`, `0x7f.1` or `0177.0.0.1`, which resolvers take
    for 127.0.0.1.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=flags)
    except (socket.gaierror, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _check_addresses(target: Target, addresses: list[str], private_networks: bool) -> None:
    """One bad address is enough: a name with a public and a private one is a trick or a mistake."""
    if not all(is_allowed(address, private_networks) for address in addresses):
        raise AddressRefused(
            f"{target.host} is inside a private network or reserved. If it is meant, set "
            "CHATBOT_PRIVATE_NETWORKS=true; addresses of cloud metadata stay closed."
        )


class _Connection(http.client.HTTPConnection):
    """Connects to given addresses instead of asking for those of the name once more."""

    def __init__(self, target: Target, addresses: list[str], deadline: float) -> None:
        self.default_port = 443 if target.tls else 80
        super().__init__(target.host, target.port)
        self._target, self._addresses, self._deadline = target, addresses, deadline

    def connect(self) -> None:
        sock = self._open()
        if self._target.tls:
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=self._target.host.rstrip("."))
        sock.settimeout(left(self._deadline))
        self.sock = sock

    def response_class(  # type: ignore[override]  # in place of the class: what makes one
        self, sock: socket.socket, method: str | None = None
    ) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(HurriedReader(sock, self._deadline), method=method)  # type: ignore[arg-type]

    def _open(self) -> socket.socket:
        """Connect to the first address that listens."""
        *others, last = self._addresses
        for address in others:
            try:
                return socket.create_connection((address, self.port), left(self._deadline))
            except OSError:
                continue
        return socket.create_connection((last, self.port), left(self._deadline))
