#!/usr/bin/env bash
# One run: judge, annotate each cause once, put the summary under the job, keep the run as the next
# baseline. Always ends with 0; the exit code of the run is an output, so that the page is uploaded first.
set -euo pipefail

report_dir=${REPORT_DIR:-conformance-report}
baseline=.conformance-baseline/report.json
words=(--report-dir="$report_dir")
[[ -z ${BASE_URL:-} ]] || words=("$BASE_URL" "${words[@]}")
[[ -z ${MODEL:-} ]] || words+=(--model="$MODEL")
[[ -z ${PROFILE:-} ]] || words+=(--profile="$PROFILE")
[[ -z ${MAX_COST:-} ]] || words+=(--max-cost="$MAX_COST")
[[ ! -s $baseline ]] || words+=(--baseline="$baseline")
while IFS= read -r line; do
  [[ -z ${line// /} ]] || words+=("$line")
done <<<"${OPTIONS:-}"
# An input that is empty leaves alone what the job's environment says.
[[ -z ${INPUT_API_KEY:-} ]] || export CONFORMANCE_API_KEY=$INPUT_API_KEY
unset INPUT_API_KEY

code=0
oaiconf run "${words[@]}" || code=$?

report=$report_dir/report.json
if [[ -s $report ]]; then
  oaiconf annotations "$report" || true
  [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat "$report_dir/summary.md" >>"$GITHUB_STEP_SUMMARY" || true
  if ((code <= 1)); then
    mkdir -p "$(dirname "$baseline")"
    cp "$report" "$baseline"
  fi
fi
{
  echo "exit-code=$code"
  echo "report=$report"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
