"""Which addresses a crawler may ask for, and which machines it may talk to: pure, nothing is looked up here."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from videogen.errors import InputError

URL_CHARACTERS = 2048
"""No longer address is asked for. Source: design/security.md, 3.4."""

PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,126}}\.?")
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\]")
KEPT_IN_PATH = "!$%&'()*+,/:;=?@[]~"

# `is_global` alone lets multicast, 6to4, NAT64 and some of the registries' own blocks through.
CLOSED_4 = tuple(IPv4Network(n) for n in ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "224.0.0.0/4"))
OPEN_6 = IPv6Network("2000::/3")
CLOSED_6 = tuple(IPv6Network(n) for n in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


@dataclass(frozen=True)
class Address:
    """An address taken apart once; `url` is put together from these very parts, so nobody reads it another way."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The canonical address: ASCII, no fragment, the port only where it is not the usual one."""
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


def shown(url: str) -> str:
    """Give an address as it may stand in a log or a message: one line, printable, not endless."""
    printable = "".join(letter if letter.isprintable() else "�" for letter in url[:201])
    return printable if len(url) <= 200 else printable[:200] + "…"


def _refusal(url: str, why: str) -> InputError:
    return InputError(
        f"{shown(url)} may not be fetched: {why}",
        remedy="Give a plain http or https address of a public page.",
        code="url-not-allowed",
    )


def is_allowed_private(host: str, port: int, allowed_hosts: tuple[str, ...]) -> bool:
    """Say whether the operator named this host, or this host with this port, as one that need not be public."""
    return host in allowed_hosts or f"{host}:{port}" in allowed_hosts


def _host(url: str, parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if not host:
        raise _refusal(url, "it names no host")
    if ":" in host:
        try:
            return f"[{IPv6Address(host.partition('%')[0]).compressed}]" if "%" not in host else ""
        except ValueError as error:
            raise _refusal(url, "its host is not an IPv6 address") from error
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _refusal(url, "its host is not a valid name") from error


def parse(url: str, allowed_hosts: tuple[str, ...] = ()) -> Address:
    """Take an address apart and check every part that can be checked without a look-up.

    Raises: InputError: `url-not-allowed`, with what is wrong with it.
    """
    if len(url) > URL_CHARACTERS:
        raise _refusal(url, f"it is longer than {URL_CHARACTERS} characters")
    if FORBIDDEN.search(url):
        raise _refusal(url, "it holds a control character or a backslash")
    try:
        parts = urlsplit(url)
        given_port = parts.port
    except ValueError as error:
        raise _refusal(url, "it is not an address") from error
    if parts.scheme not in PORTS:
        raise _refusal(url, "only http and https are")
    if "@" in parts.netloc:
        raise _refusal(url, "it carries a user name")
    host = _host(url, parts)
    port = given_port if given_port is not None else PORTS[parts.scheme]
    if not host.startswith("[") and not HOST.fullmatch(host):
        raise _refusal(url, "its host is not a valid name")
    if port not in PORTS.values() and not is_allowed_private(host, port, allowed_hosts):
        raise _refusal(url, "only the ports 80 and 443 are asked")
    path = quote(parts.path or "/", safe=KEPT_IN_PATH)
    query = f"?{quote(parts.query, safe=KEPT_IN_PATH)}" if parts.query else ""
    return Address(parts.scheme, host, port, path + query)


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet, whatever form it hides in.

    Source: design/security.md, 3.4 point 4; tests/crawl/test_address.py lists the traps.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return found in OPEN_6 and found.is_global and not any(found in closed for closed in CLOSED_6)
        found = found.ipv4_mapped
    return found.is_global and not any(found in closed for closed in CLOSED_4)
