"""The settings: defaults below one directory, overridden by the environment."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from marketplace.config import Config, WrongSetting, ui

NAMES = (
    "DATABOURSE_DATA", "DATABASE_URL", "EXCHANGE_URL", "SEARCH_URL", "WAREHOUSE_URL",
    "FILES_URL", "PORT", "SECRET_KEY", "SECURE_COOKIES", "TRUSTED_HOSTS", "PROXIES",
    "RATE_LIMITS", "RATE_LIMIT", "METERED_NOTICE_DAYS", "RENEWED_NOTICE_DAYS",
    "SCHEMA_NOTICE_DAYS",
    "NOTICE_DAYS", "REVIEW_DAYS",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_everything_lies_below_the_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABOURSE_DATA", str(tmp_path))
    config = Config.from_environment()
    assert config == Config.at(tmp_path)
    assert config.exchange_url == "inline:"
    for url in (config.database_url, config.search_url, config.files_url):
        assert str(tmp_path) in url
    assert config.warehouse() == tmp_path / "warehouse"


def test_the_environment_overrides_each_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/x")
    monkeypatch.setenv("EXCHANGE_URL", "unix:/run/databourse.sock")
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("SECURE_COOKIES", "true")
    monkeypatch.setenv("TRUSTED_HOSTS", "data.example,www.data.example")
    monkeypatch.setenv("PROXIES", "1")
    config = Config.from_environment()
    assert config.database_url == "postgresql://db.example/x"
    assert config.exchange_url == "unix:/run/databourse.sock"
    assert (config.port, config.secure_cookies, config.proxies) == (9000, True, 1)
    assert config.trusted_hosts == ("data.example", "www.data.example")


@pytest.mark.parametrize(
    ("url", "master"),
    [
        ("spark:spark://10.0.0.5:7077/srv/tape", "spark://10.0.0.5:7077"),
        ("spark:local[2]/srv/tape", "local[2]"),
        ("duckdb:/srv/tape", ""),
    ],
)
def test_the_warehouse_is_of_one_engine_over_one_directory(
    monkeypatch: pytest.MonkeyPatch, url: str, master: str
) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", url)
    config = Config.from_environment()
    assert (config.spark, config.warehouse()) == (master, Path("/srv/tape"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://root:secret@db/x"),
        ("EXCHANGE_URL", "writer.sock"),
        ("EXCHANGE_URL", "tcp:127.0.0.1"),
        ("SEARCH_URL", "var/search"),
        ("WAREHOUSE_URL", "spark:x"),
        ("FILES_URL", "s3://bucket"),
        ("PORT", "http"),
        ("RATE_LIMITS", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_secrets_are_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting) as refused:
        Config.from_environment()
    assert name in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    config = Config.at(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        keys = {c.secret_key for c in pool.map(lambda _: config.prepared(), range(16))}
    assert len(keys) == 1
    assert len(keys.pop()) >= 64
    kept = tmp_path / "data" / "secret_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(kept.parent.iterdir()) == [kept]


def test_a_given_secret_is_used_and_not_stored(tmp_path: Path) -> None:
    config = Config(tmp_path, "sqlite://", secret_key="given")
    assert config.prepared().secret_key == "given"
    assert list(tmp_path.iterdir()) == []


def test_the_pages_are_found() -> None:
    assert ui("templates").is_dir()
    assert ui("static").is_dir()
