"""What the wheel holds: one importable package, `oaiconf`, with the rooms of the checkout inside it.

An editable install shows the checkout as it is; there, the entry point of pytest lets options with a
folder as value work. A wheel has no entry point: pytest would read the list of all our files at each
start of somebody else's tests.
"""

import sys

from setuptools import find_namespace_packages, setup

ROOMS = ("conformance", "gateway", "load", "reports", "schemas", "wire")
NO_PACKAGES = ["*.__pycache__*", "reports.out*"]

COMMAND = {"console_scripts": ["oaiconf = oaiconf.__main__:main"]}
PYTEST = {"pytest11": ["openai_gateway_conformance = conformance.launch"]}


def packages(*names: str) -> list[str]:
    wanted = [pattern for name in names for pattern in (name, f"{name}.*")]
    return find_namespace_packages(include=wanted, exclude=NO_PACKAGES)


if "editable_wheel" in sys.argv:
    setup(
        packages=packages("oaiconf", *ROOMS),
        py_modules=["locust_plugins"],  # shows our options in the help of Locust
        entry_points={**COMMAND, **PYTEST},
    )
else:
    setup(
        packages=[*packages("oaiconf"), *(f"oaiconf.rooms.{name}" for name in packages(*ROOMS))],
        package_dir={f"oaiconf.rooms.{room}": room for room in ROOMS},
        entry_points=COMMAND,
    )
