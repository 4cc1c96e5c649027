"""How to connect: TLS, where a token may go, keepalive, and the retry policy."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import grpc

_TOKEN = re.compile(r"[\x21-\x7e]+")
_LOOPBACK = re.compile(r"(dns:(///)?|ipv4:|ipv6:)?(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?|unix(-abstract)?:.*", re.IGNORECASE)


class PlaintextTokenError(ValueError):
    """A token would go over a network in plain text."""


@dataclass(frozen=True, repr=False)
class Tls:
    """The certificates of a connection, in PEM. Without `ca` the server is trusted by the roots that gRPC brings."""

    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None

    def __post_init__(self) -> None:
        # gRPC would end the process.
        if bool(self.certificate) != bool(self.key):
            raise ValueError("a certificate and its key belong together: give both, or neither")

    @classmethod
    def from_files(cls, ca: str | Path | None = None, certificate: str | Path | None = None, key: str | Path | None = None) -> "Tls":
        """Reads the files: the authorities of the server, and the caller's own certificate with its key."""
        return cls(*(None if path is None else Path(path).read_bytes() for path in (ca, certificate, key)))

    def __repr__(self) -> str:
        return f"Tls(ca={_given(self.ca)}, certificate={_given(self.certificate)}, key={_given(self.key, '***')})"

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """What a channel takes."""
        return grpc.ssl_channel_credentials(self.ca, self.key, self.certificate)


def check_token(target: str, token: str | None, tls: Tls | None, allow_plaintext_token: bool) -> None:
    """Refuses a token that cannot be sent, and to send one over a network in plain text.

    Raises:
        ValueError: No token looks like that. The message does not show it.
        PlaintextTokenError: There is a token and no TLS, and the target is not this machine.
    """
    if token is None:
        return
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            "the token is empty, or has characters that no token has, such as a line's end; give it as `datastored tokens create` has printed it"
        )
    if tls is None and not allow_plaintext_token and not is_loopback(target):
        raise PlaintextTokenError(
            f"the token would go to {target} in plain text; give `tls`, or `allow_plaintext_token=True` for a network where nobody else can read"
        )


def is_loopback(target: str) -> bool:
    """Whether a target of gRPC is on this machine: a loopback address, `localhost` or a Unix socket. What is not understood is not."""
    return _LOOPBACK.fullmatch(target) is not None


def channel_options(tls: Tls | None) -> list[tuple[str, str | int]]:
    """The options of a channel: retries by the service config, and pings that tell a silent server from a busy one."""
    options: list[tuple[str, str | int]] = [
        ("grpc.service_config", files("datastored").joinpath("service_config.json").read_text()),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Without it a ping may take a minute, whatever the timeout of keepalive is.
        ("grpc.http2.ping_timeout_ms", 20_000),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    if tls is None:
        # A proxy of the environment would read what is in plain text, the token too.
        options.append(("grpc.enable_http_proxy", 0))
    return options


def _given(pem: bytes | None, shown: str = "...") -> str | None:
    return None if pem is None else shown
