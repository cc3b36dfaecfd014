"""The ready-made ONNX files that rembg publishes, with rembg's own pre- and post-processing."""

from __future__ import annotations

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, TrainingData, Weights
from .u2net import APACHE_SOURCE, CLOTH_LABELS, IMAGENET_MEAN, IMAGENET_STD

__all__ = ["DIS5K", "SPECS"]

_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"
_CLASSIC_MIRROR = "https://huggingface.co/tomjackson2023/rembg/resolve/cd3a3d6767a7859efea31ef0f2f373582cf06d82"
_BIREFNET_RELEASE = "https://github.com/ZhengPeng7/BiRefNet/releases/download/v1"
_BIREFNET_MIRROR = (
    "https://huggingface.co/EmmaJohnson311/TensorRT-ONNX-collect/resolve/"
    "43d1d62b06bac8b7d3886a209771f6d7ca10d899/BiRefNet-v2-onnx"
)
_APACHE = Licence(code="MIT", weights="Apache-2.0", granted=True, source=APACHE_SOURCE)
DIS5K = TrainingData(
    name="DIS5K",
    terms="its terms of use allow no commercial use",
    commercial=False,
    source="https://github.com/xuebinqin/DIS#7-license",
)
_ANIME_PUBLISHER = "https://huggingface.co/skytnt/anime-seg/resolve/493cb60893f47441b26ec4fb9a306bce9e342982"
_MISTAKE = "The author calls the MIT of the weights a mistake: https://github.com/ZhengPeng7/BiRefNet/issues/306."
_ONE_SOURCE = "Its hash has one independent source."
_HALF = (0.5, 0.5, 0.5)
_ONE = (1.0, 1.0, 1.0)

_U2NET = ("https://github.com/xuebinqin/U-2-Net", "https://arxiv.org/abs/2005.09007")
_DIS = ("https://github.com/xuebinqin/DIS", "https://arxiv.org/abs/2203.03041")
_ANIME = ("https://github.com/SkyTNT/anime-segmentation", "https://arxiv.org/abs/2203.03041")
_BIREFNET = ("https://github.com/ZhengPeng7/BiRefNet", "https://arxiv.org/abs/2401.03407")


def _contract(
    side: int,
    *,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    std: tuple[float, float, float] = IMAGENET_STD,
    sigmoid: bool = False,
) -> Contract:
    """Return rembg's steps: Lanczos both ways, division by the image's maximum, min-max of the mask."""
    return Contract(
        task="segmentation",
        input=InputContract(height=side, width=side, divide_by="image_max", mean=mean, std=std, resize="lanczos"),
        output=OutputContract(
            kind="alpha", activation="sigmoid" if sigmoid else "none", min_max=True, rounding="down", resize="lanczos"
        ),
    )


def _classic(
    name: str,
    title: str,
    contract: Contract,
    *,
    sha256: str,
    md5: str,
    size: int,
    source: tuple[str, str] = _U2NET,
    licence: Licence = _APACHE,
    mirrors: tuple[str, ...] = (),
    proven: bool = False,
    notes: tuple[str, ...] = (),
) -> ModelSpec:
    filename = f"{name}.onnx"
    return ModelSpec(
        id=f"rembg-{name}",
        title=f"{title} (rembg's ONNX)",
        task="segmentation",
        contract=contract,
        weights=Weights(
            filename=filename,
            urls=(*mirrors, f"{_RELEASE}/{filename}", f"{_CLASSIC_MIRROR}/{filename}"),
            sha256=sha256,
            md5=md5,
            size=size,
        ),
        licence=licence,
        source="onnx",
        homepage=source[0],
        paper=source[1],
        proven=proven,
        notes=notes,
    )


def _birefnet(
    name: str,
    title: str,
    filename: str,
    *,
    sha256: str,
    md5: str,
    size: int = 972_666_916,
    data: tuple[TrainingData, ...] = (),
    memory: int | None = None,
    notes: tuple[str, ...] = (),
) -> ModelSpec:
    return ModelSpec(
        id=f"rembg-birefnet-{name}",
        title=f"BiRefNet, {title} (rembg's ONNX)",
        task="segmentation",
        contract=_contract(1024, sigmoid=True),
        weights=Weights(
            filename=filename,
            urls=tuple(f"{base}/{filename}" for base in (_BIREFNET_RELEASE, _RELEASE, _BIREFNET_MIRROR)),
            sha256=sha256,
            md5=md5,
            size=size,
        ),
        licence=Licence(
            code="MIT",
            weights="MIT (by the repository)",
            granted=True,
            source=f"{_BIREFNET[0]}/issues/306" if data else f"{_BIREFNET[0]}/blob/main/LICENSE",
            data=data,
        ),
        source="onnx",
        homepage=_BIREFNET[0],
        paper=_BIREFNET[1],
        notes=(
            "The repository is MIT; the training photos have terms of their own.",
            "rembg resizes by Lanczos, divides by the image's maximum and stretches the mask; the authors resize "
            "bilinearly, divide by 255 and stretch nothing.",
            *notes,
        ),
        memory=memory,
    )


_CLOTHES = Contract(
    task="segmentation",
    input=InputContract(
        height=768, width=768, divide_by="image_max", mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="lanczos"
    ),
    output=OutputContract(kind="classes", labels=CLOTH_LABELS, resize="lanczos"),
)

SPECS: tuple[ModelSpec, ...] = (
    _classic(
        "u2net",
        "U²-Net, any salient object",
        _contract(320),
        sha256="8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
        md5="60024c5c889badc19c04ad937298a77b",
        size=175_997_641,
    ),
    _classic(
        "u2netp",
        "U²-Net, small, any salient object",
        _contract(320),
        sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
        md5="8e83ca70e441ab06c318d82300c84806",
        size=4_574_861,
        proven=True,
    ),
    _classic(
        "u2net_human_seg",
        "U²-Net, people",
        _contract(320),
        sha256="01eb6a29a5c4d8edb30b56adad9bb3a2a0535338e480724a213e0acfd2d1c73c",
        md5="c09ddc2e0104f800e3e1bb4652583d1f",
        size=175_997_641,
    ),
    _classic(
        "u2net_cloth_seg",
        "U²-Net, clothes: upper body, lower body, full body",
        _CLOTHES,
        sha256="6d2cbc27bfbdc989e1fd325656d65902ecc6a3ccbe94b2d3655ec114efcb128e",
        md5="2434d1f3cb744e0e49386c906e5a08bb",
        size=176_194_565,
        source=("https://github.com/levindabhi/cloth-segmentation", _U2NET[1]),
        licence=Licence(code="MIT", weights="MIT (by the repository)", granted=None),
        notes=(
            "rembg prepares images with ImageNet's mean and deviation, the network's author with 0.5 and 0.5.",
            "Commercial use is unclear: trained on iMaterialist (Fashion) 2019, whose competition terms the publisher "
            "does not discuss.",
        ),
    ),
    _classic(
        "silueta",
        "Silueta, a U²-Net of a quarter of the size",
        _contract(320),
        sha256="75da6c8d2f8096ec743d071951be73b4a8bc7b3e51d9a6625d63644f90ffeedb",
        md5="55e59e0d8062d2f5d013f4725ee84782",
        size=44_173_029,
        source=("https://github.com/xuebinqin/U-2-Net/issues/295", _U2NET[1]),
        licence=Licence(code="MIT", weights="not stated", granted=None),
        notes=("Derived from U²-Net (Apache-2.0), but its author states no licence.",),
    ),
    _classic(
        "isnet-general-use",
        "IS-Net, any object, fine detail",
        _contract(1024, mean=_HALF, std=_ONE),
        sha256="60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a",
        md5="fc16ebd8b0c10d971d3513d564d01e29",
        size=178_648_008,
        source=_DIS,
        licence=Licence(code="MIT", weights="not stated", granted=None, source=f"{_DIS[0]}/issues/150", data=(DIS5K,)),
        notes=(
            "The repository licenses code and metric; whether that covers the weights is an open question there.",
            "rembg resizes by Lanczos, divides by the image's maximum and stretches the mask; the authors resize "
            "bilinearly and divide by 255.",
        ),
    ),
    _classic(
        "isnet-anime",
        "IS-Net, anime characters",
        _contract(1024, std=_ONE),
        sha256="f15622d853e8260172812b657053460e20806f04b9e05147d49af7bed31a6e99",
        md5="6f184e756bb3bd901c8849220a83e38e",
        size=176_069_933,
        source=_ANIME,
        mirrors=(f"{_ANIME_PUBLISHER}/isnetis.onnx",),
        notes=(
            "rembg subtracts ImageNet's mean; the network's author only divides by 255 and keeps the aspect ratio.",
        ),
    ),
    _birefnet(
        "general",
        "any object",
        "BiRefNet-general-epoch_244.onnx",
        sha256="58f621f00f5d756097615970a88a791584600dcf7c45b18a0a6267535a1ebd3c",
        md5="7a35a0141cbbc80de11d9c9a28f52697",
        data=(DIS5K,),
        notes=(_MISTAKE,),
    ),
    _birefnet(
        "general-lite",
        "any object, small",
        "BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx",
        sha256="5600024376f572a557870a5eb0afb1e5961636bef4e1e22132025467d0f03333",
        md5="4fab47adc4ff364be1713e97b7e66334",
        size=224_005_088,
        data=(DIS5K,),
        notes=(_MISTAKE, "Running it takes 3.2 GB of memory."),
        memory=12_900_000_000,
    ),
    _birefnet(
        "portrait",
        "people",
        "BiRefNet-portrait-epoch_150.onnx",
        sha256="1ba1c8ff5a7bbfadc8d8d13fb11d7be793f91f23d9d466549e37a854f6668f99",
        md5="c3a64a6abf20250d090cd055f12a3b67",
    ),
    _birefnet(
        "dis",
        "fine structures",
        "BiRefNet-DIS-epoch_590.onnx",
        sha256="6470117bac6f8d82a3f62921056f52d0f5c4d36d1d832096331d5ea38a03acb5",
        md5="2d4d44102b446f33a4ebb2e56c051f2b",
        data=(DIS5K,),
        notes=(_MISTAKE,),
    ),
    _birefnet(
        "hrsod",
        "salient objects at high resolution",
        "BiRefNet-HRSOD_DHU-epoch_115.onnx",
        sha256="4f5837663194fb88f603b76782eae05a3c29f5749872ca1bfb636bd26e7f6bfc",
        md5="c017ade5de8a50ff0fd74d790d268dda",
        notes=(_ONE_SOURCE,),
    ),
    _birefnet(
        "cod",
        "camouflaged objects",
        "BiRefNet-COD-epoch_125.onnx",
        sha256="91ec48f566db475cf6e4caa7e9cd997f352edfcc372372f437e2fbefc1557b13",
        md5="f6d0d21ca89d287f17e7afe9f5fd3b45",
        notes=(_ONE_SOURCE,),
    ),
    _birefnet(
        "massive",
        "any object, trained on the most data",
        "BiRefNet-massive-TR_DIS5K_TR_TEs-epoch_420.onnx",
        sha256="a94814cac438a31f95287811882628644a04b22d313ef3071d2ba904b5f627b8",
        md5="33e726a2136a3d59eb0fdf613e31e3e9",
        data=(DIS5K,),
        notes=(_MISTAKE, _ONE_SOURCE),
    ),
)
