from collections.abc import Iterator
from threading import Event, get_ident

import pytest

from preprocess.reading.background import BackgroundWriter, prefetched


def test_what_is_made_comes_in_order_and_from_another_thread() -> None:
    main = get_ident()
    made = list(prefetched((item * item, get_ident() != main) for item in range(5)))
    assert made == [(0, True), (1, True), (4, True), (9, True), (16, True)]


def test_an_error_comes_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 2
        yield 4
        raise ValueError("damaged")

    seen: list[int] = []
    with pytest.raises(ValueError, match="damaged"):
        seen.extend(prefetched(item + 1 for item in items()))
    assert seen == [3, 5]


def test_only_one_item_is_made_ahead() -> None:
    given = []
    third = Event()

    def items() -> Iterator[int]:
        for item in range(9):
            given.append(item)
            if item == 2:
                third.set()
            yield item

    made = prefetched(map(str, items()))
    assert next(made) == "0"
    assert next(made) == "1"
    assert third.wait(10)
    made.close()  # type: ignore[attr-defined]  # a generator
    assert given == [0, 1, 2]


def test_work_beside_is_done_in_order_and_its_error_raised() -> None:
    done: list[str] = []
    beside = BackgroundWriter()
    for word in ("a", "b", "c"):
        beside.do(lambda word=word: done.append(word))  # type: ignore[misc]
    beside.wait()
    assert done == ["a", "b", "c"]
    beside.do(lambda: done.remove("d"))
    with pytest.raises(ValueError, match="not in list"):
        beside.wait()
    beside.wait()
    beside.close()
