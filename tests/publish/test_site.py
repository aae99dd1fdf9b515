"""The site is written whole or not at all, and never over what is not ours."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import PublishError
from monitor.publish import site, twin
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

    monkeypatch.setattr(twin, "_rename", busy)
    target = tmp_path / "site"
    site.write(target, FILES)
    site.write(target, [File.of("index.html", b"later")])
    assert (target / "index.html").read_bytes() == b"later"
    assert not (target / "papers/1.html").exists()
    assert site.write(target, [File.of("index.html", b"later")]).changed == 0


@pytest.fixture
def twinned(tmp_path: Path) -> tuple[Path, Path]:
    """A site, and its twin."""
    site.write(tmp_path / "site", FILES)
    return tmp_path / "site", tmp_path / ".site.build" / "twin"


def held(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in twin.files_in(folder)}


def test_the_twin_holds_the_same_files_and_takes_no_room(twinned: tuple[Path, Path]) -> None:
    target, other = twinned
    (target / "proof.html").write_text("mine")
    changed = [FILES[0], File.of("papers/2.html", b"new"), File.of("lists/3.html", b"three")]
    assert site.write(target, changed) == site.Written(3, 2, 1)
    ours = held(target)
    assert ours.pop("proof.html") == b"mine"
    assert ours == held(other)
    assert all((target / path).samefile(other / path) for path in ours)
    (target / "proof.html").unlink()
    site.write(target, FILES)
    assert sorted(held(target)) == [".manifest.json", *sorted(f.path for f in FILES)]
    assert not (target / "lists").exists()


@pytest.mark.parametrize("fault", ["half done", "of another site", "short of a file"])
def test_a_twin_that_is_not_one_is_made_anew(twinned: tuple[Path, Path], fault: str) -> None:
    target, other = twinned
    if fault == "half done":
        (other / site.MANIFEST).unlink()
    if fault == "of another site":
        shutil.rmtree(other)
        shutil.copytree(target, other)
    (other / "papers/1.html").unlink()
    if fault != "short of a file":
        (other / "papers/1.html").write_bytes(b"stale")
    site.write(target, [*FILES[:2], File.of("papers/2.html", b"new")])
    assert (target / "papers/1.html").read_bytes() == b"one"


def test_where_files_cannot_be_linked_no_twin_is_kept(
    twinned: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: str, place: str) -> None:
        raise OSError(95, os.strerror(95), source, None, place)

    target, other = twinned
    shutil.rmtree(other)
    monkeypatch.setattr(os, "link", refused)
    site.write(target, [*FILES[:2], File.of("papers/2.html", b"new")])
    assert (target / "papers/1.html").read_bytes() == b"one"
    assert (target / "papers/2.html").read_bytes() == b"new"
    assert not other.exists()


def test_what_is_made_of_the_same_is_not_made_again(tmp_path: Path) -> None:
    target = tmp_path / "site"
    made: list[str] = []

    def page(name: str, inputs: str) -> File:
        def make() -> bytes:
            made.append(name)
            return name.encode()

        return File(name, make, inputs)

    site.write(target, [page("index.html", "a"), page("other.html", "b")])
    site.write(target, [page("index.html", "a"), page("other.html", "c")])
    assert made == ["index.html", "other.html", "other.html"]
    (target / "index.html").unlink()  # somebody took it away
    site.write(target, [page("index.html", "a"), page("other.html", "c")])
    assert made[3:] == ["index.html"]


def test_a_finished_file_is_moved_in(tmp_path: Path) -> None:
    def make() -> Path:
        (tmp_path / "made").write_bytes(b"large")
        return tmp_path / "made"

    target = tmp_path / "site"
    assert site.write(target, [File("data.db", make)]).changed == 1
    assert site.write(target, [File("data.db", make)]).changed == 0
    assert (target / "data.db").read_bytes() == b"large"
    assert not (tmp_path / "made").exists()


def test_files_of_others_in_our_folder_stay(tmp_path: Path) -> None:
    target = tmp_path / "site"
    site.write(target, FILES)
    (target / "google123.html").write_text("proof")
    (target / "mine").mkdir()
    (target / "mine" / "thesis.docx").write_text("mine")
    site.write(target, FILES[:2])
    assert (target / "google123.html").read_text() == "proof"
    assert (target / "mine" / "thesis.docx").read_text() == "mine"
    assert not (target / "papers/2.html").exists()


def test_a_manifest_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    target = tmp_path / "site"
    site.write(target, FILES)
    (target / site.MANIFEST).write_text("[oh")
    with pytest.raises(PublishError, match=r"nobody knows which files are ours"):
        site.write(target, FILES[:1])
    assert (target / "papers/2.html").read_bytes() == b"two"


def test_a_site_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    target = tmp_path / "site"
    site.write(target, FILES)
    (target / site.MANIFEST).write_text('{"index.html": "00", "papers/1.html": "11", "old": "22"}')
    assert site.write(target, FILES).removed == 1
    assert (target / "index.html").read_bytes() == b"start"


def test_a_disk_that_takes_no_more_leaves_the_old_site(tmp_path: Path) -> None:
    target = tmp_path / "site"
    site.write(target, FILES)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(PublishError, match=r"cannot be written \(File too large\).*untouched"):
            site.write(target, [File.of("index.html", b"x" * 200_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (target / "index.html").read_bytes() == b"start"


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root may write everywhere, so be someone else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that nobody may write, with a site in it."""
    folder = Path(tempfile.mkdtemp())
    site.write(folder / "site", FILES)
    shutil.rmtree(folder / ".site.build")
    for path in (folder / "site/papers", folder / "site", folder):
        path.chmod(0o555)
    yield folder
    for path in (folder, folder / "site", folder / "site/papers"):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written_is_named(locked: Path, nobody: None) -> None:
    target = locked / "site"
    with pytest.raises(PublishError, match=r"site cannot be written \(Permission denied\)"):
        site.write(target, [File.of("index.html", b"new")])
    assert (target / "index.html").read_bytes() == b"start"


def test_two_processes_do_not_write_one_site(tmp_path: Path) -> None:
    target = tmp_path / "site"
    with site.opened(target), pytest.raises(PublishError, match="another process"):
        site.write(target, FILES)
    site.write(target, FILES)


def test_where_only_the_folder_itself_can_be_written_the_draft_is_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "site"
    target.mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda self: self == target)
    site.write(target, FILES)
    site.write(target, [File.of("index.html", b"later")])
    assert [p.name for p in tmp_path.iterdir()] == ["site"]
    assert (target / "index.html").read_bytes() == b"later"
    assert not (target / "papers/1.html").exists()


def test_who_stands_in_the_old_site_still_finds_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that opened the folder before the exchange looks for the file after it."""
    folder = tmp_path / "site"
    for text in (b"one", b"two"):
        site.write(folder, [("index.html", text), ("papers/1.html", text)])
    old = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    link, looked = os.link, []

    def watched(source: str, place: str) -> None:
        looked.append(os.stat("index.html", dir_fd=old).st_size)
        looked.append(os.stat("papers/1.html", dir_fd=old).st_size)
        link(source, place)

    monkeypatch.setattr(os, "link", watched)
    site.write(folder, [("index.html", b"three"), ("papers/1.html", b"three")])
    os.close(old)
    assert looked
