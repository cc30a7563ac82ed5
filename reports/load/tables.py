"""load.csv for spreadsheets, and load-junit.xml with one case a gate."""

import csv
import io
from xml.etree import ElementTree as ET

from reports.fields import list_in, object_in
from reports.load.document import POINTS, Load
from reports.text import one_line, visible


def table(load: Load) -> str:
    """A row a metric, then a row a second of the run."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(["metric", "count", *POINTS])
    for name, _, _, points, count in load.rows():
        write([name, count, *("" if point is None else point for point in points)])
    series = object_in(load.data, "series")
    names = ("at_s", "arrivals", "completed", "failed", "tokens", "ttft_p50_ms", "ttft_p99_ms", "tpot_p50_ms")  # fmt: skip
    columns = {name: list_in(series, name) for name in names if name in series}
    classes = object_in(series, "failed_by_class")
    columns |= {f"failed:{name}": list_in(classes, name) for name in classes}
    write([])
    write(columns)
    for row in zip(*columns.values(), strict=False):
        write(["" if value is None else value for value in row])
    return out.getvalue()


def junit(load: Load) -> str:
    """One case a gate, and one that says whether the measurement can be believed."""
    failed = sum(not gate.get("passed") for gate in load.gates)
    root = ET.Element("testsuites", name="load")
    counted = {"tests": str(len(load.gates) + 1), "failures": str(failed), "errors": str(int(not load.valid)), "skipped": "0"}  # fmt: skip
    suite = ET.SubElement(root, "testsuite", counted, name="load")
    properties = ET.SubElement(suite, "properties")
    for name, value in (("target", load.base_url), ("plan", load.plan), ("model", load.model)):
        ET.SubElement(properties, "property", name=name, value=visible(value))
    case = ET.SubElement(suite, "testcase", classname="load", name="validity", time="0")
    if not load.valid:
        ET.SubElement(case, "error", message=one_line("; ".join(load.reasons), 500), type="INVALID")
    for gate in load.gates:
        shown = visible(str(gate.get("gate", "")))
        case = ET.SubElement(suite, "testcase", classname="load.gate", name=shown, time="0")
        if not gate.get("passed"):
            measured = gate.get("value")
            said = (
                f"cannot be judged: {visible(str(gate.get('why') or 'too few samples'))}"
                if measured is None
                else f"{measured:g} {gate.get('unit', '')}"
            )
            ET.SubElement(case, "failure", message=f"{said}, limit {gate.get('limit')}")
    ET.indent(root, " ")
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
