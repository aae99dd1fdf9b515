from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor import catalog
from monitor.catalog.files import matches
from monitor.errors import QueryFileError
from monitor.patterns import Matcher

QUERIES = Path(__file__).parents[1] / "queries"


@pytest.fixture(scope="module")
def queries() -> catalog.Catalog:
    return catalog.load(QUERIES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(QUERIES, tmp_path / "queries"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_mechanism_and_claim_of_the_article_is_there(queries):
    assert len(queries.mechanisms) == 32
    assert sum(m.named_in_article for m in queries.mechanisms) == 9
    assert len(queries.claims) == 15


def test_every_mechanism_explains_itself_to_a_reader(queries):
    for mechanism in queries.mechanisms:
        assert mechanism.plain.endswith("."), mechanism.id
        assert mechanism.label, mechanism.id


@pytest.mark.parametrize("kind", ["mechanisms", "cues"])
def test_every_rule_does_to_its_examples_what_it_says(queries, kind):
    for rule in getattr(queries, kind):
        cues = (*rule.cues, *getattr(rule, "weak_cues", ()))
        matcher = Matcher([*((True, c) for c in cues), *((False, t) for t in rule.traps)])
        for sentence in rule.examples.match:
            assert matches(matcher, sentence), (rule.id, sentence)
        for sentence in rule.examples.no_match:
            assert not matches(matcher, sentence), (rule.id, sentence)


def test_the_cue_groups_that_the_code_names_are_there(queries):
    named = {
        "null",
        "null_weak",
        "change",
        "relation",
        "benefit",
        "report",
        "own_finding",
        "argue",
        "hedge",
        "speculation",
        "future",
        "aim",
        "background",
        "contrast",
        "mixed",
        "harm",
        "illness",
        "ldn",
        "patients_vs_controls",
    }
    assert named <= set(queries.cue)


def test_a_claim_has_no_status_of_its_own(queries):
    for claim in queries.claims:
        assert "status" not in claim.model_dump()


def test_an_unknown_key_is_refused_with_file_rule_and_key(folder):
    edit(folder / "mechanisms.toml", 'id = "nk_cell"', 'id = "nk_cell"\ncolour = "red"')
    with pytest.raises(QueryFileError, match=r"mechanisms\.toml: .*nk_cell.*colour.*unknown key"):
        catalog.load(folder)


def test_a_cue_that_cannot_be_read_is_refused_with_the_cue(folder):
    edit(folder / "mechanisms.toml", '"neurofilament*"', '"(neurofilament*"')
    with pytest.raises(QueryFileError, match=r"neuroinflammation.*neurofilament.*bracket"):
        catalog.load(folder)


def test_an_example_that_fails_is_refused_with_the_sentence(folder):
    edit(
        folder / "cues.toml",
        'no_match = ["There was no significant difference in age.',
        'no_match = ["We found no evidence of it.", "There was no significant difference in age.',
    )
    with pytest.raises(QueryFileError, match=r"cues\.toml: null: must not match 'We found no"):
        catalog.load(folder)


def test_a_claim_on_an_unknown_mechanism_is_refused(folder):
    edit(folder / "claims.toml", 'mechanisms = ["nk_cell"]', 'mechanisms = ["killer_bees"]')
    with pytest.raises(QueryFileError, match=r"claims\.toml: claim ldn-nk: .*killer_bees"):
        catalog.load(folder)


def test_an_id_that_stands_twice_is_refused(folder):
    edit(folder / "claims.toml", 'id = "cause-mitochondrial"', 'id = "cause-immune"')
    with pytest.raises(QueryFileError, match="cause-immune.*twice"):
        catalog.load(folder)


def test_broken_toml_is_refused_with_its_line(folder):
    with (folder / "claims.toml").open("a", encoding="utf-8") as file:
        file.write("\n[[claim]\n")
    with pytest.raises(QueryFileError, match=r"claims\.toml: not valid TOML.*line \d+"):
        catalog.load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "cues.toml").unlink()
    with pytest.raises(QueryFileError, match=r"cues\.toml: the file is missing"):
        catalog.load(folder)


def test_a_correction_needs_a_known_field_and_a_reason(folder):
    text = '[[correction]]\npmid = "1"\nfield = "colour"\nvalue = "x"\nreason = "It was misread."\n'
    (folder / "corrections.toml").write_text(text + "date = 2026-11-24\n", encoding="utf-8")
    with pytest.raises(QueryFileError, match=r"corrections\.toml: correction\[0\]\.field"):
        catalog.load(folder)


def test_the_version_changes_with_the_rules_and_only_with_them(folder):
    before = catalog.load(folder).version
    assert catalog.load(folder).version == before
    edit(folder / "claims.toml", "Large studies", "Very large studies")
    assert catalog.load(folder).version == before
    edit(folder / "mechanisms.toml", '"neurofilament*"', '"neurofilaments"')
    assert catalog.load(folder).version != before
