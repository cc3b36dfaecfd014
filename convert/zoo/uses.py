"""Which entry for which use: what publishers say that their networks are for, brought into an order."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["SUITED", "USES", "Use"]

Use = Literal["portrait", "product", "anime", "photo"]
USES: tuple[Use, ...] = get_args(Use)

SUITED: dict[Use, tuple[str, ...]] = {
    "portrait": (
        "modnet",
        "rembg-birefnet-portrait",
        "u2net_human_seg",
        "rembg-u2net_human_seg",
        "mattelite",
        "birefnet-hr-matting",
        "birefnet-matting",
    ),
    "product": (
        "rembg-birefnet-hrsod",
        "u2net",
        "rembg-u2net",
        "u2netp",
        "rembg-u2netp",
        "mattelite",
        "birefnet-hr-general",
        "rembg-birefnet-general",
        "rembg-birefnet-general-lite",
        "rembg-birefnet-dis",
        "isnet-general-use",
        "rembg-isnet-general-use",
        "rmbg-2-0",
        "rmbg-1-4",
    ),
    "anime": (
        "rembg-isnet-anime",
        "realesrgan-x4plus-anime-6b",
        "realesr-animevideov3",
    ),
    "photo": (
        "realesrgan-x4plus",
        "realesrgan-x2plus",
        "realesr-general-x4v3",
        "realesr-general-wdn-x4v3",
        "span-x2",
        "span-x4",
        "rfdn-x4",
        "rlfn-x4",
        "srlite-x2",
        "srlite-x4",
        "imdn-x2",
        "imdn-x3",
        "imdn-x4",
    ),
}
"""For each use the entries that suit it: first those whose weights may be used commercially, and among these those made
for it before those made for anything, the larger before the smaller. Portraits and products are cut out, photos
enlarged (damaged ones first, then clean ones); for anime there is both."""
