# The testbed's own Go programs, built once and kept in the cache by a hash of their sources. Sourced after common.sh.
# shellcheck shell=bash

KUBE_VERSION=1.34.4
KUBE_FLAGS="-s -w -X k8s.io/component-base/version.gitVersion=v$KUBE_VERSION -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 -X k8s.io/client-go/pkg/version.gitVersion=v$KUBE_VERSION"

# cached_build NAME FOLDER LABEL LDFLAGS: prints the program's path.
cached_build() {
  local name=$1 folder=$2 label=$3 flags=$4 hash out
  hash=$( (cd "$folder" && find . -type f \( -name '*.go' -o -name 'go.*' \) | LC_ALL=C sort | xargs sha256sum && echo "$flags $(uname -m)") | sha256sum | cut -c1-16)
  out=$CACHE/$name-$hash
  if [ ! -x "$out" ]; then
    mkdir -p "$CACHE"
    (
      flock 7
      [ ! -x "$out" ] || exit 0
      go_folder=$("$ROOT/scripts/find-go")
      # -v writes a line for each package it compiles; what an earlier build compiled is not compiled again.
      (cd "$folder" && PATH=$go_folder:$PATH CGO_ENABLED=0 exec go build -v -trimpath -ldflags "$flags" -o "$out.part.$$" .) 2> "$out.log" 7>&- &
      compiled() { echo "$(grep -c / "$out.log" || true) packages"; }
      progress "$label" $! compiled || {
        tail -15 "$out.log" >&2
        rm -f "$out.part.$$"
        fail 1 "could not build $name; all of the compiler's output is in $out.log"
      }
      mv "$out.part.$$" "$out"
      rm -f "$out.log"
    ) 7> "$CACHE/$name.lock" || exit $?
  fi
  echo "$out"
}

kube_program() { cached_build kube "$TESTBED/kube" "compiling Kubernetes $KUBE_VERSION (only the first time, about 7 minutes on two cores)" "$KUBE_FLAGS"; }
sample_program() { cached_build sample "$TESTBED/app/sample" "compiling the sample application" "-s -w"; }
