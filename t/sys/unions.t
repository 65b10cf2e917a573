#!/bin/sh
# Unions and name spaces against a model.  `t/sys/unions.t SEED RUNS` tries others than ./check does.
: "${TMPDIR:=$(mktemp -d)}" "${BUILD:=build/plain}"
export BUILD TMPDIR
if [ "${NS_T:-}" != inside ]; then
	NS_T=inside exec unshare -Urmpf --kill-child --propagation private "$0" "$@"
fi
mounts="env srv net mnt fd"
. t/sys/root
/build/t/nskern >/tmp/ready 2>/tmp/kernlog &
kern=$!
i=0
until grep -q ready /tmp/ready; do
	i=$((i + 1))
	[ $i -lt 600 ] || { echo "not ok 1 - no kernel process"; exit 1; }
	sleep 0.1
done
bad=0
/build/t/nsmodel "${1:-1}" "${2:-30}" || bad=1
[ ! -s /tmp/kernlog ] || sed 's/^/# /' /tmp/kernlog
kill $kern
echo 1..1
exit $bad
