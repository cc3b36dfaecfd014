"""Names of results: apart where stems are equal, whatever the listing's order and whatever comes meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings, strategies as st
from mattekit.infer.naming import stems_apart
from named import output_names

NAMES = st.lists(
    st.tuples(
        st.sampled_from(["", "x/", "X/"]),
        st.sampled_from(["a", "A", "a-2", "a-jpg", "a-png", "b", ".c", "d."]),
        st.sampled_from([".jpg", ".png", ".JPG", ".", ""]),
    ).map("".join),
    unique=True,
    max_size=25,
)


def same(name: str) -> str:
    return name


@settings(max_examples=200, deadline=None, derandomize=True)
@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_of_a_listing_does_not_matter(names: list[str], shuffled: random.Random) -> None:
    first = dict(stems_apart(lambda: names, same, order=same))
    others = names.copy()
    shuffled.shuffle(others)
    assert dict(stems_apart(lambda: others, same, order=same)) == first
    assert len({stem.casefold() for stem in first.values()}) == len(names)
    for name, stem in first.items():
        assert stem.startswith(f"{Path(name).with_suffix('')}")


def test_only_what_would_fall_together_is_held() -> None:
    held: list[str] = []

    def listing() -> list[str]:
        return [f"{number}.jpg" for number in range(50)] + ["7.png", "x/7.png"]

    def watched(name: str) -> list[str]:
        held.append(name)
        return [name]

    stems = list(stems_apart(listing, same, order=watched))
    assert sorted(held) == ["7.jpg", "7.png"]
    assert stems[-2:] == [("7.jpg", "7-jpg"), ("7.png", "7-png")]
    assert ("x/7.png", "x/7") in stems


def test_what_comes_while_the_names_are_given_takes_nobodys_name() -> None:
    listings = iter([["a.jpg", "b.jpg"], ["a.png", "a.jpg", "b.jpg", "c.png", "c.jpg", "b-2.png"]])
    stems = list(stems_apart(lambda: next(listings), same, order=same))
    assert len({stem for _, stem in stems}) == 6
    assert ("b.jpg", "b") in stems


def test_a_list_is_named_in_its_own_order() -> None:
    paths = [Path("z/a.jpg"), Path("b/a.jpg"), Path("c.jpg")]
    name: Callable[[str], Path] = Path("out").joinpath
    assert output_names(paths, Path("out")) == [name("a.png"), name("a-2.png"), name("c.png")]
