"""The published sets of the field: where their images lie once unpacked, how many they are and what they are called.

A layout is added by one entry in `_ALL`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..core import Task

__all__ = ["LAYOUTS", "Layout"]


@dataclass(frozen=True)
class Layout:
    """A published set.

    Attributes:
        name: as it is typed.
        title: with who published it where.
        task: that it is for.
        places: pairs of folders (images, masks) below the set's own folder, the first that is there is taken; for
            super-resolution the folders of high-resolution images alone.
        count: of images.
        homepage: where it is published.
        names: a regular expression that each image's stem matches as a whole.
        clips: images lie in one folder for each video.
        url: of the archive, where the publisher has a direct download and somebody has published its hash.
        sha256: that hash.
    """

    name: str
    title: str
    task: Task
    places: tuple[tuple[str, ...], ...]
    count: int
    homepage: str
    names: str = r".+"
    clips: bool = False
    url: str = ""
    sha256: str = ""


_SET5 = r"(?:baby|bird|butterfly|head|woman)(?:_GT)?"
_SET14 = r"(?:baboon|barbara|bridge|coastguard|comic|face|flowers|foreman|lenna|man|monarch|pepper|ppt3|zebra)(?:_GT)?"
_DIS = "https://xuebinqin.github.io/dis/index.html"
_P3M = "https://github.com/JizhiziLi/P3M"


def _segmentation(
    name: str, title: str, pair: tuple[str, str], count: int, homepage: str, *, names: str = r".+"
) -> Layout:
    """Give each set its own folders first, then those that most repackaged copies use."""
    common = (("images", "masks"), ("image", "mask"), ("imgs", "gt"), ("im", "gt"))
    return Layout(name, title, "segmentation", (pair, *common), count, homepage, names=names)


def _super_resolution(name: str, title: str, count: int, homepage: str, names: str) -> Layout:
    return Layout(name, title, "super_resolution", (("HR",), ("hr",), ("GTmod12",), (".",)), count, homepage, names)


_ALL = (
    _segmentation(
        "duts_te",
        "DUTS-TE (Wang et al., CVPR 2017)",
        ("DUTS-TE-Image", "DUTS-TE-Mask"),
        5019,
        "http://saliencydetection.net/duts/",
    ),
    _segmentation(
        "ecssd",
        "ECSSD (Shi et al., TPAMI 2016)",
        ("images", "ground_truth_mask"),
        1000,
        "https://www.cse.cuhk.edu.hk/leojia/projects/hsaliency/dataset.html",
        names=r"0\d{3}|1000",
    ),
    _segmentation(
        "hku_is", "HKU-IS (Li and Yu, CVPR 2015)", ("imgs", "gt"), 4447, "https://i.cs.hku.hk/~gbli/deep_saliency.html"
    ),
    _segmentation(
        "pascal_s",
        "PASCAL-S (Li et al., CVPR 2014)",
        ("Imgs", "GT"),
        850,
        "http://cbs.ic.gatech.edu/salobj/",
        names=r"\d+",
    ),
    _segmentation(
        "dut_omron",
        "DUT-OMRON (Yang et al., CVPR 2013)",
        ("DUT-OMRON-image", "pixelwiseGT-new-PNG"),
        5168,
        "http://saliencydetection.net/dut-omron/",
    ),
    _segmentation("dis_vd", "DIS5K validation (Qin et al., ECCV 2022)", ("DIS-VD/im", "DIS-VD/gt"), 470, _DIS),
    _segmentation("dis_te1", "DIS5K test 1", ("DIS-TE1/im", "DIS-TE1/gt"), 500, _DIS),
    _segmentation("dis_te2", "DIS5K test 2", ("DIS-TE2/im", "DIS-TE2/gt"), 500, _DIS),
    _segmentation("dis_te3", "DIS5K test 3", ("DIS-TE3/im", "DIS-TE3/gt"), 500, _DIS),
    _segmentation("dis_te4", "DIS5K test 4", ("DIS-TE4/im", "DIS-TE4/gt"), 500, _DIS),
    _segmentation(
        "p3m_500_p",
        "P3M-10k, faces blurred (Li et al., ACM MM 2021)",
        ("validation/P3M-500-P/blurred_image", "validation/P3M-500-P/mask"),
        500,
        _P3M,
    ),
    _segmentation(
        "p3m_500_np",
        "P3M-10k, celebrities and backs",
        ("validation/P3M-500-NP/original_image", "validation/P3M-500-NP/mask"),
        500,
        _P3M,
    ),
    _segmentation(
        "ppm_100", "PPM-100 (Ke et al., AAAI 2022)", ("image", "matte"), 100, "https://github.com/ZHKKKe/PPM"
    ),
    _segmentation(
        "aim_500", "AIM-500 (Li et al., IJCAI 2021)", ("original", "mask"), 500, "https://github.com/JizhiziLi/AIM"
    ),
    Layout(
        "davis_2016",
        "DAVIS 2016, 480p (Perazzi et al., CVPR 2016)",
        "segmentation",
        (("JPEGImages/480p", "Annotations/480p"),),
        3455,
        "https://davischallenge.org/davis2016/code.html",
        r"[\w-]+/\d{5}",
        clips=True,
    ),
    _super_resolution(
        "set5", "Set5 (Bevilacqua et al., BMVC 2012)", 5, "https://people.rennes.inria.fr/Aline.Roumy/", _SET5
    ),
    _super_resolution(
        "set14", "Set14 (Zeyde et al., 2010)", 14, "https://sites.google.com/site/romanzeyde/research-interests", _SET14
    ),
    _super_resolution(
        "bsd100",
        "BSD100 (Martin et al., ICCV 2001)",
        100,
        "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/",
        r".*\d+.*",
    ),
    _super_resolution(
        "urban100",
        "Urban100 (Huang et al., CVPR 2015)",
        100,
        "https://github.com/jbhuang0604/SelfExSR",
        r"img_?(?:0\d\d|100)(?:_SRF_\d_HR)?",
    ),
    Layout(
        "div2k_valid",
        "DIV2K validation (Agustsson and Timofte, CVPRW 2017)",
        "super_resolution",
        (("DIV2K_valid_HR",), (".",)),
        100,
        "https://data.vision.ee.ethz.ch/cvl/DIV2K/",
        r"08\d\d|0900",
        url="https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_valid_HR.zip",
        sha256="20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
    ),
)

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _ALL}
