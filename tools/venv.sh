#!/bin/sh
# Make or refresh .venv from a lock: `tools/venv.sh run` (what the bot needs) or `tools/venv.sh dev` (tests and checks too).
#
# The lock that was installed is kept inside .venv; nothing happens while it equals the one in requirements/. It is taken
# away before an installation and put back after it, so one that was cut short is never mistaken for a finished one.
# PYTHON names the Python to use; without it the first of 3.13, 3.12, 3.11 that is complete. Needs POSIX sh and Python.
set -eu
cd "$(dirname "$0")/.."

kind=${1:?run or dev}
lock=requirements/$kind.txt
stamp=.venv/installed-$kind.txt
in_range='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

fits() { "$1" -c "$in_range" >/dev/null 2>&1; }
is_complete() { fits "$1" && "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }
is_healthy() { .venv/bin/python -c "import pip; $in_range" >/dev/null 2>&1; }

# Print why no Python could be used and what to install, then end.
give_up() {
    {
        echo "Vouch needs Python 3.11, 3.12 or 3.13, with its venv module."
        for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
            if ! command -v "$name" >/dev/null 2>&1; then
                [ -z "${PYTHON:-}" ] || echo "  $name was not found."
            elif fits "$name"; then
                echo "  $name is $("$name" -c "$version"), but lacks venv (Debian, Ubuntu: apt install $(basename "$name")-venv)."
            else
                echo "  $name is $("$name" -c "$version" 2>/dev/null || echo "there, but does not start"): not usable."
            fi
        done
        echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13; others:"
        echo "https://www.python.org/downloads/) and repeat the command, or name yours: make run PYTHON=/path/to/python3.13"
    } >&2
    exit 1
}

# Print the Python to build with: $PYTHON if given, else the newest complete one in range.
find_python() {
    for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if is_complete "$name"; then
            echo "$name"
            return
        fi
    done
    return 1
}

is_wanted_python() {
    [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" -c "$version" 2>/dev/null)" = "$(.venv/bin/python -c "$version")" ]
}

if is_healthy && is_wanted_python; then
    if cmp -s "$lock" "$stamp"; then exit 0; fi
else
    python=$(find_python) || give_up
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "Installing the locked packages into .venv (about a minute, only when requirements/ changes) ..." >&2
rm -f "$stamp"
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet install "$@"; }
if pip --require-hashes -r "$lock" && pip --no-build-isolation --no-deps --no-index -e .; then
    .venv/bin/python -m compileall -q bot handlers connectors storage playground || true  # only for a quicker first start
    cp "$lock" "$stamp"
    [ "$kind" = run ] || cp requirements/run.txt .venv/installed-run.txt  # dev holds all of run
else
    echo "The installation did not finish; nothing of it will be taken for good. See the lines above, then repeat the command." >&2
    exit 1
fi
