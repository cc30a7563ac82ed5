"""How many faults and seeds are tried: one of forty, every Nth with `--one-in N`, all with `--every-fault`."""

import pytest

ONE_IN = 40
MANY = {"test_a_fault_breaks_what_it_declares", "test_the_clean_gateway_holds_for_every_seed"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-fault", action="store_true", help="try every fault and seed")
    parser.addoption(
        "--one-in",
        type=int,
        default=ONE_IN,
        metavar="N",
        help=f"try every Nth fault and seed (default: {ONE_IN})",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep all tests but those of single faults and seeds: a part is enough for a quick run."""
    if config.getoption("--every-fault"):
        return
    one_in = max(1, config.getoption("--one-in"))
    kept, left, seen = [], [], 0
    for item in items:
        one_of_many = getattr(item, "originalname", "") in MANY
        seen += one_of_many
        (left if one_of_many and seen % one_in != 1 % one_in else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept
