"""Files of a stage: whole or not there, whatever happened while they were made."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.recipes.ucoder.artefacts import produced, read
from crossjudge.trainer.recipes.ucoder.chunks import chunked
from crossjudge.trainer.recipes.ucoder.records import Probed
from crossjudge.trainer.training.errors import BadRunFolder

CHUNKS = [["a", "b"], ["c"], [], ["d"]]


class Stage:
    """A stage that notes which chunks it works on, and breaks down at one of them."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self.worked: list[int] = []
        self.breaks_at = breaks_at

    def run(self, path: Path) -> list[Probed]:
        return produced(path, Probed, CHUNKS, self.work, lambda all_of_them: all_of_them[::-1])

    def work(self, number: int, chunk: Sequence[str]) -> list[Probed]:
        if number == self.breaks_at:
            raise KeyboardInterrupt
        self.worked.append(number)
        return [Probed(id=name, prompt=f"{name}\u2028\n\x00", log_prob=-1 / 3) for name in chunk]


def test_what_is_made_is_read_the_next_time(tmp_path: Path) -> None:
    first, second = Stage(), Stage()
    made = first.run(tmp_path / "a" / "1.jsonl")
    assert [each.id for each in made] == ["d", "c", "b", "a"]
    assert second.run(tmp_path / "a" / "1.jsonl") == made
    assert (first.worked, second.worked) == ([0, 1, 2, 3], [])
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["1.jsonl"]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("torn", [b"", b'[{"id"', b"\xff\xfe\n", b"null\n"])
def test_a_stage_that_was_stopped_goes_on_with_the_next_chunk(tmp_path: Path, at: int, torn: bytes) -> None:
    """Also where the machine went down in the middle of a line."""
    whole = Stage().run(tmp_path / "whole.jsonl")
    path = tmp_path / "1.jsonl"
    with pytest.raises(KeyboardInterrupt):
        Stage(breaks_at=at).run(path)
    assert not path.exists()
    with (tmp_path / ".1.jsonl.chunks").open("ab") as file:
        file.write(torn)
    rest = Stage()
    assert rest.run(path) == whole
    assert rest.worked == [0, 1, 2, 3][at:]
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_file_that_is_no_artefact_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "1.jsonl"
    path.write_text('{"id": "a", "prompt": "b"}\n{"id": 3}\n')
    with pytest.raises(BadRunFolder, match=r"1\.jsonl, line 2 cannot be read: delete the file"):
        read(path, Probed)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRunFolder, match=r"cannot write .*file"):
        Stage().run(tmp_path / "file" / "1.jsonl")


@given(st.lists(st.integers()), st.integers(1, 5))
def test_chunks_are_the_list_again(items: list[int], size: int) -> None:
    chunks = chunked(items, size)
    assert [each for chunk in chunks for each in chunk] == items
    assert all(len(chunk) == size for chunk in chunks[:-1])
