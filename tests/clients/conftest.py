"""Tests marked `clients` run only when `-m` asks for them."""


def pytest_collection_modifyitems(config, items):
    if "clients" in (config.option.markexpr or ""):
        return
    left = [item for item in items if item.get_closest_marker("clients")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
