/**
 * A program for `python3` that adds an nftables table with a chain and a rule. The image has no
 * `nft`, so it sends the messages of nfnetlink itself.
 */
export const RULE = `
import socket, struct

def text(kind, value):
    data = value.encode() + b"\\0"
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\\0" * (-len(data) % 4)

def number(kind, value):
    return struct.pack("=HHI", 8, kind, socket.htonl(value))

def nested(kind, data):
    return struct.pack("=HH", 4 + len(data), kind | 0x8000) + data

def message(kind, flags, family, resource, attributes=b""):
    body = struct.pack("=BBH", family, 0, socket.htons(resource)) + attributes
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body

NFTABLES, CREATE = 10, 0x0001 | 0x0004 | 0x0400
table, chain, rule = [NFTABLES << 8 | kind for kind in (0, 3, 6)]
hook = nested(4, number(1, 2) + number(2, 0))  # NF_INET_FORWARD, priority 0
batch = (
    message(0x10, 1, 0, NFTABLES)
    + message(table, CREATE, 2, 0, text(1, "left"))
    + message(chain, CREATE, 2, 0, text(1, "left") + text(3, "forward") + hook + text(7, "filter"))
    + message(rule, CREATE | 0x0800, 2, 0, text(1, "left") + text(2, "forward"))
    + message(0x11, 1, 0, NFTABLES)
)
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
netlink.settimeout(20)
netlink.send(batch)
answers = 0
while answers < 3:
    data = netlink.recv(65536)
    while data:
        length, kind = struct.unpack_from("=IH", data)
        error = struct.unpack_from("=i", data, 16)[0]
        if kind != 2 or error != 0:
            raise OSError(-error, "nfnetlink refused it")
        answers += 1
        data = data[(length + 3) // 4 * 4:]
`;
