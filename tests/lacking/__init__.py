"""Servers that lack something: one endpoint, or everything that makes an answer an answer."""
