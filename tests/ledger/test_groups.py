from __future__ import annotations

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ledger.groups import Groups, Signature, signature, why_linked
from monitor.model import Article, Dates

from .made import author, signed

UNIT = "Centre for Tired Cells, University of Norwhere, Norwhere"


def made(pmid, *authors, day=1):
    return signature(
        Article(pmid=str(pmid), title="T", authors=authors, dates=Dates(created=date(2020, 1, day)))
    )


def test_papers_with_two_shared_authors_are_one_group_and_it_says_why():
    one = made(1, author("Ackroyd A"), author("Bellweather B"), author("Crumb C"))
    two = made(2, author("Bellweather B"), author("Ackroyd A"), author("Dunwich D"))
    assert why_linked(one, two) == "share the authors Ackroyd A, Bellweather B"


def test_one_shared_author_in_the_middle_is_not_enough():
    one = made(1, author("Ackroyd A"), author("Crumb C"))
    two = made(2, author("Ackroyd A"), author("Dunwich D"))
    assert why_linked(one, two) is None


def test_the_same_last_author_makes_one_group():
    one = made(1, author("Ackroyd A"), author("Crumb C"))
    two = made(2, author("Bellweather B"), author("Crumb C"))
    assert why_linked(one, two) == "have the same last author, Crumb C"


def test_a_common_name_alone_does_not_tell_a_person():
    one = made(1, author("Ackroyd A"), author("Wang Y"))
    two = made(2, author("Bellweather B"), author("Wang Y"))
    assert why_linked(one, two) is None


def test_two_common_names_do_not_make_a_group_but_four_do():
    names = ["Wang Y", "Li J", "Zhang X", "Chen W"]
    few = [made(i, *(author(n) for n in names[:2]), author(f"{x} Q")) for i, x in enumerate("ab")]
    many = [made(i, *(author(n) for n in names), author(f"{x} Q")) for i, x in enumerate("ab")]
    assert why_linked(*few) is None
    assert why_linked(*many)


def test_an_orcid_makes_one_group_whatever_the_name():
    one = made(1, author("Smith J", orcid="0000-0001-0000-0001"), author("Crumb C"))
    two = made(2, author("Smith-Jones J", orcid="0000-0001-0000-0001"), author("Dunwich D"))
    assert "ORCID" in why_linked(one, two)


def test_last_authors_with_different_orcids_are_different_people():
    one = made(1, author("Ackroyd A"), author("Crumb C", orcid="0000-0001-0000-0001"))
    two = made(2, author("Bellweather B"), author("Crumb C", orcid="0000-0001-0000-0002"))
    assert why_linked(one, two) is None


def test_the_same_named_centre_makes_one_group_and_a_department_does_not():
    one = made(1, author("Ackroyd A", affiliations=(UNIT,)))
    two = made(2, author("Crumb C", affiliations=(UNIT,)))
    assert "centre or laboratory" in why_linked(one, two)
    large = "Department of Medicine, University of Norwhere, Norwhere"
    one = made(1, author("Ackroyd A", affiliations=(large,)))
    two = made(2, author("Crumb C", affiliations=(large,)))
    assert why_linked(one, two) is None


def test_names_match_across_accents_and_case():
    one = made(1, author("Müller-Özil A"), author("Crumb C"))
    two = made(2, author("Muller-Ozil A"), author("CRUMB C"))
    assert why_linked(one, two)


def test_a_group_is_named_after_the_last_author_of_its_first_paper():
    groups = Groups.of([signed(2, "Ackroyd A", "Crumb C", day=2)])
    moved = groups.add(signed(1, "Dunwich D", "Crumb C", day=1))
    assert moved == ("2",)
    assert groups.name_of("2") == groups.name_of("1") == "Crumb C (1)"


def test_a_paper_can_join_two_groups_and_the_chain_is_explained():
    groups = Groups.of(
        [
            signed(1, "Ackroyd A", "Crumb C", day=1),
            signed(2, "Bellweather B", "Dunwich D", day=2),
        ]
    )
    assert groups.name_of("1") != groups.name_of("2")
    assert groups.add(signed(3, "Ackroyd A", "Bellweather B", "Crumb C", "Dunwich D", day=3)) == (
        "2",
    )
    assert groups.name_of("1") == groups.name_of("2") == groups.name_of("3")
    first, second = groups.explain("1", "2")
    assert first.startswith("1 and 3 share the authors")
    assert second == "3 and 2 have the same last author, Dunwich D."


def test_a_group_falls_apart_without_the_paper_that_held_it_together():
    groups = Groups.of(
        [
            signed(1, "Ackroyd A", "Crumb C", day=1),
            signed(2, "Bellweather B", "Dunwich D", day=2),
            signed(3, "Ackroyd A", "Bellweather B", "Crumb C", "Dunwich D", day=3),
        ]
    )
    assert groups.remove("3") == ("2",)
    assert groups.name_of("1") == "Crumb C (1)"
    assert groups.name_of("2") == "Dunwich D (2)"
    assert groups.name_of("3") == ""
    assert groups.explain("1", "2") == ()


def test_a_paper_without_named_authors_stands_alone():
    groups = Groups.of([Signature("1"), Signature("2")])
    assert groups.name_of("1") == "authors of 1"
    assert groups.name_of("1") != groups.name_of("2")


def test_a_signature_survives_being_written_down():
    one = made(1, author("Ackroyd A", orcid="0000-0001-0000-0001", affiliations=(UNIT,)))
    assert Signature.of_list(one.to_list()) == one
    assert Signature.of_list(Signature("7").to_list()) == Signature("7")


PEOPLE = [f"{family}er {initial}" for family in "ABCDEF" for initial in "AB"]
PAPERS = st.lists(
    st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True), min_size=2, max_size=6
)


@given(PAPERS, st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_in_which_papers_come(papers, chance):
    signatures = [signed(i + 1, *names, day=i + 1) for i, names in enumerate(papers)]
    expected = Groups.of(signatures)
    shuffled = signatures[:]
    chance.shuffle(shuffled)
    groups = Groups.of(shuffled)
    for one in signatures:
        assert groups.name_of(one.pmid) == expected.name_of(one.pmid)


@given(PAPERS)
def test_removing_a_paper_leaves_the_groups_that_there_were_without_it(papers):
    signatures = [signed(i + 1, *names, day=i + 1) for i, names in enumerate(papers)]
    groups = Groups.of(signatures)
    groups.remove(signatures[0].pmid)
    expected = Groups.of(signatures[1:])
    for one in signatures[1:]:
        assert groups.name_of(one.pmid) == expected.name_of(one.pmid)


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations("123", 2)))
def test_a_link_holds_both_ways(one, other):
    papers = {
        "1": signed(1, "Ackroyd A", "Crumb C"),
        "2": signed(2, "Bellweather B", "Crumb C"),
        "3": signed(3, "Dunwich D", "Early E"),
    }
    there = why_linked(papers[one], papers[other])
    assert (there is None) is (why_linked(papers[other], papers[one]) is None)
