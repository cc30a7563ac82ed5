"""Kinds of exchanges about models, for selectors."""

from conformance.rule import Selector
from wire.endpoint import Endpoint

MODEL_LIST = Selector(
    "a model list",
    lambda x: x.endpoint is Endpoint.MODELS and x.request.method == "GET" and x.ok,
    ("models.list",),
)
