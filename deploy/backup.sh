#!/bin/sh
# Backs a data folder up and keeps the newest so many: backup.sh DATA BACKUPS [KEEP]
# A pull or run that is writing keeps it waiting for an hour at most. Each backup is read whole before an
# older one goes. The epoch file beside the data folder is left out on purpose.
set -eu
data=$1
backups=$2
keep=${3:-14}
program=${PREVENTIO:-preventio}
to=$backups/$(date -u +%Y-%m-%dT%H%M%SZ)
mkdir -p "$backups"
tries=0
until "$program" backup --data "$data" --to "$to"; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 1
  sleep "${PREVENTIO_WAIT:-60}"
done
"$program" fsck --data "$to"
ls -d "$backups"/????-??-??T??????Z | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
  rm -rf -- "$old"
done
