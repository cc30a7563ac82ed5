"""Real clients do their task with the clean gateway, the same through the tap, and nothing is found."""

import pytest

from tests.clients.bench import DRIVERS, drive
from tests.clients.driver import Target
from tests.clients.stand import stand
from tests.tap.serving import tap


@pytest.fixture(scope="module")
def here():
    with stand() as running:
        yield running


@pytest.fixture(params=DRIVERS, ids=[driver.name for driver in DRIVERS])
def driver(request):
    if request.param.missing:
        pytest.skip(request.param.missing)
    return request.param


@pytest.mark.clients
def test_it_works_with_the_clean_gateway(driver, here):
    outcome = drive(driver, here)
    assert outcome.works, outcome.saw


@pytest.mark.clients
def test_it_works_through_the_tap_which_finds_nothing(driver, here, tmp_path):
    direct = drive(driver, here)
    asked = [(request.method, request.path) for request in here.asked]
    here.use()
    with tap(here.base_url, "--profile", "reference") as running:
        outcome = driver.run(Target(running.base, here.key, tmp_path))
        code = running.stop()
    assert (outcome, code) == (direct, 0), running.output
    assert [(request.method, request.path) for request in here.asked] == asked
