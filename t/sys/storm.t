#!/bin/sh
# Five hundred callers that wait in one node's kernel process, interrupted, killed; then the kernel process stops, then
# it is killed under load.  None of them may be stuck, and everything works afterwards.
. t/sys/lib
up -d 4 <<!
segment=lan
node=box ether0=lan
!
put box /tmp/storm <"$bin/storm"
# a listener, and a connection to it, held by a process; the listener's conversation is $listen, the connection's $data
put box /tmp/hold <<'!'
exec 3<>/net/tcp/clone 4<>/net/tcp/clone
read -r n <&3
read -r c <&4
echo announce "*!$1" >&3
echo "connect 10.0.0.1!$1" >&4
exec 5<>/net/tcp/$n/listen
echo "listen=/net/tcp/$n/listen data=/net/tcp/$c/data"
exec sleep 1000
!
hold() { # PORT
	x box /bin/sh /tmp/hold "$1" >"hold.$1" &
	later grep -q data= "hold.$1"
	listen=none data=none
	eval "$(cat "hold.$1")"
	is "${listen#/net/tcp/[0-9]} ${data#/net/tcp/[0-9]}" "/listen /data" "a listener and a connection"
}
threads() { x box /bin/sh -c "ls /.proc/$k/task | wc -l"; }
few() { [ "$(threads)" -lt 64 ] && echo few; }
inflight() { a why -g "$g" box | grep -c "$1"; } # TEXT
blocked() { # FILE N: the storm that writes there has begun its Nth step
	[ "$(grep -c '^blocked' "$1")" -ge "$2" ]
}
ended() { # FILE: how the last calls of its storm ended: none stuck, none done
	sed -n '/^blocked/h; /^blocked/!H; ${g;p;}' "$1" | awk '/stuck|killed|ok$/ { bad = 1 } /^[0-9]+ E/ { n += $1 } END { print n (bad ? " and others" : "") }'
}
# told STOPPED WAITS WAITS WHAT: why shows one line of the first and 500 of each other, before the deadline has passed and
# there is one more that "is back" than $was
told() {
	later seen "$1" "$2" "$3"
	if [ "$got" = over ]; then
		n=$((n + 1))
		echo "ok $n - $4 # SKIP the deadline was over before why could look"
	else
		is "$got" seen "$4"
	fi
}
backs() { a grid log -g "$g" box | grep -c 'is back'; }
seen() {
	a why -g "$g" box >why
	got="$(grep -c "$1" why) $(grep -c "$2" why) ${3:+$(grep -c "$3" why)}"
	case $got in "1 500 500" | "1 500 ") got=seen ;; *) [ "$(backs)" -le "$was" ] || got=over ;; esac
	[ "$got" = seen ] || [ "$got" = over ]
}
three() { printf 'blocked %s\n%s EINTR\n' $1 $1 $1 $1 $1 $1; printf 'blocked %s\n%s killed\n' $1 $1; }

rc box "bind -b '#l0' /net; bind -b '#I0' /net; ip/ipconfig ether /net/ether0 add 10.0.0.1 /24" || echo "# no network"
k=$(kernel box)
hold 77
is "$(x box /tmp/storm 500 open $listen int int int kill 2>&1)" "$(three 500)" "500 opens of listen: ^C three times, then kill"
is "$(x box /tmp/storm 500 read $data int int int kill 2>&1)" "$(three 500)" "500 reads of data: the same"
is "$(few)" few "the kernel process has few threads"
later sh -c "$A why -g $g box | grep -q nothing"
is "$(a why -g "$g" box | tail -1)" "  nothing" "nothing is left in it"

# stopped: who waits gets an error at the deadline, and meanwhile it is known who waits on what
x box /tmp/storm 500 open $listen int wait >opens 2>&1 & o=$!
x box /tmp/storm 500 read $data int wait >reads 2>&1 & r=$!
later blocked opens 2
later blocked reads 2
counts() { echo "$(inflight "open.*listen") $(inflight "read.*data")"; }
all() { [ "$(counts)" = "500 500" ]; }
later all # it has not taken in each yet
is "$(counts)" "500 500" "why names 500 opens and 500 reads"
is "$(few)" few "the kernel process has few threads"
was=$(backs)
x box /bin/sh -c "kill -STOP $k"
told "is stopped" "storm waits in open of $listen" "storm waits in read of $data" "stopped, why says so, and who waits on what"
is "$(x box /bin/echo here)" here "the node starts programs meanwhile"
wait $o $r
is "$(ended opens)" 500 "all opens have ended with an error"
is "$(ended reads)" 500 "all reads have"
later loghas box "is back"
t "the kernel process is back" loghas box "is back"
k=$(kernel box)
t "its files are where they were" x box /usr/bin/test -e /net/tcp/clone -a -e /net/ether0/addr
is "$(rc box 'cat /net/ipselftab' | grep -c '^10.0.0.1 ')" 1 "the address is there"
(echo 'echo the con''sole'; later grep -qs '^the console' said) | a grid console -g "$g" box >said
is "$(grep -c '^the console' said)" 1 "the console answers"
hold 78
is "$(x box /tmp/storm 100 open $listen int kill 2>&1)" "$(printf 'blocked 100\n100 EINTR\nblocked 100\n100 killed')" "opens of listen wait as before"

# killed under load
x box /bin/sh -c 'while :; do cat /net/ipselftab /net/tcp/*/status; done' >/dev/null 2>&1 & load=$!
x box /tmp/storm 500 open $listen wait >opens 2>&1 & o=$!
x box /tmp/storm 500 read $data wait >reads 2>&1 & r=$!
later blocked opens 1
later blocked reads 1
is "$(few)" few "few threads again"
x box /bin/sh -c "kill -9 $k"
wait $o $r
is "$(ended opens) $(ended reads)" "500 500" "killed: every call has ended with an error"
later sh -c "[ \$($A grid log -g $g box | grep -c 'is back') = 2 ]"
is "$(a grid log -g "$g" box | grep -c 'is back')" 2 "and it is back"
hold 79
is "$(x box /tmp/storm 100 read $data int kill 2>&1)" "$(printf 'blocked 100\n100 EINTR\nblocked 100\n100 killed')" "reads of data wait as before"
is "$(a grid log -g "$g" box | grep -i 'could not\|sanitizer\|runtime error')" "" "nothing was lost on the way"
kill $load

# the users' kernel process stops under 500 callers: the console, which has the other one, does not wait for it
put box /tmp/user <<'!'
exec 3<>/net/tcp/clone
read -r n <&3
echo announce '*!77' >&3
exec /tmp/storm 500 open /net/tcp/$n/listen int wait
!
x -u box /bin/rc -c "bind -b '#I0' /net; /bin/sh /tmp/user" >users 2>&1 & u=$!
later blocked users 2
is "$(grep -c '^blocked' users)" 2 "500 opens of listen in the users' name space"
was=$(backs)
x box /bin/sh -c 'for p in /.proc/[0-9]*; do grep -qsa "kernel.user" $p/cmdline && grep -q "^kernel$" $p/comm && kill -STOP ${p#/.proc/}; done'
told 'user.*is stopped' 'storm waits in open of .*/listen' "" "stopped: why says so, and who waits on what"
(echo 'echo cons''ole >/env/said; echo $said; cat /env/said'; later grep -qs '^console' said2) | a grid console -g "$g" box >said2
is "$(grep -c '^console' said2)" 1 "and the boot console answers"
wait $u
is "$(ended users)" 500 "all opens have ended with an error"
later loghas box "user is back"
is "$(x -u box /bin/rc -c "bind -b '#I0' /net; ls -d /net/tcp" 2>&1)" /net/tcp "users go on"
down
echo "1..$n"
