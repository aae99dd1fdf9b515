"""The site is written whole or not at all, and never over what is not ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import PublishError
from monitor.publish import site
from monitor.publish.site import File

FILES = [
    File.of("index.html", b"start"),
    File.of("papers/1.html", b"one"),
    File.of("papers/2.html", b"two"),
]


def test_unchanged_files_are_not_written_again(tmp_path: Path) -> None:
    target = tmp_path / "site"
    assert site.write(target, FILES) == site.Written(3, 3, 0)
    before = (target / "papers/1.html").stat().st_ino
    changed = [*FILES[:2], File.of("papers/2.html", b"new")]
    assert site.write(target, changed) == site.Written(3, 1, 0)
    assert (target / "papers/1.html").stat().st_ino == before
    assert (target / "papers/2.html").read_bytes() == b"new"


def test_a_page_that_is_gone_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "site"
    site.write(target, FILES)
    assert site.write(target, FILES[:2]).removed == 1
    assert not (target / "papers/2.html").exists()


def test_a_build_that_fails_leaves_the_old_site(tmp_path: Path) -> None:
    target = tmp_path / "site"
    site.write(target, FILES)

    def broken() -> Iterator[File]:
        yield File.of("index.html", b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(PublishError, match="No space left on device.*untouched"):
        site.write(target, broken())
    assert (target / "index.html").read_bytes() == b"start"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".site.build", "site"]


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(PublishError, match="thesis.docx"):
        site.write(tmp_path, FILES)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_the_readme_of_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about")
    site.write(tmp_path, FILES)
    site.write(tmp_path, FILES[:1])
    assert (tmp_path / "README.md").read_text() == "about"


def test_where_folders_cannot_change_places_files_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(first: Path, second: Path) -> None:
        raise OSError(16, os.strerror(16), str(second))

    monkeypatch.setattr(site, "_exchange", busy)
    target = tmp_path / "site"
    site.write(target, FILES)
    site.write(target, [File.of("index.html", b"later")])
    assert (target / "index.html").read_bytes() == b"later"
    assert not (target / "papers/1.html").exists()
    assert site.write(target, [File.of("index.html", b"later")]).changed == 0
