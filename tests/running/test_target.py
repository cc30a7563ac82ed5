"""Addresses as people write them, and profiles as they break them."""

import pytest

from conformance.running.profiles import ProfileError, load_profile, profile_for
from conformance.running.target import BadTarget, is_loopback, normalised


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
def test_the_url_works_with_and_without_version_and_slash(tail):
    assert normalised(f"https://h:8/x{tail}") == "https://h:8/x/v1"


@pytest.mark.parametrize(
    "bad", ["", "localhost:8000", "ftp://h", "http://", "http://h?x=1", "http://h:port"]
)
def test_a_bad_url_is_one_clear_line(bad):
    with pytest.raises(BadTarget) as caught:
        normalised(bad)
    assert "--base-url" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_loopback():
    assert is_loopback("http://127.0.0.1:1/v1")
    assert is_loopback("http://[::1]:1/v1")
    assert not is_loopback("https://api.example.com/v1")


def test_profiles_are_found_by_name_and_by_host():
    assert load_profile("reference").claims_feature("anything")
    assert not load_profile("openai").claims_feature("tiers")
    assert profile_for("https://api.claudestore.example/v1").name == "codex"
    assert profile_for("http://127.0.0.1:8000/v1").name == "openai"


@pytest.mark.parametrize(
    "text",
    [
        "models = 3",
        "concurrency = 0",
        "concurrency = true",
        "timeout_s = -1",
        'claims = "chat"',
        'known = [{requirement = "x"}, 5]',
        '[prices."x"]\ninput = "1"',
        "key_variables = 5",
        'name = ""',
        '[prices."x"]\ninput = "1"\ncached = "1"\noutput = "NaN"',
        "prices = 1",
        "nonsense = 1",
        "= broken",
        '[prices."x"]\ninput = "?"\ncached="1"\noutput="1"',
    ],
)
def test_a_broken_profile_names_its_file(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as caught:
        load_profile(str(path))
    assert "mine.toml" in str(caught.value)


def test_snapshots_cost_what_their_alias_costs():
    profile = load_profile("codex")
    assert profile.price("gpt-5.5-2026-04-23") == profile.price("gpt-5.5")
    assert profile.price("gpt-4o") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('claims = ["chat.nonsense"]', "chat.nonsense"),
        (
            '[[known]]\nrequirement = "http.request-id.presen"\nreason = "x"',
            "http.request-id.present",
        ),
        ("concurency = 3", "concurrency"),
    ],
)
def test_unknown_words_of_a_profile_are_refused_with_the_nearest(tmp_path, text, says):
    from conformance.judging.area import catalogue
    from conformance.running.profiles import refuse_unknown

    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileError) as caught:
        refuse_unknown(load_profile(str(path)), catalogue())
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["reference", "codex", "openai"])
def test_the_built_in_profiles_claim_what_exists(name):
    from conformance.judging.area import catalogue
    from conformance.running.profiles import refuse_unknown

    refuse_unknown(load_profile(name), catalogue())
