"""The fault that an endpoint is not there."""

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.selection import at
from wire.endpoint import Endpoint

FAULTS = (
    Fault("models.absent", ("models.offered",), "The model list is not served: every request gets the 404 of an unknown path.",
          Family.STATUS, when=at(Endpoint.MODELS, method="GET"), reply=refused(404, "Not Found")),
)  # fmt: skip
