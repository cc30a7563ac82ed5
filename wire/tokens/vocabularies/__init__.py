"""o200k_base and cl100k_base as OpenAI publishes them (MIT licence), qwen as Alibaba does (Apache 2.0); gzipped."""
