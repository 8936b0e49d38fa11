# Shared by the scripts of the testbed: names, places, messages, processes. Sourced, with `set -euo pipefail` already on.
# shellcheck shell=bash

TESTBED=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$(cd "$TESTBED/.." && pwd)
CACHE=${KTD_CACHE:-/var/cache/ktd}
PATH=$PATH:/usr/sbin:/sbin

say() { echo "$PROGRAM: $*" >&2; }
fail() { # fail STATUS MESSAGE...
  local status=$1
  shift
  say "$@"
  exit "$status"
}

# As images name it.
architecture() { case $(uname -m) in aarch64 | arm64) echo arm64 ;; *) echo amd64 ;; esac; }

need_root() { [ "$(id -u)" = 0 ] || fail 5 "makes network namespaces and needs root. Run:  sudo $0 ${ARGUMENTS-}"; }

# progress LABEL PID [COMMAND]: while PID lives, shows what it does and for how long; COMMAND prints a detail.
# A live line on a terminal, else a line every 20 seconds. Returns PID's status.
progress() {
  local label=$1 pid=$2 detail=${3:-true} start=$SECONDS shown=0 status=0 elapsed
  while kill -0 "$pid" 2> /dev/null; do
    sleep 0.2
    elapsed=$((SECONDS - start))
    if [ -t 2 ]; then
      printf '\r\033[K%s: %s  %s s  %s' "$PROGRAM" "$label" "$elapsed" "$($detail)" >&2
    elif [ $((elapsed - shown)) -ge 20 ]; then
      shown=$elapsed
      say "$label  $elapsed s  $($detail)"
    fi
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
  wait "$pid" || status=$?
  [ $status != 0 ] || [ $((SECONDS - start)) -lt 2 ] || say "$label: done in $((SECONDS - start)) s"
  return $status
}

# A process is known by its id and its start time: ids are used again, pairs are not.
# A zombie has ended, whoever may still have to take note of it.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | awk '$1 != "Z" && $1 != "X" {print $20}'; }
remember() { echo "$2 $(started_at "$2")" > "$1"; } # remember FILE PID
recorded() { # recorded FILE: prints the pid if that very process still lives
  local pid start
  [ -r "$1" ] && read -r pid start < "$1" && [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ] && echo "$pid"
}
end_recorded() { # end_recorded FILE: ends it and waits until it is gone
  local pid
  if pid=$(recorded "$1"); then
    kill -KILL "$pid" 2> /dev/null || true
    for _ in $(seq 100); do
      recorded "$1" > /dev/null || break
      sleep 0.1
    done
  fi
  rm -f "$1"
}

# All kubelets of a machine use the cgroups /kubepods; two kubelets kill each other's pods. What a killed run left is
# removed; what another kubelet uses is not touched.
pod_cgroups() { find /sys/fs/cgroup -maxdepth 2 -type d -name 'kubepods*' 2> /dev/null || true; }
pod_processes() { pod_cgroups | while read -r group; do find "$group" -name cgroup.procs -exec cat {} + 2> /dev/null || true; done | sort -u; }
remove_pod_cgroups() {
  local group
  for _ in $(seq 50); do
    pod_cgroups | while read -r group; do find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null || true; done
    [ -n "$(pod_cgroups)" ] || return 0
    sleep 0.1
  done
  return 1
}
refuse_second_kubelet() { # call when no node of ours runs
  for _ in $(seq 50); do # processes of a node just ended may take a moment to go
    [ -n "$(pod_processes)" ] || return 0
    sleep 0.1
  done
  fail 7 "pods of another kubelet run on this machine (see $(pod_cgroups | head -1)), and only one kubelet at a time can." \
    "End the other one first, or test with its cluster:  KTD_TEST_KUBECONFIG=FILE make test"
}

seconds() { # seconds 1h|5m|60s|60
  case $1 in
    *h) echo $((${1%h} * 3600)) ;;
    *m) echo $((${1%m} * 60)) ;;
    *) echo "${1%s}" ;;
  esac
}
