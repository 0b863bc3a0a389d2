"""A client in another implementation: grpcio, with messages as bytes. Prints what it was sent, one response a line."""
import queue
import sys

import grpc


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        length, at = read_varint(data, at)
        assert tag & 7 == 2, "every field of a DiscoveryResponse here is length-delimited"
        yield tag >> 3, data[at:at + length]
        at += length


socket, name, count = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
requests = queue.Queue()
requests.put(field(2, field(1, b"python") + field(2, b"smoke")) + field(3, name))
channel = grpc.insecure_channel("unix:" + socket, options=[("grpc.default_authority", "localhost")])
call = channel.stream_stream("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets")
for seen, response in enumerate(call(iter(requests.get, None)), 1):
    parts = list(fields(response))
    version = next(value for number, value in parts if number == 1)
    nonce = next(value for number, value in parts if number == 5)
    resources = [value for number, value in parts if number == 2]
    print(version.decode(), len(resources), name in resources[0], flush=True)
    requests.put(field(1, version) + field(3, name) + field(5, nonce))
    if seen == count:
        break
requests.put(None)
