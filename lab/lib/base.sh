# shellcheck shell=bash
# What every part uses.

say() { echo "lab: $*" >&2; }
die() { say "$*"; exit 1; }
ns() { nsenter --net="/run/netns/$1" -- "${@:2}"; } # NETNS CMD...
