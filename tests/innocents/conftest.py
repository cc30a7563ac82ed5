"""How many innocents are tried: many together in a run, each alone with `--every-fault`."""

from tests.innocents.more import ALL, TOGETHER


def pytest_generate_tests(metafunc):
    if "innocent" in metafunc.fixturenames:
        each = metafunc.config.getoption("--every-fault", default=False)
        metafunc.parametrize(
            "innocent", [*TOGETHER, *(n for n in ALL if each and n not in TOGETHER)]
        )
