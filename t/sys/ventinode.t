#!/bin/sh
# A venti in a node: plan9.ini's keys start it at the end of the boot, on the node's own stack; a client on the segment
# reaches it by its address, and nothing of it is on the host's network.
. t/sys/lib
cat >box.ini <<!
venti=/dev/none /net/tcp!*!17034
!
up <<!
segment=lan
node=box ether0=lan mem=96M
	ini=box.ini
host=client segment=lan ip=10.0.0.9/24
!
later loghas box "can't init server"
t "venti=/dev/..., at the end of the boot" loghas box '^starting venti'
t "it says what is wrong" loghas box "venti: conf\.\.\..*"
is "$(rc box "bind '#l0' /net; bind -a '#I0' /net; ip/ipconfig loopback /dev/null 127.1; ip/ipconfig ether /net/ether0 10.0.0.1 255.255.255.0" 2>&1)" "" "the node's network"

truncate -s 32m part
if ! ${FMTARENAS:-"$A" venti/fmtarenas} -a 16m arenas part >fmt 2>&1; then
	echo "ok $((n + 1)) - a server in the node # SKIP no venti/fmtarenas: $(head -1 fmt)"
	n=$((n + 1))
	down
	echo "1..$n"
	exit
fi
put box /tmp/part <part
printf 'index main\narenas /tmp/part\n' | put box /tmp/conf
# the server goes on with this standard error
rc box "startventi=yes; venticonf=/tmp/conf; ventilisten='/net/tcp!*!17034'; {. /rc/bin/startventi; echo \$venti} >/tmp/said >[2=1]"
is "$(x box /bin/cat /tmp/said | sed 's/ [0-9]*,[0-9,]*/ N/g; s,^[0-9]*/[0-9]* [0-9:]*,DATE,')" "starting venti
DATE venti: conf...venti/venti: mem N bcmem N icmem N...httpd tcp!127.1!8000...init...icache N bytes = N entries; 0 scache
sync...announce /net/tcp!*!17034...serving.
/net/tcp!127.1!17034" "Plan 9's messages, and venti is what to dial"
put client /tmp/load <"$BUILD/bench/b_venti"
load() { x client /tmp/load "$1" 10.0.0.1 17034 4 8 500 1 /tmp/scores | sed 's/^[0-9.e+]*$/a number/'; }
is "$(load new)" "a number" "a client on the segment writes"
is "$(load read)" "a number" "and reads"
like=$(rc box 'cat /net/tcp/*/local' | grep -c '!17034')
is "$([ "$like" -gt 0 ] && echo listed)" listed "/net shows who listens"
down
echo "1..$n"
