"""The fault that an endpoint is not there."""

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.selection import RESPONSES

FAULTS = (
    Fault("responses.absent", ("responses.offered",), "Responses are not served: every request gets the 404 of an unknown path.",
          Family.STATUS, when=RESPONSES, reply=refused(404, "Not Found")),
)  # fmt: skip
