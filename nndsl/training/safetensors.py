"""Safetensors files that prove themselves whole: the header holds the hash of the file.

    8 bytes         the header's length, little endian
    header          JSON: {"__metadata__": {"sha256": …, NAME: text}, TENSOR: {"dtype", "shape", "data_offsets"}}
    data            the arrays one after another

The hash is of the whole file with 64 zeros in its own place, so no byte can change unnoticed. Any reader of the format
takes such a file (https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nndsl.codegen.backend import Array, Arrays

DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
CODES = {name: code for code, name in DTYPES.items()}
UNKNOWN = "0" * 64
"""What stands in the place of the hash while it is computed."""


class Damaged(Exception):
    """A file is not what was written; the text says in what way."""


def pieces(arrays: Arrays, metadata: Mapping[str, str]) -> list[bytes | memoryview]:
    """The file's content, in pieces so that no array is copied; raises `KeyError` for a type that it cannot hold.

    Arrays of a type keep their order: sums over them, such as the norm of all gradients, round the same when read back.
    """
    ordered = sorted(arrays.items(), key=lambda item: -item[1].dtype.itemsize)  # so that each is aligned
    header: dict[str, Any] = {"__metadata__": {"sha256": UNKNOWN, **metadata}}
    data: list[memoryview] = []
    end = 0
    for name, array in ordered:
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": CODES[array.dtype.name], "shape": list(array.shape), "data_offsets": [begin, end]}
        data.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    length = len(text).to_bytes(8, "little")
    return [length, text.replace(UNKNOWN.encode(), _hash([length, text, *data]), 1), *data]


def parse(content: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays (read only) and metadata of a file that `pieces` made; raises `Damaged` for any other."""
    if not content:
        raise Damaged("it is empty")
    end = 8 + int.from_bytes(content[:8], "little")
    if len(content) < end:
        raise Damaged("it ends before its header does")
    try:
        header = json.loads(content[8:end])
        metadata = dict(header.pop("__metadata__"))
        digest = str(metadata.pop("sha256")).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged("it has no header of ours") from None
    data = memoryview(content)[end:]
    if _hash([content[:8], content[8:end].replace(digest, UNKNOWN.encode(), 1), data]) != digest:
        raise Damaged("its content does not agree with its hash")
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def _hash(parts: Iterable[bytes | memoryview]) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest().encode()
