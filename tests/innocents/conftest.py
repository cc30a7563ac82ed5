"""How many innocents are tried: many together in a run, each alone with `--every-fault`."""

from tests.innocents.doings import LIMITED
from tests.innocents.more import ALL, TOGETHER

OFTEN = (
    "context-of-2k", "one-choice", "no-logprobs", "no-images", "no-store", "only-max-tokens", "no-stream-options",
    "old-engine",
)  # fmt: skip


def pytest_generate_tests(metafunc):
    each = metafunc.config.getoption("--every-fault", default=False)
    if "innocent" in metafunc.fixturenames:
        metafunc.parametrize(
            "innocent", [*TOGETHER, *(n for n in ALL if each and n not in TOGETHER)]
        )
    if "limited" in metafunc.fixturenames:
        metafunc.parametrize("limited", LIMITED if each else OFTEN)
