"""The vocabularies as OpenAI publishes them (MIT licence), gzipped: nothing is fetched at run time."""
