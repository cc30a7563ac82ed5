# `docker build -t oaiconf .`, then:
#   docker run --rm -e CONFORMANCE_API_KEY -v "$PWD/reports:/reports" oaiconf run https://staging.example.com/v1
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --quiet --no-deps --wheel-dir /dist .

FROM python:3.12-slim
COPY --from=build /dist/*.whl /dist/
RUN pip install --quiet --no-cache-dir "$(ls /dist/*.whl)[load,codings]" \
 && rm -r /dist \
 && useradd --create-home --uid 1000 oaiconf \
 && mkdir /reports \
 && chown oaiconf /reports
USER 1000
WORKDIR /reports
ENTRYPOINT ["oaiconf"]
CMD ["--help"]
