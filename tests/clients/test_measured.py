"""The needs of clients.toml predict what real clients were seen to do; what is left has its reason."""

import pytest

from conformance.clients.programs import PROGRAMS
from conformance.clients.readiness import clients
from gateway.faults.machinery.fault import all_faults
from tests.clients import page
from tests.clients.agreement import agreements, disagreements, explained
from tests.clients.measured import read

AGREEMENTS = list(agreements())
NAMES = [agreement.measured.client for agreement in AGREEMENTS]


def test_every_client_was_measured_in_the_version_that_the_report_names():
    assert {row.client: row.version for row in read().values()} == {
        client.name: client.version for client in clients()
    }
    assert {(driver.name, driver.version, driver.task) for driver in PROGRAMS} == {
        (row.client, row.version, row.task) for row in read().values()
    }


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=NAMES)
def test_measured_faults_exist(agreement):
    assert agreement.measured.faults <= set(all_faults())
    assert not agreement.measured.works & set(agreement.measured.breaks)


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=NAMES)
def test_a_client_is_called_ready_where_it_works_and_only_there(agreement):
    left = set(explained(agreement.measured.client))
    wrong = agreement.missed | agreement.alarms
    assert wrong - left == set(), "the needs of clients.toml say otherwise"
    assert left - wrong == set(), "no longer a disagreement"


def test_each_disagreement_is_explained_once():
    pairs = [(c, fault) for row in disagreements() for c in row.clients for fault in row.faults]
    assert len(pairs) == len(set(pairs))
    assert all(row.reason for row in disagreements())


def test_the_page_is_current():
    assert page.PATH.read_text(encoding="utf-8") == page.page()


FLOOR = 0.97


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=NAMES)
def test_what_is_foretold_is_what_the_client_did(agreement):
    assert agreement.share >= FLOOR
    assert agreement.missed == set(), "called ready, but breaks"
