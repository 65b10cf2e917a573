#!/bin/sh
# venti/venti's whole life, in memory and on arenas: start-up and its messages, clients, HTTP, kill -9, read-only, a full
# disk.  In a net name space of its own, so that the ports are free.
. t/tap
if [ -z "$VENTI_INSIDE" ]; then
	VENTI_INSIDE=1 exec unshare -r -n --kill-child "$0"
fi
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
anthill=$BUILD/bin/anthill
ants=$BUILD/bin/ants
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-venti.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
ip link set lo up 2>/dev/null || busybox ip link set lo up || { echo "1..0 # SKIP no ip(8) to bring the loopback up"; exit 0; }
load() { timeout 100 "$BUILD/bench/b_venti" "$@" 2>&1; } # OP ADDR PORT CONNS WINDOW BLOCKS SEED SCORES
number() { sed 's/^[0-9.e+]*$/a number/'; }
web() { printf 'GET %s HTTP/1.0\r\n\r\n' "$1" | timeout 60 "$ants" telnet -r 'tcp!127.0.0.1!8000'; }
# serving LOG: the server whose output that is takes calls, or has failed
serving() {
	i=0
	until grep -q 'serving\.$' "$1"; do
		i=$((i + 1))
		[ $i -lt 600 ] && kill -0 "$p" 2>/dev/null || return 1
		sleep 0.1
	done
}
start() { # LOG FLAG...
	log=$1
	shift
	: >"$log"
	"$anthill" venti/venti -s "$@" 2>"$log" </dev/null & p=$!
	pids="$pids $p"
	serving "$log" || sed 's/^/# /' "$log"
}
end() { kill "$1" "$p"; wait $p 2>/dev/null; }

is "$("$anthill" venti -x 2>/dev/null; echo $?)" 2 "bad usage; on a host venti is venti/venti"
is "$("$anthill" venti/venti -c none 2>&1 | tail -1 | sed 's/.*can/can/'; ls)" "can't init server: none: file does not exist" "no configuration"
"$anthill" venti/venti -c none 2>/dev/null
is $? 1 "that is a failure, also in the background"
"$anthill" venti/venti -M 200m -a "tcp!127.0.0.1!17034" -a "unix!$dir/sock" -h 'tcp!127.0.0.1!8000' 2>messages
is $? 0 "ready in the background"
bg=$(pgrep -f "unix!$dir/sock")
pids="$pids $bg"
like "$(cat messages)" '^[0-9]{4}/[0-9]{4} [0-9:]{8} venti: memory\.\.\.httpd tcp!127\.0\.0\.1!8000\.\.\.init\.\.\.sync\.\.\.announce tcp!127\.0\.0\.1!17034\.\.\.announce unix!.*/sock\.\.\.serving\.$' "it says how it gets on"
is "$(load new 127.0.0.1 17034 1 32 500 1 s1 | number)" "a number" "a client with 32 writes on the way"
is "$(load new 127.0.0.1 17034 20 8 2000 2 s2 | number)" "a number" "twenty clients with eight"
is "$(load dup 127.0.0.1 17034 20 8 2000 2 s3 | number) $(cmp s2 s3)" "a number " "the same again: the same scores"
is "$(load read 127.0.0.1 17034 20 8 4000 3 s2 | number)" "a number" "and all can be read"
is "$(web /storage | tail -1)" '"blocks":2500,"bytes":20480000,"max":209715200' "/storage"
is "$(web /stats | tr -d '\r' | grep -E '^rpc(write(new|old|fail)|readok|sync)=' | tr '\n' ' ')" \
	"rpcreadok=4000 rpcwritenew=2500 rpcwriteold=2000 rpcwritefail=0 rpcsync=41 " "/stats has counted them"
like "$(web /metrics)" '^venti_rpcread_total 4000$' "/metrics"
like "$(web '/graph?arg=rpctotal&graph=diff')" '^<svg ' "/graph"
kill -TERM "$bg"
i=0
while kill -0 "$bg" 2>/dev/null && [ $i -lt 600 ]; do i=$((i + 1)); sleep 0.1; done
is "$(kill -0 "$bg" 2>&1 | grep -c .)" 1 "SIGTERM ends it"

# arenas
truncate -s 64m part
if ! ${FMTARENAS:-"$anthill" venti/fmtarenas} -a 16m arenas part >fmt 2>&1; then
	echo "ok $((n + 1)) - arenas # SKIP no venti/fmtarenas: $(head -1 fmt)"
	echo "1..$((n + 1))"
	exit
fi
printf 'index main\narenas %s/part\nmem 8m\nbcmem 8m\naddr tcp!127.0.0.1!17034\nhttpaddr tcp!127.0.0.1!8000\n' "$dir" >conf
start log -c conf
like "$(cat log)" 'venti: conf\.\.\.venti/venti: mem 8,388,608 bcmem 8,388,608 icmem [0-9,]*\.\.\.httpd tcp!127\.0\.0\.1!8000\.\.\.init\.\.\.icache [0-9,]* bytes = [0-9,]* entries; 0 scache$' \
	"the messages of Plan 9's boot"
is "$(tail -1 log)" 'sync...announce tcp!127.0.0.1!17034...serving.' "to the end"
is "$(load new 127.0.0.1 17034 8 8 2000 1 s1 | number)" "a number" "two thousand blocks, synced"
like "$(web /index)" "arena='arenas0' on .*/part at \[" "/index"
is "$(web /xindex | tr -d '\r' | sed '1,/^$/d' | grep -cE '^<index name="main">$|^		<arena name="arenas0" .* clumps="2000" compressedclumps="0" data="16384000" .*/>$|^</index>$')" 3 "/xindex"
like "$(web /storage)" '^clumps=2,000 compressed' "/storage"
end -KILL
start log -c conf
like "$(cat log)" 'entries; [12] scache$' "after kill -9 it starts"
is "$(load read 127.0.0.1 17034 8 8 4000 1 s1 | number)" "a number" "and has what was synced"
is "$(load dup 127.0.0.1 17034 8 8 2000 1 s2 | number) $(cmp s1 s2) $(web /stats | grep rpcwriteold | tr -d '\r')" "a number  rpcwriteold=2000" "all of it"
like "$(web /flushicache)" '^flushed icache' "/flushicache"
like "$(web '/set?name=scrubrate&value=1000000')" '^scrubrate = 1000000 \(was ' "/set"
is "$(for v in '' '&value=1' '&value=0' '&value=x'; do web "/set?name=compress$v" | tail -1; done)" "compress = 0
compress = 1 (was 0)
compress = 0 (was 1)
400 Bad Request: 'x' is not a number" "/set?name=compress"
is "$(web '/set?name=icachesleeptime&value=1' | tail -1; web '/set?name=other' | tail -1)" "400 Bad Request: icachesleeptime: no index cache is written behind
400 Bad Request: other not found" "variables that are not there"
like "$(load new 127.0.0.1 17034 4 8 9000 5 s5)" 'full$' "more than there is room for: $(load new 127.0.0.1 17034 1 1 9000 6 s6)"
is "$(load read 127.0.0.1 17034 4 8 2000 1 s1 | number)" "a number" "reads go on"
end -TERM
"$anthill" venti/conf -w part conf >conflog 2>&1 || sed 's/^/# /' conflog
start log -r -c part
is "$(load new 127.0.0.1 17034 1 1 1 7 s7)" "answer 1: read only" "-r, and the configuration in the partition: no writes"
is "$(load read 127.0.0.1 17034 1 8 2000 1 s1 | number)" "a number" "but reads"
sum=$(cksum <part)
end -TERM
is "$(cksum <part)" "$sum" "and nothing changed"
like "$("$anthill" venti -s -c conf -a 'tcp!1.2.3.4!1' 2>&1)" "can't announce: announce tcp!1\.2\.3\.4!1: .*not a local IP address" "an address that is not ours"
echo "1..$n"
