# Image archives for the testbed's node, made without a registry or a container engine. Sourced after programs.sh.
# shellcheck shell=bash

PACK=$ROOT/proxy-image/tools/image.py
SUITE=bookworm

# debian_root NAME VARIANT PACKAGES: a tar of a Debian root file system, kept in the cache; prints its path.
debian_root() {
  local name=$1 variant=$2 packages=$3 out
  out=$CACHE/$name-$(echo "$SUITE $variant $packages" | sha256sum | cut -c1-16).tar
  if [ ! -s "$out" ]; then
    mkdir -p "$CACHE"
    (
      flock 7
      [ ! -s "$out" ] || exit 0
      mmdebstrap --variant="$variant" --include="$packages" --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$SUITE" "$out.part.$$.tar" > "$out.log" 2>&1 7>&- &
      progress "fetching Debian packages for the image $name" $! || {
        tail -5 "$out.log" >&2
        rm -f "$out.part.$$.tar"
        fail 1 "could not make the root file system of $name; all of mmdebstrap's output is in $out.log"
      }
      mv "$out.part.$$.tar" "$out"
      rm -f "$out.log"
    ) 7> "$CACHE/$name.lock" || exit $?
  fi
  echo "$out"
}

# pack NAME ROOTFS OPTIONS... REFERENCE -- COMMAND...: an image archive, kept in the cache; prints its path.
# OPTIONS are those of image.py.
pack() {
  local name=$1 input=$2 options=() reference out
  shift 2
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  reference=${options[-1]}
  unset 'options[-1]'
  out=$CACHE/image-$name-$( (cat "$PACK" && stat -c '%n %s %Y' "$input" && echo "${options[*]} $reference $*") | sha256sum | cut -c1-16).tar
  if [ ! -s "$out" ]; then
    python3 "$PACK" "${options[@]}" "$reference" "$input" "$out.part.$$" -- "$@" >&2
    mv "$out.part.$$" "$out"
  fi
  echo "$out"
}

# The static sample program alone, as a root file system.
sample_root() {
  local program folder
  program=$(sample_program)
  folder=$program.root
  if [ ! -x "$folder/sample" ]; then
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    cp "$program" "$folder.part/sample"
    chmod 755 "$folder.part" "$folder.part/sample"
    rm -rf "$folder"
    mv "$folder.part" "$folder"
  fi
  echo "$folder"
}

pause_image() { pack pause "$(sample_root)" --user 65535 docker.io/testbed/pause:1 -- /sample pause; }
sample_image() { pack sample "$(sample_root)" --user 65532 docker.io/ktd-testbed/sample:1 -- /sample web; }
# Redis and iperf3 as Debian ships them, with a shell for a look around. Maintainer scripts do not run (variant
# extract), so the image has no users; pods give a numeric one.
tools_image() { pack tools "$(debian_root tools extract redis-server,redis-tools,iperf3,busybox-static)" --user 65532 docker.io/ktd-testbed/tools:1 -- /bin/busybox sleep infinity; }

# Debian's sshd, for the benchmark's `ssh -L`; Python and a shell are what sshuttle wants at its far end.
sshd_image() { pack sshd "$(debian_root sshd extract openssh-server,python3,dash)" --user 65532 docker.io/ktd-testbed/sshd:1 -- /usr/sbin/sshd -D -e; }

# The proxy image of this tree for ARCHITECTURE, built if it is not there or older than its sources; prints its path.
proxy_image() {
  local archive=$ROOT/target/image/ktd-proxy-$1.tar
  if [ ! -s "$archive" ] || [ -n "$(find "$ROOT/proxy-image" -type f -newer "$archive" -print -quit)" ]; then
    PATH=$("$ROOT/scripts/find-go"):$PATH "$ROOT/proxy-image/build" "$1" >&2 || return 1
  fi
  echo "$archive"
}

# The node as an image that keeps the contract of rancher/k3s; see run-node.
NODE_IMAGE=docker.io/ktd-testbed/node:1
node_image() {
  local debian kube pause out staged
  debian=$(debian_root node minbase containerd,runc,containernetworking-plugins,iptables,conntrack,openssl,iproute2,procps,kmod,ca-certificates,mount,util-linux)
  kube=$(kube_program)
  pause=$(pause_image)
  out=$CACHE/node-root-$( (echo "$debian $kube $pause" && cat "$TESTBED/lib/run-node") | sha256sum | cut -c1-16).tar
  if [ ! -s "$out" ]; then
    staged=$(mktemp -d "$CACHE/node-root.XXXXXX")
    mkdir -p "$staged/usr/local/bin" "$staged/opt/images" "$staged/var/lib/ktd-node"
    cp "$kube" "$staged/usr/local/bin/kube"
    cp "$TESTBED/lib/run-node" "$staged/usr/local/bin/node"
    cp "$pause" "$staged/opt/images/pause.tar"
    chmod -R u=rwX,go=rX "$staged"
    chmod 755 "$staged"/usr/local/bin/*
    cp "$debian" "$out.part"
    tar --append --owner=0 --group=0 -f "$out.part" -C "$staged" ./usr/local/bin/kube ./usr/local/bin/node ./opt/images ./var/lib/ktd-node
    rm -rf "$staged"
    mv "$out.part" "$out"
  fi
  # A volume, because containerd's overlay cannot lie on the engine's.
  pack node "$out" --volume /var/lib/ktd-node --entrypoint $NODE_IMAGE -- /usr/local/bin/node
}
