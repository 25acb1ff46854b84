import pytest

from marketplace import demo
from marketplace.config import Config


@pytest.fixture(scope="session")
def market(tmp_path_factory):
    """The demo market, built once for all who only look at it: (config, summary)."""
    config = Config.at(tmp_path_factory.mktemp("demo"))
    return config, demo.build(config, seed=3)
