"""What every storage of files must do, whatever is behind its URL."""

import hashlib
import io
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.files import FileTooLarge, Storage, media_type
from settlement.errors import NotFound


@pytest.fixture
def storage(tmp_path):
    return Storage(f"file:{tmp_path / 'files'}")


class Broken:
    """A stream that fails after its first piece."""

    def __init__(self):
        self._first = True

    def read(self, size):
        if not self._first:
            raise ConnectionError
        self._first = False
        return b"x" * size


def names(tmp_path):
    """Return every file below the storage's directory."""
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


class TestStorage:
    def test_what_is_put_in_comes_out(self, storage):
        stored = storage.put(io.BytesIO(b"a,b\n1,2\n"))
        with storage.open(stored.key) as file:
            assert file.read() == b"a,b\n1,2\n"
        assert stored.size == 8
        assert stored.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
        assert storage.has(stored.key)

    def test_an_empty_file_is_a_file(self, storage):
        stored = storage.put(io.BytesIO(b""))
        assert stored.size == 0
        assert list(storage.read(stored.key)) == []

    def test_a_large_file_comes_in_pieces(self, storage):
        content = bytes(range(256)) * 20_000
        stored = storage.put(io.BytesIO(content))
        pieces = list(storage.read(stored.key, chunk=1_000_000))
        assert max(map(len, pieces)) <= 1_000_000
        assert b"".join(pieces) == content

    def test_equal_content_is_kept_once(self, storage, tmp_path):
        first, second = (storage.put(io.BytesIO(b"same")) for _ in range(2))
        assert first == second
        assert len(names(tmp_path)) == 1

    def test_many_at_once_do_not_disturb_each_other(self, storage, tmp_path):
        contents = [bytes([number % 5]) * 10_000 for number in range(20)]
        threads = [
            Thread(target=storage.put, args=(io.BytesIO(content),))
            for content in contents
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(names(tmp_path)) == 5

    def test_beyond_the_limit_nothing_is_kept(self, storage, tmp_path):
        with pytest.raises(FileTooLarge):
            storage.put(io.BytesIO(b"12345"), limit=4)
        assert names(tmp_path) == []
        assert storage.put(io.BytesIO(b"1234"), limit=4).size == 4

    def test_a_broken_upload_leaves_nothing(self, storage, tmp_path):
        with pytest.raises(ConnectionError):
            storage.put(Broken())
        assert names(tmp_path) == []

    @pytest.mark.parametrize(
        "key", ["", "x", "../../etc/passwd", "0" * 63, "0" * 64, "A" * 64, "0" * 65]
    )
    def test_no_key_but_ours_opens_anything(self, storage, key):
        with pytest.raises(NotFound), storage.open(key):
            pass
        with pytest.raises(NotFound):
            storage.read(key)

    def test_another_process_finds_it(self, storage, tmp_path):
        stored = storage.put(io.BytesIO(b"durable"))
        again = Storage(f"file:{tmp_path / 'files'}")
        assert b"".join(again.read(stored.key)) == b"durable"


@given(st.binary(max_size=5_000))
def test_any_content_survives(tmp_path_factory, content):
    storage = Storage(f"file:{tmp_path_factory.mktemp('files')}")
    stored = storage.put(io.BytesIO(content))
    assert b"".join(storage.read(stored.key)) == content


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv"),
        ("b.GEOJSON", "application/geo+json"),
        ("c.parquet", "application/vnd.apache.parquet"),
        ("d", "application/octet-stream"),
        ("e.exe", "application/octet-stream"),
    ],
)
def test_a_name_promises_a_media_type(name, kind):
    assert media_type(name) == kind


def test_an_unknown_kind_of_url_is_a_mistake_of_the_settings():
    with pytest.raises(AssertionError, match="FILES_URL"):
        Storage("ftp://example.org")
