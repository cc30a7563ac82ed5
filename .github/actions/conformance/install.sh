#!/usr/bin/env bash
# Installs the suite: what WHAT says, else the checkout that this action lies in.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
python -m pip install --quiet --disable-pip-version-check "${WHAT:-$here}"
