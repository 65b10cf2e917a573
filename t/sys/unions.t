#!/bin/sh
# Unions and name spaces against a model.  `t/sys/unions.t SEED RUNS` tries others than ./check does.
if [ "${NS_T:-}" != inside ]; then
	: "${TMPDIR:=/tmp}"
	BUILD=${BUILD:-$PWD/build/plain}
	export BUILD TMPDIR
	NS_T=inside exec unshare -Urmpf --kill-child --propagation private "$0" "$@"
fi
B=${BUILD:?}
case $B in /*) ;; *) B=$PWD/$B ;; esac
r=$(mktemp -d "$TMPDIR/unions.XXXXXX") || exit 1
mount -t tmpfs root "$r" && cd "$r" || exit 1
mkdir '#' tmp dev .proc build srv usr bin lib lib64 old
mount --rbind /usr usr && mount --bind "$B" build && mount -t tmpfs dev dev
for d in null zero tty fuse; do
	: >dev/$d && mount --bind /dev/$d dev/$d
done
mount -t proc proc .proc && ln -s .proc proc
for d in bin lib lib64; do
	[ -e "/$d" ] || continue
	if [ -L "/$d" ]; then rmdir "$d" && ln -s "$(readlink "/$d")" "$d"; else mount --bind "/$d" "$d"; fi
done
pivot_root . old && cd / && umount -l /old && rmdir /old || exit 1
PATH=/usr/bin:/bin:/usr/sbin:/sbin TMPDIR=/tmp
/build/t/nskern >/tmp/ready 2>/tmp/kernlog &
kern=$!
i=0
until grep -q ready /tmp/ready; do
	i=$((i + 1))
	[ $i -lt 600 ] || { echo "not ok 1 - no kernel process"; exit 1; }
	sleep 0.1
done
/build/t/nsmodel "${1:-1}" "${2:-40}"
[ ! -s /tmp/kernlog ] || sed 's/^/# /' /tmp/kernlog
kill $kern
echo 1..1
