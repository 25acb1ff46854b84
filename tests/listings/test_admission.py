"""A product's way to the market, and who may take which step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings import admission, catalogue, instruments, products
from listings.admission import (
    LISTING,
    OPERATOR,
    PRODUCT,
    Actor,
    ListingEvent,
    ListingState,
    ProductEvent,
    ProductState,
)
from listings.products import Facts
from listings.registration import checklist
from settlement.errors import IllegalMove, Invalid, NotFound, OwnWork
from tests.gates import approve, prove, to_market

VENDOR, COLLEAGUE, REGISTRAR = Actor(5, 7), Actor(6, 7), Actor(9, 0)


def listed(db, product):
    return to_market(db, product, VENDOR, REGISTRAR)


def test_a_product_goes_from_draft_to_the_market(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        (facts,) = listed(db, product)
        assert facts.symbol == "JSTMP"
        assert facts.vendor == VENDOR.member
        found = catalogue.listing(db, product)
        assert (found.state, found.listing_state) == ("registered", "listed")
        assert found.certificate == 1
        assert found.admitted_by == REGISTRAR.id
        steps = [review.event for review in catalogue.reviews_of(db, product)]
    checks = ["pass"] * len(checklist.LINES)
    after = ["publish", "admit", "compliance", "lapse", "approve"]
    assert steps == [*after, *checks, "submit"]


def test_a_submission_shows_every_problem_at_once(engine):
    with engine.begin() as db:
        product = products.draft(db, 7, Facts("dataset"), VENDOR.id)
        with pytest.raises(Invalid) as refused:
            admission.submit(db, product, VENDOR)
    assert refused.value.problems.keys() == {
        *("title_zh", "summary_zh", "description_zh", "sector", "region", "updates"),
        *("dictionary", "keywords", "instruments", "releases"),
        *("source_route", "source_statement", "sensitivity", "personal"),
        *("purpose", "scene", "rights", "attachment_commitment"),
    }


@pytest.mark.parametrize("by", [VENDOR, COLLEAGUE], ids=["vendor", "colleague"])
def test_nobody_reviews_a_product_of_their_own_member(engine, drafted, by):
    product = drafted()
    with engine.begin() as db:
        prove(db, product)
        admission.submit(db, product, VENDOR)
        for step in (admission.approve, admission.lapse, admission.admit):
            with pytest.raises(OwnWork):
                step(db, product, by)
        with pytest.raises(OwnWork):
            admission.return_(db, product, {"title_zh": "longer"}, by)


def test_the_house_does_not_review_what_the_same_user_wrote(engine, drafted):
    product = drafted(vendor=Actor(9, 0))
    with engine.begin() as db:
        prove(db, product)
        admission.submit(db, product, REGISTRAR)
        with pytest.raises(OwnWork):
            admission.approve(db, product, REGISTRAR)
        approve(db, product, Actor(10, 0))


def test_a_stranger_cannot_even_see_that_a_draft_is_there(engine, drafted):
    product = drafted()
    stranger = Actor(20, 8)
    with engine.begin() as db:
        with pytest.raises(NotFound):
            admission.submit(db, product, stranger)
        with pytest.raises(NotFound):
            admission.delist(db, product, "mine now", stranger)
        with pytest.raises(NotFound):
            catalogue.listing(db, product)
        with pytest.raises(NotFound):
            catalogue.product(db, product, vendor=stranger.member)


def test_a_returned_product_carries_reasons_and_may_be_edited_and_submitted(
    engine, drafted
):
    product = drafted()
    with engine.begin() as db:
        prove(db, product)
        admission.submit(db, product, VENDOR)
        with pytest.raises(products.NotEditable):
            products.edit(db, product, Facts("dataset"), 1, VENDOR.id)
        with pytest.raises(Invalid):
            admission.return_(db, product, {}, REGISTRAR)
        with pytest.raises(Invalid):
            admission.return_(db, product, {"title_zh": "  "}, REGISTRAR)
        admission.return_(db, product, {"title_zh": "Say which year."}, REGISTRAR)
        assert catalogue.reviews_of(db, product)[0].reasons == {
            "title_zh": "Say which year."
        }
        row = products.find(db, product)
        better = products.facts_of(row)._replace(title_zh="江苏逐日气温 2026")
        products.edit(db, product, better, row.version, VENDOR.id)
        admission.submit(db, product, VENDOR)
        assert products.find(db, product).state == "in_review"


def test_a_step_that_is_not_next_is_refused(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        with pytest.raises(IllegalMove):
            admission.approve(db, product, REGISTRAR)
        with pytest.raises(IllegalMove):
            admission.admit(db, product, REGISTRAR)
        prove(db, product)
        admission.submit(db, product, VENDOR)
        with pytest.raises(IllegalMove):
            admission.submit(db, product, VENDOR)
        with pytest.raises(IllegalMove):
            admission.resume(db, product, REGISTRAR)


def test_an_objection_stops_the_registration(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        prove(db, product)
        admission.submit(db, product, VENDOR)
        approve(db, product, REGISTRAR)
        admission.object_(db, product, "The data is ours.", REGISTRAR)
        with pytest.raises(IllegalMove):
            admission.lapse(db, product, REGISTRAR)


def objected(db, product):
    prove(db, product)
    admission.submit(db, product, VENDOR)
    approve(db, product, REGISTRAR)
    admission.object_(db, product, "The data is ours.", REGISTRAR)


def test_an_upheld_objection_gives_the_product_back_to_its_vendor(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        objected(db, product)
        with pytest.raises(OwnWork):
            admission.uphold(db, product, "They own it.", COLLEAGUE)
        with pytest.raises(Invalid):
            admission.uphold(db, product, " ", REGISTRAR)
        admission.uphold(db, product, "They own it.", REGISTRAR)
        assert products.find(db, product).state == "returned"
        newest = catalogue.reviews_of(db, product)[0]
        assert newest.reasons == {"objection": "They own it."}
        admission.submit(db, product, VENDOR)


def test_a_dismissed_objection_lets_the_publicity_go_on(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        objected(db, product)
        with pytest.raises(Invalid):
            admission.dismiss(db, product, "", REGISTRAR)
        admission.dismiss(db, product, "Other data.", REGISTRAR)
        assert products.find(db, product).state == "publicity"
        with pytest.raises(IllegalMove):
            admission.uphold(db, product, "They own it.", REGISTRAR)
        assert admission.lapse(db, product, REGISTRAR) == 1


def test_suspending_and_delisting_move_the_instruments_too(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        (facts,) = listed(db, product)
        state = lambda: instruments.get(db, facts.instrument).state
        assert admission.suspend(db, product, "a complaint", REGISTRAR) == [
            facts.instrument
        ]
        assert state() == "suspended"
        assert catalogue.listing(db, product).reason == "a complaint"
        admission.resume(db, product, REGISTRAR)
        assert state() == "listed"
        admission.delist(db, product, "no longer made", VENDOR)
        assert state() == "delisted"
        with pytest.raises(IllegalMove):
            admission.admit(db, product, REGISTRAR)


def test_a_registration_is_cancelled_only_after_delisting(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        listed(db, product)
        with pytest.raises(IllegalMove):
            admission.cancel(db, product, "withdrawn", REGISTRAR)
        admission.delist(db, product, "withdrawn", REGISTRAR)
        admission.cancel(db, product, "withdrawn", REGISTRAR)
        assert products.find(db, product).state == "lapsed"


def test_other_facts_of_a_listed_product_wait_until_they_are_registered(
    engine, drafted
):
    product = drafted()
    with engine.begin() as db:
        listed(db, product)
        row = products.find(db, product)
        other = products.facts_of(row)._replace(title_en="Hourly temperatures")
        version = admission.change(db, product, other, row.version, VENDOR)
        assert version == row.version + 1
        shown = catalogue.listing(db, product)
        assert (shown.title_en, shown.proposed) == (
            "Daily temperatures of Jiangsu",
            True,
        )
        approve(db, product, REGISTRAR)
        assert admission.lapse(db, product, REGISTRAR) == 2
        shown = catalogue.listing(db, product)
        assert shown.title_en == "Daily temperatures of Jiangsu"  # not listed with it
        admission.admit_added(db, product, REGISTRAR)
        shown = catalogue.listing(db, product)
        assert (shown.title_en, shown.proposed) == ("Hourly temperatures", False)
        assert (shown.listing_state, shown.listing_version) == ("listed", 2)


def test_an_instrument_added_to_a_listing_waits_for_the_registrar(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        listed(db, product)
        licence = catalogue.instruments_of(db, product)[0].licence.id
        unit = instruments.Unit("JSTMP.S", licence, "seat")
        added = instruments.add(db, product, unit)
        assert instruments.get(db, added).state == "pending"
        with pytest.raises(OwnWork):
            admission.admit_added(db, product, COLLEAGUE)
        told = admission.admit_added(db, product, REGISTRAR)
        assert added in [facts.instrument for facts in told]


def test_the_operator_may_decide_at_the_command_line(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        prove(db, product)
        admission.submit(db, product, VENDOR)
        approve(db, product, OPERATOR)
        assert catalogue.reviews_of(db, product)[0].by_user == OPERATOR.id


@given(st.lists(st.sampled_from(ProductEvent)), st.lists(st.sampled_from(ListingEvent)))
def test_no_chain_of_events_leaves_the_machines(product_events, listing_events):
    product, listing = ProductState.DRAFT, ListingState.PENDING
    for event in product_events:
        if PRODUCT.may(product, event):
            product = PRODUCT.after(product, event)
    for event in listing_events:
        if LISTING.may(listing, event):
            listing = LISTING.after(listing, event)
    assert product in ProductState
    assert listing in ListingState
    ended = not any(PRODUCT.may(product, event) for event in ProductEvent)
    assert ended == (product is ProductState.LAPSED)


def test_what_is_delisted_never_comes_back():
    assert not any(LISTING.may(ListingState.DELISTED, event) for event in ListingEvent)
