from conformance.running.command_line import typed


def test_the_command_can_be_typed_again_and_tells_no_secret():
    words = ["--base-url", "https://me:secret@x/v1", "--header", "X-Key: abc", "--header=Api-Key: def", "-k", "chat and stream"]  # fmt: skip
    line = typed(words)
    assert line == (
        "pytest --base-url 'https://…@x/v1' --header 'X-Key: …' '--header=Api-Key: …' -k 'chat and stream'"
    )
