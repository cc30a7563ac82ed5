"""Token arithmetic: how many tokens a request and its answer must be, by published vocabularies."""
