#!/bin/sh
# Our 9p and file servers against plan9port's, found as $PEERS/plan9port.
p9p=${PEERS:-/nonexistent}/plan9port
if [ ! -x "$p9p/bin/9p" ]; then
	echo "1..0 # SKIP no plan9port in \$PEERS"
	exit 0
fi
PLAN9=$p9p
export PLAN9
. t/tap
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-p9p.XXXXXX") || exit 2
NAMESPACE=$dir
export NAMESPACE
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT

ours() { "$BUILD/bin/anthill" "$@" 2>>"$dir/err"; }
theirs() { "$p9p/bin/9p" "$@" 2>>"$dir/err"; }
ok() { # STATUS WHAT
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; tail -3 "$dir/err" | sed 's/^/# /'; fi
}
await() { # a socket
	i=0
	while [ ! -S "$1" ] && [ $i -lt 200 ]; do
		i=$((i + 1))
		sleep 0.05
	done
}

me=$(id -un 2>/dev/null || id -u)
head -c 3000000 /dev/urandom >"$dir/big"
"$BUILD/bin/anthill" ramfs -U "$me" -a "unix!$dir/ours" &
pids=$!
await "$dir/ours"
for f in big small; do
	ours 9p -u "$me" -a "unix!$dir/ours" create $f
done
theirs -a "unix!$dir/ours" write big <"$dir/big"
ok $? "their 9p writes 3 MB to our ramfs"
theirs -a "unix!$dir/ours" read big | cmp -s - "$dir/big"
ok $? "and reads them back"
echo hello | theirs -a "unix!$dir/ours" write small
is "$(ours 9p -u "$me" -a "unix!$dir/ours" read small)" hello "what they write we read"
is "$(theirs -a "unix!$dir/ours" ls / | sort | tr '\n' ' ')" "big small " "they list what is there"
theirs -a "unix!$dir/ours" rm small
is "$(ours 9p -u "$me" -a "unix!$dir/ours" ls /)" big "what they remove is gone"
theirs -a "unix!$dir/ours" read nothere
is "$(tail -1 "$dir/err" | sed 's/.*: //')" "file does not exist" "they understand our errors"

PATH=$PATH:$p9p/bin "$p9p/bin/ramfs" -s 2>>"$dir/err"
await "$dir/ramfs"
theirs_pid=$(pgrep -f "9pserve.*$dir/ramfs" | head -1)
pids="$pids $theirs_pid"
t="unix!$dir/ramfs"
ours 9p -a "$t" -u "$me" create big
ok $? "we create a file on their ramfs"
ours 9p -a "$t" -u "$me" write big <"$dir/big"
ok $? "we write 3 MB"
ours 9p -a "$t" -u "$me" read big | cmp -s - "$dir/big"
ok $? "and read them back"
ours 9p -a "$t" -u "$me" create -d d && ours 9p -a "$t" -u "$me" create d/x
ok $? "we make a directory"
is "$(ours 9p -a "$t" -u "$me" ls d)" x "and list it"
ours 9p -a "$t" -u "$me" rm d/x && ours 9p -a "$t" -u "$me" rm d
ok $? "and remove it"
ours 9p -a "$t" -u "$me" read nothere
is "$(tail -1 "$dir/err" | sed 's/.*: //')" "file does not exist" "we understand their errors"
"$BUILD/bin/anthill" exportfs -R -r "$p9p/src/cmd/venti" -a "unix!$dir/exp" &
pids="$pids $!"
await "$dir/exp"
theirs -a "unix!$dir/exp" read srv/arena.c | cmp -s - "$p9p/src/cmd/venti/srv/arena.c"
ok $? "they read a file of our exportfs"
echo "1..$n"
