"""The vocabularies that travel with us are those that OpenAI publishes, cut as tiktoken cuts."""

import gzip
import hashlib
import inspect
import re
import socket
import unicodedata
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from wire.tokens.vocabulary import NAMES, Vocabulary, vocabulary

# From tests/test_encoding.py of tiktoken (MIT): the vectors that it publishes.
VECTORS = [
    ("cl100k_base", "rer", [38149]),
    ("cl100k_base", "'rer", [2351, 81]),
    ("cl100k_base", "today\n ", [31213, 198, 220]),
    ("cl100k_base", "today\n \n", [31213, 27907]),
    ("cl100k_base", "today\n  \n", [31213, 14211]),
    ("cl100k_base", " \x850", [220, 126, 227, 15]),
    ("cl100k_base", "👍", [9468, 239, 235]),
    ("cl100k_base", "hello world", [15339, 1917]),
    ("o200k_base", "hello world", [24912, 2375]),
]


def published(name):
    """What tiktoken says of an encoding, with its download left out."""
    source = inspect.getsource(getattr(openai_public, name))
    digest = re.search(r'expected_hash="([0-9a-f]{64})"', source)[1]
    pattern = {}
    kept = openai_public.load_tiktoken_bpe
    openai_public.load_tiktoken_bpe = lambda *_, **__: {}
    try:
        pattern = getattr(openai_public, name)()["pat_str"]
    finally:
        openai_public.load_tiktoken_bpe = kept
    return digest, pattern


@pytest.mark.parametrize("name", NAMES)
def test_vocabulary_is_the_published_file(name):
    file = resources.files("wire.tokens.vocabularies") / f"{name}.tiktoken.gz"
    digest, _ = published(name)
    assert hashlib.sha256(gzip.decompress(file.read_bytes())).hexdigest() == digest


@pytest.mark.parametrize("name", NAMES)
def test_text_is_cut_by_the_published_pattern(name):
    _, pattern = published(name)
    assert vocabulary(name)._encoding._pat_str == pattern


@pytest.mark.parametrize(("name", "text", "ids"), VECTORS)
def test_published_vectors(name, text, ids):
    assert vocabulary(name).ids(text) == ids
    assert vocabulary(name).count(text) == len(ids)


@given(st.text(max_size=60))
def test_tokens_joined_are_the_text(text):
    words = vocabulary("o200k_base")
    tokens = words.tokens(text)
    assert b"".join(tokens) == text.encode("utf-8", "replace")
    assert len(tokens) == words.count(text)
    assert all(words.has(token) for token in tokens)


def test_half_characters_and_special_tokens_are_text():
    words = vocabulary("o200k_base")
    assert words.count("a\ud800b") == 3
    assert words.count("<|endoftext|>") > 1


def test_nothing_is_fetched(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert Vocabulary("cl100k_base").count("hello world") == 2


def test_the_vocabulary_of_another_maker():
    """The file of the package dashscope 2.0.2 (Apache 2.0), and numbers of its own: each digit is a token."""
    file = resources.files("wire.tokens.vocabularies") / "qwen.tiktoken.gz"
    digest = hashlib.sha256(gzip.decompress(file.read_bytes())).hexdigest()
    assert digest == "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"
    assert vocabulary("qwen").count("1234567890") == 10
    assert vocabulary("qwen").ids("hello world") == [14990, 1879]


def test_long_words_take_no_long_time():
    assert vocabulary("o200k_base").count("A" * 100_000) == 12_500
    assert vocabulary("o200k_base").count(unicodedata.lookup("SNOWMAN") * 5_000) == 10_000


def test_a_vocabulary_that_is_not_carried_is_named():
    with pytest.raises(ValueError, match="no vocabulary 'smollm2' is carried: o200k_base"):
        Vocabulary("smollm2")
