"""`python -m conformance init`: a profile of what was seen, that a run takes."""

import tomllib

import pytest

from conformance.__main__ import main
from conformance.judging.area import catalogue
from conformance.judging.profile import Profile
from conformance.running.first_look import FirstLook
from conformance.running.init_command import starter
from conformance.running.offer import Offer
from conformance.running.profiles import load_profile, refuse_unknown
from conformance.running.reference import reference_gateway
from wire.endpoint import Endpoint


def read(tmp_path, text) -> Profile:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    profile = load_profile(str(path))
    refuse_unknown(profile, catalogue())
    return profile


def test_a_server_is_looked_at_and_its_profile_can_be_used(tmp_path, monkeypatch, capsys):
    out = tmp_path / "mine.toml"
    with reference_gateway() as gateway:
        monkeypatch.setenv("CONFORMANCE_API_KEY", gateway.keys["main"])
        assert main(["init", gateway.base_url, "--model", "gpt-5.5", "--output", str(out)]) == 0
        assert f"--profile {out}" in capsys.readouterr().out
        assert main(["init", gateway.base_url, "--output", str(out)]) == 2
        assert "is there already" in capsys.readouterr().err
    profile = load_profile(str(out))
    assert profile.models == ("gpt-5.5",)
    assert profile.claims_feature("responses")
    assert not profile.claims_feature("tiers")
    assert gateway.keys["main"] not in out.read_text(encoding="utf-8")


def test_what_is_absent_is_not_claimed(tmp_path):
    offer = Offer({Endpoint.RESPONSES: "404"}, "a request without a key was answered")
    profile = read(tmp_path, starter(FirstLook("http://127.0.0.1:1/v1", ("a",), offer=offer), ()))
    assert not profile.claims_feature("responses.stream")
    assert not profile.claims_feature("auth")
    assert profile.claims_feature("chat.stream")


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x00", "模型", "]"])
def test_names_that_a_server_sends_break_no_profile(tmp_path, name):
    text = starter(FirstLook("http://127.0.0.1:1/v1", (name,)), ())
    assert tomllib.loads(text)["models"] == [name]


def test_a_dead_address_is_one_line(capsys):
    assert main(["init", "http://127.0.0.1:1"]) == 2
    assert "cannot be reached" in capsys.readouterr().err
    assert main(["init", "ftp://x"]) == 2
