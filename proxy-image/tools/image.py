#!/usr/bin/env python3
"""Pack a root file system into an image archive, without a registry and without a container engine.

The archive holds the image twice over, sharing the same layer: as OCI image layout (containerd's `ctr images import`,
skopeo, crane and other ways into registries) and with the manifest.json that `docker load` reads. The same inputs
give the same bytes (SOURCE_DATE_EPOCH, else 2026-01-01).
"""
import argparse
import datetime
import hashlib
import io
import json
import os
import sys
import tarfile
import tempfile

LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
PATH = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="amd64", help="as GOARCH: amd64, arm64")
    parser.add_argument("--user", default="", help="numeric, so that runAsNonRoot can be checked")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--volume", action="append", default=[], metavar="FOLDER")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--entrypoint", action="store_true",
                        help="COMMAND is the entry point: arguments given at run time follow it")
    parser.add_argument("name", help="full name with tag, such as docker.io/ktd/proxy:0.1.0")
    parser.add_argument("rootfs", help="folder or uncompressed tar")
    parser.add_argument("out", help="the archive to write")
    parser.add_argument("command", nargs="*", help="after --")
    return parser.parse_args()


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while block := source.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def pack_folder(folder, out, epoch):
    """Write the folder as a tar with sorted entries and times no later than epoch."""
    def clamp(info):
        info.mtime = min(int(info.mtime), epoch)
        info.uname = info.gname = ""
        return info
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
        for entry in sorted(os.listdir(folder)):
            archive.add(os.path.join(folder, entry), arcname=entry, filter=clamp)


def image_config(args, layer_digest, created):
    config = {
        "User": args.user,
        "Env": [PATH] + args.env,
        "Entrypoint" if args.entrypoint else "Cmd": args.command,
        "Labels": dict(label.split("=", 1) for label in args.label),
        "Volumes": {volume: {} for volume in args.volume},
        "WorkingDir": "/",
    }
    return {
        "created": created,
        "architecture": args.arch,
        "os": "linux",
        "config": {key: value for key, value in config.items() if value},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + layer_digest]},
        "history": [{"created": created, "created_by": "image.py"}],
    }


class Archive:
    """An image archive under way; blobs are named by their digests."""

    def __init__(self, tar, epoch):
        self._tar = tar
        self._epoch = epoch

    def _info(self, name, size):
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._epoch, 0o644
        return info

    def json(self, name, value):
        self._text(name, json.dumps(value, separators=(",", ":"), sort_keys=True).encode())

    def _text(self, name, data):
        self._tar.addfile(self._info(name, len(data)), io.BytesIO(data))

    def blob_json(self, media_type, value):
        data = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        self._text("blobs/sha256/" + digest, data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    def blob_file(self, media_type, path, digest):
        size = os.path.getsize(path)
        with open(path, "rb") as source:
            self._tar.addfile(self._info("blobs/sha256/" + digest, size), source)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": size}


def write_image(args, layer, epoch):
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    layer_digest = digest_of(layer)
    with tarfile.open(args.out, "w", format=tarfile.GNU_FORMAT) as tar:
        archive = Archive(tar, epoch)
        archive.json("oci-layout", {"imageLayoutVersion": "1.0.0"})
        layer_blob = archive.blob_file(LAYER_TYPE, layer, layer_digest)
        config_blob = archive.blob_json(CONFIG_TYPE, image_config(args, layer_digest, created))
        manifest_blob = archive.blob_json(MANIFEST_TYPE, {
            "schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config_blob, "layers": [layer_blob],
        })
        archive.json("index.json", {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [{
            **manifest_blob,
            "platform": {"architecture": args.arch, "os": "linux"},
            "annotations": {
                "io.containerd.image.name": args.name,
                "org.opencontainers.image.ref.name": args.name.rsplit(":", 1)[-1],
            },
        }]})
        archive.json("manifest.json", [{
            "Config": "blobs/sha256/" + config_blob["digest"].removeprefix("sha256:"),
            "RepoTags": [args.name],
            "Layers": ["blobs/sha256/" + layer_digest],
        }])


def main():
    args = arguments()
    if ":" not in args.name.rsplit("/", 1)[-1]:
        sys.exit(f"image.py: {args.name} has no tag")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "1767225600"))
    if not os.path.isdir(args.rootfs):
        write_image(args, args.rootfs, epoch)
        return
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(args.out))) as folder:
        layer = os.path.join(folder, "layer.tar")
        pack_folder(args.rootfs, layer, epoch)
        write_image(args, layer, epoch)


if __name__ == "__main__":
    main()
