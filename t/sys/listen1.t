#!/bin/sh
# listen1, telnet and ping on this host's loopback, without a node.  Run it in a net name space of its own, so that
# the ports are free and nobody else's.
. t/tap
if [ -z "$LISTEN1_INSIDE" ]; then
	LISTEN1_INSIDE=1 exec unshare -r -n --kill-child "$0"
fi
ants=$BUILD/bin/ants
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-listen1.XXXXXX") || exit 1
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
# a net name space's loopback is down until it has an address
ip link set lo up 2>/dev/null || busybox ip link set lo up || { echo "1..0 # SKIP no ip(8) to bring the loopback up"; exit 0; }
is "$($ants ip/ping -q -n 2 -i 1 127.1; echo $?)" 0 "ping of the loopback"
is "$($ants ip/ping -q -n 1 -w 50 10.1.2.3 2>&1 | tail -1)" "ip/ping: connect: no route" "ping where there is no way"

# listens PORT waits until somebody listens on it
listens() {
	i=0
	until awk -v p="$(printf ':%04X' "$1")" '$2 ~ p "$" && $4 == "0A" { f = 1 } END { exit !f }' /proc/net/tcp; do
		i=$((i + 1))
		[ $i -lt 500 ] || return 1
		sleep 0.01
	done
}
$ants aux/listen1 -t tcp!127.0.0.2!2500 /bin/sh -c 'echo two' & pids="$pids $!"
$ants aux/listen1 -tv tcp!127.0.0.3!2500 /bin/sh -c 'echo three; echo $net $remote >remote; cat' >log & three=$! pids="$pids $!"
listens 2500
sleep 0.1
is "$($ants telnet tcp!127.0.0.2!2500 </dev/null)" two "one address"
is "$(echo x | $ants telnet tcp!127.0.0.3!2500)" "$(printf 'three\nx')" "another on the same port; telnet half-closes and drains"
is "$(sed 's/[0-9]*$/N/' remote)" 'tcp 127.0.0.1!N' 'the program is told the network and the caller'
is "$(sed 's/[0-9]*$/N/' log)" 'incoming call for tcp!127.0.0.3!2500 from 127.0.0.1!N' "-v logs the call"
is "$($ants telnet tcp!127.0.0.4!2500 2>&1 </dev/null | sed 's/.*: //')" "connection refused" "a third address has none"
is "$($ants aux/listen1 -t tcp!127.0.0.2!2500 /bin/echo 2>&1 | sed 's/.*: //')" "address in use" "an address is announced once"
is "$($ants aux/listen1 -t tcp!127.0.0.2!2501 no-such-program 2>&1)" "aux/listen1: no-such-program: file does not exist" "the program must be there"

# 200 calls at once, all open at the same time, each its own program
$ants aux/listen1 -t tcp!127.0.0.1!2502 /bin/sh -c 'echo $$; read x; echo $x' & crowd=$! pids="$pids $!"
listens 2502
mkfifo gate
i=0
while [ $i -lt 200 ]; do
	{ read go; echo "call$i"; } <gate | $ants telnet tcp!127.0.0.1!2502 >"out.$i" &
	calls="$calls $!"
	i=$((i + 1))
done
exec 9<>gate
i=0
until [ "$(cat out.* | wc -l)" -ge 200 ] || [ $i -gt 600 ]; do i=$((i + 1)); sleep 0.05; done
is "$(cat out.* | sort -u | wc -l)" 200 "200 calls are open at once, each with a program of its own"
yes | head -200 >&9
for p in $calls; do wait $p; done
is "$(cat out.* | grep -c '^call')" 200 "and each gets its own answer"
is "$(ps -o stat= --ppid $crowd 2>/dev/null | grep -c Z)" 0 "no program is left unreaped"

# -p, -1, options
: >running
$ants aux/listen1 -t -p 2 tcp!127.0.0.1!2503 /bin/sh -c 'echo up >>running; read x; echo $x' & pids="$pids $!"
listens 2503
rm -f gate; mkfifo gate
exec 9<>gate
for i in 1 2 3; do { read go; echo done; } <gate | $ants telnet tcp!127.0.0.1!2503 >p.$i & ps="$ps $!"; done
i=0
until [ "$(wc -l <running 2>/dev/null)" = 2 ] || [ $i -gt 500 ]; do i=$((i + 1)); sleep 0.01; done
sleep 0.2
is "$(wc -l <running)" 2 "-p 2: the third call waits"
printf 'go\ngo\ngo\n' >&9
for p in $ps; do wait $p; done
is "$(cat p.* | tr '\n' ' ')" "done done done " "and is served afterwards"
$ants aux/listen1 -t -1 tcp!127.0.0.1!2504 /bin/echo once & one=$!
listens 2504
is "$($ants telnet tcp!127.0.0.1!2504 </dev/null)" once "-1 serves one call"
wait $one
is $? 0 "and ends with it"
kill -0 $three
is $? 0 "listeners stay"
# one that runs out of descriptors recovers
(ulimit -n 24; exec $ants aux/listen1 -t tcp!127.0.0.1!2505 /bin/echo still 2>/dev/null) & pids="$pids $!"
listens 2505
for i in $(seq 60); do $ants telnet tcp!127.0.0.1!2505 </dev/null; done >many
is "$(grep -c still many)" 60 "descriptors are given back"

# a command of the listener's own binary is no exec, and must not be told from one
call() { $ants telnet "tcp!127.0.0.1!$1" </dev/null; }
cat >own.rc <<'X'
echo $remote $net
tr '\000' ' ' </proc/$pid/cmdline
echo
cat /proc/$pid/comm
ls /proc/$pid/fd
grep '^Sig[IC]' /proc/$pid/status
echo end $pid
X
(trap '' XFSZ USR1 40; exec $ants aux/listen1 -t tcp!127.0.0.1!2507 $ants rc own.rc) & pids="$pids $!"
listens 2507
call 2507 >own1
call 2507 >own2
is "$(sed -n '1s/![0-9]* /!N /p' own1)" '127.0.0.1!N tcp' "our own command is told who calls"
is "$(sed -n '2s/ *$//p' own1)" "$ants rc own.rc" "and its arguments are those of the program"
is "$(sed -n 3p own1)" ants "as is its name"
$ants aux/listen1 -t tcp!127.0.0.1!2510 /usr/bin/env $ants rc own.rc & pids="$pids $!"
listens 2510
call 2510 >own0
case $BUILD in *asan*) sanitizer='/^SigCgt/d' ;; *) sanitizer= ;; esac # has handlers of its own after an exec
state() { sed "1,3d; /^end/d; $sanitizer" "$1"; }
is "$(state own1)" "$(state own0)" "descriptors and signals are those of one that was"
is "$(grep SigIgn own1)" "$(printf 'SigIgn:\t0000000000000000')" "what the listener was told to ignore is not ignored"
is "$(cat own1 own2 | grep -c ^end)" 2 "each call has a process"
[ "$(tail -1 own1)" != "$(tail -1 own2)" ]
is $? 0 "of its own"
ln -s $ants ants
$ants aux/listen1 -t tcp!127.0.0.1!2508 "$dir/ants" echo one & pids="$pids $!"
listens 2508
is "$(call 2508)" one "our own binary by another name"
printf '#!/bin/sh\necho other\n' >other
chmod +x other
ln -sf other ants
is "$(call 2508)" other "what the name means is asked at each call"

# many calls: a process accepts on each processor; all end with the listener
$ants aux/listen1 -t tcp!127.0.0.1!2509 $ants rc -c 'grep Cpus_allowed: /proc/$pid/status' & many=$! pids="$pids $!"
listens 2509
for i in $(seq 40); do call 2509; done >mask
is "$(sort -u mask)" "$(grep Cpus_allowed: /proc/self/status)" "many calls: each program may run on every processor"
kill -9 $many
i=0
while call 2509 >/dev/null 2>&1 && [ $i -lt 600 ]; do i=$((i + 1)); sleep 0.1; done
is "$(call 2509 2>&1 | sed 's/.*: //')" "connection refused" "and nobody accepts when the listener is gone"

# telnet negotiation: a server that asks for options is refused, one that echoes is agreed with
printf '\377\375\001\377\373\003\377\373\030hello\377\377\r\nend\r\n' >script
$ants aux/listen1 -t -1 tcp!127.0.0.1!2506 /bin/sh -c 'cat script; head -c 9 | od -An -tu1 >answers' & neg=$!
listens 2506
is "$(sleep 1 | $ants telnet tcp!127.0.0.1!2506 | od -An -c | tr -d ' \n')" 'hello377\nend\n' "commands are taken out, 255 255 is 255, returns go"
wait $neg
is "$(tr -s ' \n' ' ' <answers | sed 's/ $//')" " 255 252 1 255 253 3 255 254 24" "DO echo: won't; WILL go-ahead: do; WILL other: don't"
echo "1..$n"
