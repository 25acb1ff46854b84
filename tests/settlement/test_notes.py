"""Signed notes: only the key's holder signs, and a checkpoint says what it said."""

import pytest

from settlement.notes import BadNote, Checkpoint, Signer, new_secret, opened

# Of the C2SP specification's own example (signed-note, PeterNeumann).
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX"
    "gKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@pytest.fixture
def signer():
    return Signer(new_secret("databourse/test"))


def test_a_note_of_another_signer_is_read():
    assert opened(NOTE, KEY).startswith("If you think")


def test_a_note_is_read_with_the_public_key(signer):
    text = "one\ntwo\n"
    assert opened(signer.sign(text), signer.public) == text


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_changed_note_is_refused(signer, place):
    note = signer.sign(Checkpoint("databourse/test", 7, bytes(32)).text())
    changed = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
    with pytest.raises(BadNote):
        opened(changed, signer.public)


def test_a_note_of_another_key_is_refused(signer):
    other = Signer(new_secret("databourse/test"))
    with pytest.raises(BadNote):
        opened(other.sign("x\n"), signer.public)


@pytest.mark.parametrize("key", ["", "a+b", "a+00000000+AAAA", KEY.replace("c7", "c8")])
def test_what_is_no_key_is_refused(signer, key):
    with pytest.raises(BadNote):
        opened(signer.sign("x\n"), key)


def test_a_checkpoint_is_read_as_it_was_written():
    said = Checkpoint("databourse/test", 12, bytes(range(32)))
    assert Checkpoint.read(said.text()) == said


@pytest.mark.parametrize(
    "text", ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "\n1\n\n"]
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadNote):
        Checkpoint.read(text)
