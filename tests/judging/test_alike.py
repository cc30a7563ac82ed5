from conformance.judging.finding import Finding, alike


def test_identical_findings_are_one_with_a_count():
    many = [Finding(f"event {n}, usage", "null", "{}") for n in range(7)]
    other = Finding("event 3, usage", "null", "[]")
    assert alike([*many, other]) == [(many[0], 7), (other, 1)]
    assert alike([]) == []
