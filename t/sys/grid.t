#!/bin/sh
# Grids: up, ps, exec, console, log, run, down; that nothing is left whichever way one ends; and what happens to a node
# whose kernel process stops or dies.
. t/tap
A=${BUILD:?}/bin/anthill
case $A in /*) ;; *) A=$PWD/$A ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-grid.XXXXXX") || exit 1
g=gridt$$-x
trap 'timeout -s KILL 20 $A grid down $g >/dev/null 2>&1; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 1
a() { timeout -s KILL 60 "$A" "$@"; }
x() { a grid exec -g $g "$@"; }
# until CMD...: wait for it, at most 30 s
until_() {
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 300 ] || return 1
		sleep 0.1
	done
}
# left: processes of ours that still live, and the grid's directory
left() {
	for p in /proc/[0-9]*; do
		grep -qs "grid up.*$g" "$p/cmdline" && ! grep -qs '^State:.Z' "$p/status" && echo "process ${p#/proc/}"
	done
	for d in /run/anthill "$XDG_RUNTIME_DIR/anthill" "/tmp/anthill-$(id -u)"; do
		[ ! -e "$d/$g" ] || ls -R "$d/$g"
	done
	grep "$g" /proc/self/mountinfo
}
gone() { [ -z "$(left)" ]; }
cat >net.grid <<!
segment=lan
segment=back mtu=1400
host=web segment=lan ip=10.9.0.1/24
	cmd="echo hello from web; exec sleep 1000"
host=cli segment=lan ip=10.9.0.2/24 gw=10.9.0.1
node=box ether0=lan ether1=back mem=16M
	script=box.rc ini=box.ini
node=other ether0=lan
!
echo 'sysname=helix' >box.ini
echo 'motto=two words' >>box.ini
echo 'echo motto $motto' >box.rc
is "$(a grid up -f net.grid $g 2>&1)" "" "up"
a grid ps $g >/dev/null || { echo "1..$n"; exit 1; }
is "$(a grid up -f net.grid $g 2>&1)" "anthill: grid $g is up already (\`anthill grid down $g\` ends it)" "once"
is "$(a grid ps $g | awk '{ print $2, $3, $4 }')" "$(printf 'web host up\ncli host up\nbox node up\nother node up')" "ps"
is "$(a grid ps -j $g | tr , '\n' | grep -c '"state":"up"')" 4 "ps as JSON"
is "$(a grid ps $g | awk '$2 == "box" { print $5 }' | xargs -I{} sh -c 'cat /proc/{}/comm')" init "with the pid of its init"
is "$(x box /bin/echo a 'b  c')" "a b  c" "exec"
is "$(x box /bin/sh -c 'cat; exit 7' </dev/null; echo $?)" 7 "its exit status"
is "$(echo in | x box /usr/bin/cat)" in "its input"
is "$(x box no-such-command 2>&1; echo $?)" "$(printf 'anthill: no-such-command: file does not exist\n127')" "a missing command"
is "$(x nobody true 2>&1)" "anthill: no node or host 'nobody' in grid $g" "a missing node"
is "$(x box /bin/sh -c 'kill -9 $$'; echo $?)" 137 "a signal as status"
is "$(x box /usr/bin/hostname) $(x box /usr/bin/id -un)" "helix glenda" "plan9.ini names the system"
is "$(x box /bin/sh -c 'echo $motto')" "two words" "its names are in the environment"
until_ sh -c "$A grid log -g $g box | grep -q motto"
is "$(a grid log -g $g box | tr -d '\r' | grep motto)" "motto two words" "the boot script ran on the console"
is "$(a grid log -g $g web | tr -d '\r')" "hello from web" "a host's output is in its log"
is "$(x cli busybox ping -c1 -W5 -q 10.9.0.1 2>&1 | grep -c '1 received\|1 packets received')" 1 "two hosts on a segment"
is "$(x box /bin/sh -c 'ls -d /proc/[0-9]* | wc -l | xargs test 12 -gt && echo few')" few "a node sees its own processes only"
is "$(x box /bin/rc -c 'lc /lib/ndb')" "common local" "lc"
is "$(x box ls -p '/#/l1')" ether1 "its interfaces are devices"
is "$(x box /bin/sh -c 'echo x >/usr/share/x' 2>&1 | sed 's/.*: //')" "Read-only file system" "the host's files are read-only"
is "$(x box /usr/bin/ls /root /tmp)" "$(printf '/root:\n\n/tmp:')" "and its root is its own"
: >none.grid
is "$(a grid up -f none.grid 2>&1)" "anthill: none.grid: it has no segment, node or host; see grid(5)" "a grid file with nothing in it"
is "$(a grid up 2>&1)" "anthill: grid: file does not exist (-f names another grid file)" "no grid file"
t "console answers a script before it leaves" until_ sh -c "echo 'echo pi''ped' | '$A' grid console -g $g box | grep -q '^piped'"
(echo 'echo on the console'; until_ grep -qs '^on the console' typed) | a grid console -g $g box >typed
is "$(tr -d '\r' <typed | grep -c '^on the console')" 1 "typing on the console"
is "$(x box sysname; x box sysname other; x box sysname; x box cat /dev/sysname; x box sysname helix)" "$(printf 'helix\nother\nother')" "sysname"
printf 'a\nnew\n.\nw /tmp/ed\n1w /env/ed\n!cat /env/ed\n' >ed.in
is "$(x box ed - <ed.in; x box rm /tmp/ed /env/ed)" "$(printf 'new')" "ed writes files of the root and of a device, and runs rc"
is "$(a why -g $g box | sed 's/([0-9]*)/(PID)/')" "$(printf 'kernel process boot (PID) answers; in flight in it:\n  nothing')" "why"

is "$(a run -g $g -s lan -a 10.9.0.9/24 -G 10.9.0.1 -- ip -4 -o addr show eth0 | awk '{ print $4 }')" 10.9.0.9/24 "run: an address of its own"
is "$(a run -g $g -s lan -a none -x V=7 -- sh -c 'echo $V; exit 3'; echo $?)" "$(printf '7\n3')" "its environment and status"
is "$(a run -g $g true 2>&1)" "anthill: grid $g has 2 segments: say which (-s)" "run wants a segment"
is "$(a run -g $g -s lan -a none -- sh -c 'touch /usr/x' 2>&1 | sed 's/.*: //')" "Read-only file system" "run: the host's files are read-only"
"$A" run -g $g -s lan -a none -- sleep 1000 & pid=$!
until_ sh -c "$A grid ps $g | grep -q ' run '"
kill $pid
wait $pid
is $? 143 "run: a signal goes through"
until_ sh -c "! $A grid ps $g | grep -q ' run '"
is "$(a grid ps $g | grep -c ' run ')" 0 "and nothing of it is left"

# the kernel process
kp() { x box /bin/sh -c 'for p in /.proc/[0-9]*; do grep -qs "^kernel$" $p/comm && echo ${p#/.proc/}; done'; }
old=$(kp)
x box /bin/kill -9 "$old" 2>/dev/null || x box /bin/sh -c "kill -9 $old"
until_ sh -c "$A grid log -g $g box | grep -q 'is back'"
is "$(x box ls -p '/#/l1')" ether1 "a kernel process that died was replaced"
is "$([ "$(kp)" != "$old" ] && echo other)" other "by another one"
is "$(a grid log -g $g box | tr -d '\r' | grep -c "has ended (killed by signal 9): starting another")" 1 "the console tells"
a grid down $g
is "$(left)" "" "down leaves nothing"

is "$(a grid up -f net.grid -d 3 $g 2>&1)" "" "up again, with a short deadline"
x box /bin/sh -c "kill -STOP $(kp)"
x box /bin/ls '/#/I0' >ls.out 2>&1 & pid=$!
until_ sh -c "$A why -g $g box >why; grep -q 'is stopped' why"
is "$(grep -c 'is stopped' why)" 1 "why: the kernel process is stopped"
wait $pid
is "$(grep -c . ls.out)" 1 "who waited for it got an error"
until_ sh -c "$A grid log -g $g box | grep -q 'is back'"
is "$(x box ls -p '/#/l1')" ether1 "and another took over"

# the users' kernel process is another one
x -u box rc -c "echo secret >/env/mine; bind -b '#I0' /net; touch /tmp/here; while(! test -e /tmp/go) sleep 0.1; ls -d /net/tcp /env/mine" >user.out 2>&1 & pid=$!
until_ x box /usr/bin/test -e /tmp/here
is "$(x box ls /env/mine 2>&1)" "ls: /env/mine: file does not exist" "exec -u has its own environment group"
is "$(x box ls /net 2>&1)" "" "and its own /net"
x box /bin/sh -c 'for p in /.proc/[0-9]*; do grep -qs "^kernel$" $p/comm && grep -qsa "kernel.user" $p/cmdline && kill -STOP ${p#/.proc/}; done'
until_ sh -c "$A why -g $g box >why; grep -q 'kernel process user.*is stopped' why"
is "$(grep -c 'kernel process user.*is stopped' why)" 1 "why: the users' kernel process is stopped"
is "$(x box cat /dev/sysname)" helix "the boot name space does not notice"
until_ sh -c "$A grid log -g $g box | grep -q 'user is back'"
x box /usr/bin/touch /tmp/go
wait $pid
is "$(cat user.out)" "$(printf '/env/mine\n/net/tcp')" "its mounts are renewed in the user's name space"

sup=$(pgrep -f "grid up.*$g" | head -1)
kill -9 "$sup"
until_ gone
is "$(left)" "" "kill -9 of the process outside leaves nothing"

is "$(a grid up -f net.grid $g 2>&1)" "" "up again"
sup=$(pgrep -f "grid up.*$g" | sed -n 2p)
kill -9 "$sup"
until_ gone
is "$(left)" "" "kill -9 of the supervisor leaves nothing"

"$A" grid up -w -f net.grid $g & pid=$!
until_ sh -c "$A grid ps $g | grep -q 'other.*up' && ls -l /proc/$pid/fd | grep -q signalfd" # in sh it has SIGINT ignored
kill -INT $pid
wait $pid
is "$? $(left)" "0 " "up -w and ^C leave nothing"
echo 'host=bad segment=lan ip=10.9.0.3/24 gw=10.77.0.1' >>net.grid
is "$(a grid up -f net.grid $g 2>&1 | cut -d: -f1-3)" "anthill: bad: gateway 10.77.0.1" "a grid that cannot start says why"
until_ gone
is "$(left)" "" "and leaves nothing"
echo "1..$n"
