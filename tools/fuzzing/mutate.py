"""Damage to bytes: the same random generator gives the same damage."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

__all__ = ["Mutation", "damaged", "damaged_archive", "damaged_png", "damaged_safetensors"]

Mutation = Callable[[bytes, random.Random], bytes]

_BYTES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, 0x0A, 0x22, 0x3C, 0x2F, 0x5C)
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WIDE = (*_NUMBERS, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_LONGEST = 1 << 20
_HEADER = 512


def damaged(data: bytes, rng: random.Random, *, tokens: Sequence[bytes] = (), others: Sequence[bytes] = ()) -> bytes:
    """Return `data` with one to eight injuries, half of them within its first 512 bytes.

    Args:
        data: a file.
        rng: decides all.
        tokens: what means something in the format, written over what is there or put in between.
        others: files from which pieces are taken.
    """
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        _injure(result, rng, tokens, others)
    return bytes(result[:_LONGEST])


def _injure(data: bytearray, rng: random.Random, tokens: Sequence[bytes], others: Sequence[bytes]) -> None:
    size = len(data)
    at = rng.randrange(max(1, min(size, _HEADER) if rng.random() < 0.5 else size))
    length = min(rng.choice((1, 2, 4, 8, 16, 64, 256, 1024)), max(1, size - at))
    match rng.randrange(10 if tokens else 9):
        case 0:
            data[at : at + 1] = bytes([(data[at] if size else 0) ^ (1 << rng.randrange(8))])
        case 1:
            data[at : at + 1] = bytes([rng.choice(_BYTES)])
        case 2:
            data[at : at + 1] = rng.randbytes(1)
        case 3:
            form = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
            packed = struct.pack(form, rng.choice(_WIDE) & ((1 << (8 * struct.calcsize(form))) - 1))
            data[at : at + len(packed)] = packed
        case 4:
            del data[at : at + length]
        case 5:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 16))
        case 6:
            data[at:at] = rng.randbytes(length)
        case 7:
            del data[at + (length if rng.random() < 0.5 else 0) :]
        case 8:
            other = rng.choice(others) if others else bytes(data)
            start = rng.randrange(max(1, len(other)))
            piece = other[start : start + length * rng.choice((1, 4))]
            data[at : at + (len(piece) if rng.random() < 0.5 else 0)] = piece
        case _:
            word = rng.choice(list(tokens))
            data[at : at + (len(word) if rng.random() < 0.5 else 0)] = word


def damaged_png(data: bytes, rng: random.Random) -> bytes:
    """Damage the chunks of a PNG file, whose checksums are then right again, so that the damage is looked at."""
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(chunks))
        name, body = chunks[place]
        match rng.randrange(6):
            case 0:
                chunks.insert(rng.randrange(len(chunks)), chunks[place])
            case 1:
                del chunks[place]
            case 2:
                chunks[place] = (rng.choice((b"IDAT", b"tRNS", b"PLTE", b"iCCP", b"eXIf", b"acTL", b"IEND")), body)
            case 3 if name == b"IDAT":
                # Through the compression, to the rows themselves.
                whole = b"".join(content for chunk, content in chunks if chunk == b"IDAT")
                try:
                    rows = zlib.decompress(whole)
                except zlib.error:
                    continue
                chunks[place] = (name, zlib.compress(damaged(rows, rng)))
            case _:
                chunks[place] = (name, damaged(body, rng))
        if not chunks:
            break
    result = data[:8]
    for name, body in chunks:
        result += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return result


def damaged_archive(data: bytes, rng: random.Random) -> bytes:
    """Damage the members of a ZIP archive, whose checksums are then right again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.randrange(len(members))
        name, body = members[place]
        match rng.randrange(8):
            case 0:
                members[place] = (name.replace("/", rng.choice(("/../", "//", "/\0", "\\", ""))), body)
            case 1 if len(members) > 1:
                del members[place]
            case 2:
                members.append((name, damaged(body, rng)))
            case 3:
                members[place] = (name, b"\0" * rng.choice((0, 1, 1 << 16, 1 << 20)))
            case _:
                # The pickle more often than the numbers.
                pickles = [index for index, (each, _) in enumerate(members) if each.endswith(".pkl")]
                chosen = rng.choice(pickles) if pickles and rng.random() < 0.7 else place
                members[chosen] = (members[chosen][0], damaged(members[chosen][1], rng))
    target = io.BytesIO()
    kind = zipfile.ZIP_STORED if rng.random() < 0.8 else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, kind)
    return target.getvalue()


def damaged_safetensors(data: bytes, rng: random.Random) -> bytes:
    """Damage the header of a safetensors file, whose length is then right again."""
    length = int.from_bytes(data[:8], "little")
    tokens = (
        b'"BOOL"',
        b'"F64"',
        b'"F8_E4M3"',
        b'"F4"',
        b"-1",
        b"18446744073709551615",
        b"[]",
        b"{}",
        b"null",
        b"1e999",
    )
    header = damaged(data[8 : 8 + length], rng, tokens=tokens)
    return struct.pack("<Q", len(header)) + header + data[8 + length :]
