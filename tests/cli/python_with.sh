#!/usr/bin/env bash
# python_with.sh - prints the interpreter that has all of some modules: PYTHON,
# or python3, or that of the distribution, whose packages another python3 that
# comes first does not see.
#
#   python_with.sh MODULE...
#
# Exit status 0, or 1: none has them.
set -euo pipefail

modules=$(IFS=,; echo "$*")
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    if "$python" -c "import $modules" 2>/dev/null; then
        echo "$python"
        exit
    fi
done
exit 1
