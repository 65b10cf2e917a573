#!/bin/sh
# plan9port's venti clients ($PEERS/plan9port) against our server: write, read, sync, copy, vac and unvac; and its server on
# the arenas that ours has written.
. t/tap
peers=${PEERS:-/nowhere}/plan9port V=${PEERS:-/nowhere}/plan9port/bin/venti
if [ ! -x "$V/venti" ]; then
	echo "1..0 # SKIP no plan9port in $PEERS"
	exit 0
fi
if [ -z "$VENTI_INSIDE" ]; then
	VENTI_INSIDE=1 exec unshare -r -n --kill-child "$0"
fi
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
anthill=$BUILD/bin/anthill
export PLAN9="$peers"
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-vpeer.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
ip link set lo up 2>/dev/null || busybox ip link set lo up || { echo "1..0 # SKIP no ip(8) to bring the loopback up"; exit 0; }
source=$PWD/src/ventid
cd "$dir" || exit 1
serving() { # PORT LOG: somebody listens there
	i=0
	until awk -v p="$(printf ':%04X' "$1")" '$2 ~ p "$" && $4 == "0A" { f = 1 } END { exit !f }' /proc/net/tcp; do
		i=$((i + 1))
		[ $i -lt 600 ] || { sed 's/^/# /' "$2"; return 1; }
		sleep 0.1
	done
}
truncate -s 64m part
truncate -s 8m isect
"$anthill" venti/fmtarenas -a 16m arenas part >log 2>&1 || sed 's/^/# /' log
printf 'index main\narenas %s/part\naddr tcp!127.0.0.1!17034\n' "$dir" >conf
"$anthill" venti/venti -s -c conf 2>log & ours=$! pids="$pids $!"
"$anthill" venti/venti -s -M 64m -a 'tcp!127.0.0.1!17035' 2>log2 & pids="$pids $!"
serving 17034 log
serving 17035 log2
h='tcp!127.0.0.1!17034'
head -c 50000 "$source/server.c" >block
score=$("$V/write" -h "$h" <block 2>/dev/null)
is "$score" "$(sha1sum <block | cut -d' ' -f1)" "write"
is "$("$V/read" -h "$h" "$score" 2>/dev/null | cksum)" "$(cksum <block)" "read"
is "$("$V/read" -h "$h" "$(printf 0 | sha1sum | cut -d' ' -f1)" 2>&1 | grep -c 'could not read block')" 1 "a block that is not there"
is "$("$V/sync" -h "$h" 2>&1; echo $?)" 0 "sync"
"$peers/bin/vac" -h "$h" -f tree.vac "$source" >vac 2>&1 || sed 's/^/# /' vac
mkdir out copied
(cd out && "$peers/bin/unvac" -h "$h" ../tree.vac) >unvac 2>&1
is "$(diff -r out/ventid "$source" 2>&1)" "" "vac and unvac"
is "$("$V/copy" "$h" 'tcp!127.0.0.1!17035' "$(cat tree.vac)" 2>&1; echo $?)" 0 "copy to another of ours"
(cd copied && "$peers/bin/unvac" -h 'tcp!127.0.0.1!17035' ../tree.vac) >unvac 2>&1
is "$(diff -r copied/ventid "$source" 2>&1)" "" "which has the tree then"
kill $ours
wait $ours
is "$("$V/checkarenas" part 2>&1 | grep -ciE 'error|corrupt|bad')" 0 "its checkarenas likes what ours leaves"
printf 'index main\nisect %s/isect\narenas %s/part\naddr tcp!127.0.0.1!17036\n' "$dir" "$dir" >conf2
"$V/fmtisect" isect0. isect >log3 2>&1
"$V/fmtindex" conf2 >>log3 2>&1
"$V/syncindex" conf2 >>log3 2>&1
"$V/buildindex" conf2 >>log3 2>&1
"$V/venti" -s -c conf2 2>>log3 & pids="$pids $!"
serving 17036 log3
pids="$pids $(pgrep -f -- "venti -s -c conf2\$" | tr '\n' ' ')"
is "$("$V/read" -h 'tcp!127.0.0.1!17036' "$score" 2>/dev/null | cksum)" "$(cksum <block)" "and its server serves it"
echo "1..$n"
