"""The report folder: one run at a time, and exchanges that outlive a kill."""

import os

import pytest

from conformance.running.report_folder import ReportFolder
from conformance.running.run_folder import LeaderLostError, RunFolder
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request


def exchange(name):
    reply = Reply(200, (), (Chunk(1.0, b"{}"),), 1.0)
    return Exchange(name, Request("GET", "/models"), reply, Connection(Ended.COMPLETE), probe="p")


def test_a_second_run_takes_a_numbered_sibling_and_says_so(tmp_path):
    one = ReportFolder.claimed(tmp_path / "out")
    two = ReportFolder.claimed(tmp_path / "out")
    assert one.path == tmp_path / "out"
    assert two.path == tmp_path / "out-2"
    assert "in use" in two.notes[0]
    one.end(done=True)
    assert ReportFolder.claimed(tmp_path / "out").path == tmp_path / "out"


def test_what_a_killed_run_left_is_kept_and_named(tmp_path):
    killed = ReportFolder.claimed(tmp_path)
    run = killed.begin()
    assert run.takes_the_lead()
    run.keep(exchange("a"))
    run.close()
    killed.end(done=False)
    later = ReportFolder.claimed(tmp_path)
    later.begin()
    assert "killed" in later.notes[0]
    assert [x.id for x in RunFolder(tmp_path / "killed-1").exchanges()] == ["a"]
    later.end(done=True)
    assert not (tmp_path / "unfinished").exists()


def test_those_who_wait_learn_that_the_leader_is_gone(tmp_path):
    leader, other = RunFolder(tmp_path), RunFolder(tmp_path)
    assert leader.takes_the_lead()
    assert not other.takes_the_lead()
    leader.keep(exchange("a"))
    leader.close()
    with pytest.raises(LeaderLostError):
        other.wait()
    assert not RunFolder(tmp_path).takes_the_lead()
    assert [x.id for x in other.exchanges()] == ["a"]


def test_those_who_wait_get_the_ledger(tmp_path):
    leader, other = RunFolder(tmp_path), RunFolder(tmp_path)
    assert leader.takes_the_lead()
    leader.publish({"lost": ""})
    assert other.wait() == {"lost": ""}
    leader.close()


def test_a_leader_that_gives_no_sign_of_life_is_gone(tmp_path):
    leader = RunFolder(tmp_path)
    assert leader.takes_the_lead()
    os.utime(tmp_path / "leader", (1, 1))
    with pytest.raises(LeaderLostError):
        RunFolder(tmp_path).wait()
    leader.close()


def test_a_last_line_that_was_cut_is_left_out(tmp_path):
    leader = RunFolder(tmp_path)
    assert leader.takes_the_lead()
    leader.keep(exchange("a"))
    leader.close()
    with (tmp_path / "exchanges.jsonl").open("a") as file:
        file.write('{"id": "b", "requ')
    assert [x.id for x in leader.exchanges()] == ["a"]
