"""The settings: where everything is; the only reader of the environment."""

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from environs import Env, EnvError
from marshmallow.validate import Range

from marketplace.trading.tape import Rule
from settlement.clock import SECOND_US
from settlement.errors import Refusal

PORT = 8000
BODY_MAX = 64 * 1024 * 1024  # bytes of one request, uploads included
FORM_MAX = 2 * 1024 * 1024  # bytes of JSON or of a form's fields: kept in memory
FORM_PARTS_MAX = 1_000
NOTICE_DAYS_MAX = 3_650
REVIEW_DAYS_MAX = 250
DAY_S = 24 * 3_600
INLINE = "inline:"  # the writer is in the web process
DUCKDB, SPARK = "duckdb:", "spark:"
STRIPE_URL = "https://api.stripe.com"
# setting → what it must look like, so that a slip is told at the start
URLS = {
    "database_url": r"(sqlite|postgresql(\+psycopg)?)://.+",
    "exchange_url": r"inline:|unix:/.+|tcp:.+:\d+",
    "search_url": r"whoosh:.+|postgresql(\+psycopg)?://.+",
    "warehouse_url": r"duckdb:.+|spark:(spark://[^/]+|local(\[\d+\])?)/.+",
    "files_url": r"file:.+",
    "stripe_url": r"https://.+|http://127\.0\.0\.1:\d+",
}
_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


@dataclass(eq=False)
class WrongSetting(Refusal):
    """A setting in the environment cannot be used."""

    problem: str


def ui(kind: str) -> Path:
    """Return the directory of ``templates`` or ``static``, wherever we run."""
    installed = _PACKAGE / "_ui" / kind
    return installed if installed.is_dir() else _CHECKOUT / kind


def default_data() -> Path:
    """Return the data directory when none is chosen: ``var`` of a checkout or here."""
    home = _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
    return home / "var"


@dataclass(frozen=True, slots=True)
class Config:
    """Where the exchange keeps its things and how it faces the world."""

    data: Path
    database_url: str
    exchange_url: str = INLINE
    search_url: str = ""
    warehouse_url: str = ""
    files_url: str = ""
    port: int = PORT
    secret_key: str = ""
    secure_cookies: bool = False  # true behind TLS; browsers drop them on http
    trusted_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    proxies: int = 0  # how many reverse proxies of our own are in front
    rate_limits: bool = True
    rate_limit: str = "6000 per minute"  # of one user, key or address, all requests
    fast_passwords: bool = False  # weak hashes, for tests only
    # Days from the announcement of a higher price until it holds (features B12).
    metered_notice_days: int = 90  # what is charged by use
    renewed_notice_days: int = 30  # terms and seats
    review_days: int = 5  # working days in which a registrar is to decide
    notice_days: int = 3  # of publicity, in which others may object to a registration
    reachable: tuple[str, ...] = ()  # host:port that may be called though not public
    schema_notice_days: int = 30  # before a breaking change of schema is served
    # When trades are told to the public; see `tape.Rule`.
    tape_delay_s: int = 900
    tape_parties: int = 3
    tape_large_value: int = 100_000_000
    tape_large_delay_s: int = DAY_S
    # The payment provider; without a key there are no payments by card.
    stripe_key: str = field(default="", repr=False)
    stripe_webhook_secret: str = field(default="", repr=False)
    stripe_url: str = STRIPE_URL
    followers: bool = True  # start the threads that follow the journal and catalogue

    @classmethod
    def at(cls, data: Path) -> Self:
        """Return the embedded settings with everything below the directory *data*."""
        return cls(
            data=data,
            database_url=f"sqlite:///{data / 'databourse.db'}",
            search_url=f"whoosh:{data / 'search'}",
            warehouse_url=f"duckdb:{data / 'warehouse'}",
            files_url=f"file:{data / 'files'}",
        )

    @classmethod
    def from_environment(cls) -> Self:
        """Return the settings of the environment over the embedded ones.

        WrongSetting if one of them cannot be understood.
        """
        try:
            asked = cls._asked(Env())
        except EnvError as error:
            raise WrongSetting(str(error)) from None
        for name, pattern in URLS.items():
            if not re.fullmatch(pattern, getattr(asked, name)):
                # The value stays unsaid: it may hold a password.
                problem = f"{name.upper()} must look like {pattern}"
                raise WrongSetting(problem)
        return asked

    @classmethod
    def _asked(cls, env: Env) -> Self:
        embedded = cls.at(env.path("DATABOURSE_DATA", default=default_data()).resolve())
        return replace(
            embedded,
            database_url=env.str("DATABASE_URL", embedded.database_url),
            exchange_url=env.str("EXCHANGE_URL", embedded.exchange_url),
            search_url=env.str("SEARCH_URL", embedded.search_url),
            warehouse_url=env.str("WAREHOUSE_URL", embedded.warehouse_url),
            files_url=env.str("FILES_URL", embedded.files_url),
            port=env.int("PORT", embedded.port),
            secret_key=env.str("SECRET_KEY", ""),
            secure_cookies=env.bool("SECURE_COOKIES", embedded.secure_cookies),
            trusted_hosts=tuple(
                env.list("TRUSTED_HOSTS", list(embedded.trusted_hosts))
            ),
            proxies=env.int("PROXIES", embedded.proxies),
            review_days=env.int(
                "REVIEW_DAYS", embedded.review_days, validate=Range(1, REVIEW_DAYS_MAX)
            ),
            stripe_key=env.str("STRIPE_KEY", ""),
            stripe_webhook_secret=env.str("STRIPE_WEBHOOK_SECRET", ""),
            stripe_url=env.str("STRIPE_URL", embedded.stripe_url),
            notice_days=env.int("NOTICE_DAYS", embedded.notice_days),
            rate_limits=env.bool("RATE_LIMITS", embedded.rate_limits),
            schema_notice_days=env.int(
                "SCHEMA_NOTICE_DAYS",
                embedded.schema_notice_days,
                validate=Range(0, NOTICE_DAYS_MAX),
            ),
            tape_delay_s=env.int(
                "TAPE_DELAY_S", embedded.tape_delay_s, validate=Range(0, DAY_S)
            ),
            tape_parties=env.int(
                "TAPE_PARTIES", embedded.tape_parties, validate=Range(1, 100)
            ),
            tape_large_value=env.int(
                "TAPE_LARGE_VALUE", embedded.tape_large_value, validate=Range(1)
            ),
            tape_large_delay_s=env.int(
                "TAPE_LARGE_DELAY_S",
                embedded.tape_large_delay_s,
                validate=Range(0, 30 * DAY_S),
            ),
            rate_limit=env.str("RATE_LIMIT", embedded.rate_limit),
            metered_notice_days=env.int(
                "METERED_NOTICE_DAYS",
                embedded.metered_notice_days,
                validate=Range(0, NOTICE_DAYS_MAX),
            ),
            renewed_notice_days=env.int(
                "RENEWED_NOTICE_DAYS",
                embedded.renewed_notice_days,
                validate=Range(0, NOTICE_DAYS_MAX),
            ),
        )

    @property
    def tape(self) -> Rule:
        """Return when trades are told to the public."""
        return Rule(
            self.tape_delay_s * SECOND_US,
            self.tape_parties,
            self.tape_large_value,
            self.tape_large_delay_s * SECOND_US,
        )

    def warehouse(self) -> Path:
        """Return the directory of the statistics' Parquet files."""
        if self.spark:
            return Path(self.warehouse_url.removeprefix(f"{SPARK}{self.spark}"))
        return Path(self.warehouse_url.removeprefix(DUCKDB))

    @property
    def spark(self) -> str:
        """Return the master of the cluster that answers; empty: DuckDB does, here."""
        if not self.warehouse_url.startswith(SPARK):
            return ""
        kind, between, rest = self.warehouse_url.removeprefix(SPARK).partition("://")
        if not between:
            return kind.partition("/")[0]
        return f"{kind}://{rest.partition('/')[0]}"

    def prepared(self) -> Self:
        """Return these settings with the data directory and a secret key made."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.secret_key:
            return self
        return replace(self, secret_key=_kept_secret(self.data / "secret_key"))


def _kept_secret(path: Path) -> str:
    """Return the secret in *path*, made by the first process that asks for it."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), "ascii")
        with suppress(FileExistsError):  # another process was faster
            os.link(draft, path)
        draft.unlink()
    return path.read_text("ascii")
