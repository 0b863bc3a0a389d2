"""Usage: python3 grpcio.py TARGET. Calls grpc.testing.TestService with gRPC's C core, on bare bytes."""
import sys

import grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    assert channel.unary_unary("/grpc.testing.TestService/EmptyCall")(b"", timeout=60) == b""
    duplex = channel.stream_stream("/grpc.testing.TestService/FullDuplexCall")
    # StreamingOutputCallRequest{response_parameters: {size: 5}}, twice, gzip-compressed.
    answers = list(duplex(iter([b"\x12\x02\x08\x05"] * 2), timeout=60, compression=grpc.Compression.Gzip))
    assert answers == [b"\x0a\x07\x12\x05" + bytes(5)] * 2, answers
    try:
        channel.unary_unary("/grpc.testing.TestService/UnimplementedCall")(b"", timeout=60)
        raise AssertionError("UnimplementedCall was answered")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error
print("passed", grpc.__version__)
