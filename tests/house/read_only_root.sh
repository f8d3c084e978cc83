#!/bin/sh
# Runs a command as uid 10001 in a root of its own that is read-only, as `docker run --read-only` does.
#   unshare --mount --pid --fork --kill-child sh read_only_root.sh ROOT STATE DIRECTORIES -- COMMAND...
# ROOT is an empty directory; STATE becomes /var/lib/slipway; each of DIRECTORIES (joined by `:`) is there
# under its own path.
set -eu
root=$1
state=$2
directories=$3
shift 4

mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$root"
show() {
    [ -d "$1" ] || return 0
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
}
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/var/lib/slipway"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for system in /usr /etc; do show "$system"; done
# On a merged-usr system these are links into /usr.
for name in bin sbin lib lib64; do
    if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "$root/$name"; else show "/$name"; fi
done
IFS=:
for directory in $directories; do show "$directory"; done
unset IFS
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$state" "$root/var/lib/slipway"
mount -o remount,ro "$root"
cd "$root"
exec chroot . /usr/bin/setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    /bin/sh -c 'cd /var/lib/slipway && exec "$@"' sh "$@"
