from marketplace.demo.people import PASSWORD, logins, made_up_code, people, staff
from marketplace.members.credit_code import parse
from marketplace.members.organisations import checked
from marketplace.members.passwords import check_strength
from marketplace.members.roles import STAFF


def test_there_are_eight_vendors_twenty_buyers_and_every_role_of_the_staff():
    assert len(people("vendor")) == 8
    assert len(people("buyer")) == 20
    assert {one.role for one in staff()} == set(STAFF)


def test_organisations_are_valid_and_say_that_they_are_made_up():
    everybody = [
        one for role in ("vendor", "buyer", "applicant") for one in people(role)
    ]
    for person in everybody:
        organisation = checked(person.organisation)
        assert "（演示）" in organisation.name_zh
        assert "(demo)" in organisation.name_en
    codes = [one.organisation.credit_code for one in everybody]
    known = [code for code in codes if code]
    assert len(set(known)) == len(known) >= 26


def test_made_up_codes_have_right_check_characters():
    for place in range(1, 300):
        code = made_up_code("company", "310000", place)
        assert parse(code) == code


def test_everybody_has_a_login_with_a_password_that_is_strong_enough():
    emails = [login.email for login in logins()]
    assert len(set(emails)) == len(emails) == 39
    for email in emails:
        check_strength(PASSWORD, email)
    assert all(PASSWORD in str(login) for login in logins())
