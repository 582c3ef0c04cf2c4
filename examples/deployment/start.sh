#!/usr/bin/env bash
# What runs in the container: the embedded Argilla; the dashboard, if there is a project; backups, if BACKUP names a
# place. All of them end together. docs/deployment.md has the variables.
set -euo pipefail

export ARGILLA_HOME_PATH="${ARGILLA_HOME_PATH:-/data}"
project="${PROJECT:-$ARGILLA_HOME_PATH/project}"
serve=(sharegpt-argilla serve --host "${HOST:-0.0.0.0}" --port "${PORT:-6900}")
dashboard=(sharegpt-argilla dashboard --host "${HOST:-0.0.0.0}" --port "${DASHBOARD_PORT:-8501}")

if [[ -n "${SPACE_HOST:-}" ]]; then
  # A Space is reached through the Hub's proxy, under this name.
  BEHIND_PROXY=1
  export SHAREGPT_ARGILLA_HOSTS="${SHAREGPT_ARGILLA_HOSTS:-$SPACE_HOST}"
fi
if [[ -n "${BEHIND_PROXY:-}" ]]; then
  serve+=(--behind-proxy)
  # Proxies of private networks are believed, so that nobody else can forge an address through them.
  export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS:-127.0.0.1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16}"
fi
if [[ -n "${ACTIVE_TIME:-}" ]]; then
  serve+=(--active-time "$ACTIVE_TIME")
fi

# Storage that cannot be asked ends this: an empty Argilla must not take the place of a backup.
if [[ -n "${BACKUP:-}" && ! -e "$ARGILLA_HOME_PATH/argilla.db" ]]; then
  sharegpt-argilla restore --missing-ok "$BACKUP"
fi

trap 'stopping=yes' TERM INT
stopping=""
"${serve[@]}" &
running=($!)
backups=""
# "running" alone would be a server that still starts.
until [[ -n "$stopping" ]] || sharegpt-argilla status 2>/dev/null | grep -q '^version *Argilla'; do
  kill -0 "${running[0]}" 2>/dev/null || exit 1
  sleep 1
done
if [[ -z "$stopping" && -e "$project/dataset-config.yml" ]]; then
  (cd "$project" && exec "${dashboard[@]}") &
  running+=($!)
fi
if [[ -z "$stopping" && -n "${BACKUP:-}" ]]; then
  sharegpt-argilla backup --every "${BACKUP_EVERY:-5m}" "$BACKUP" &
  backups=$!
fi

# Until one of them ends by itself, or the container is stopped.
[[ -n "$stopping" ]] || wait -n || true
trap '' TERM INT
kill -TERM "${running[@]}" 2>/dev/null || true
wait "${running[@]}" || true
status=0
if [[ -n "$backups" ]]; then
  # The last one, of what does not change any more.
  kill -TERM "$backups" 2>/dev/null || true
  wait "$backups" || status=1
fi
[[ -n "$stopping" ]] || status=1
exit "$status"
