"""JSON Schemas of what the API sends, and the loader that judges an answer by them."""
