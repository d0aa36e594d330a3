"""Taking the addresses off the loopback interface, over netlink: gVisor makes one that is up, and cannot leave it out.

Without an address nothing can be reached through it, as where there is no interface at all.
"""

import os
import socket
import struct

_REQUEST = 0x1 | 0x4  # NLM_F_REQUEST, NLM_F_ACK
_RTM_DELADDR = 21
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_ADDRESSES = ((socket.AF_INET, 8, "127.0.0.1"), (socket.AF_INET6, 128, "::1"))
_INTERFACE = 1


def remove_addresses() -> None:
    """Needs CAP_NET_ADMIN. Raises `OSError`."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.bind((0, 0))
        for family, prefix, address in _ADDRESSES:
            packed = socket.inet_pton(family, address)
            body = struct.pack("=BBBBI", family, prefix, 0, 0, _INTERFACE)
            body += _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed)
            link.send(struct.pack("=IHHII", 16 + len(body), _RTM_DELADDR, _REQUEST, 1, 0) + body)
            (error,) = struct.unpack_from("=i", link.recv(4096), 16)
            if error:
                raise OSError(-error, f"cannot take {address} off the loopback interface: {os.strerror(-error)}")


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value
