"""How many faults are tried: every eighth of each file, or all with `--every-fault`."""

import pytest

ONE_IN = 8


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-fault", action="store_true", help="try every fault, not every eighth")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep all tests but those of single faults, of which a part is enough for a quick run."""
    if config.getoption("--every-fault"):
        return
    kept, left, seen = [], [], 0
    for item in items:
        single = getattr(item, "originalname", "") == "test_a_fault_breaks_what_it_declares"
        seen += single
        (left if single and seen % ONE_IN != 1 else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept
