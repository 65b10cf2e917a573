#!/bin/sh
# The demo of post 1, run as a person runs it, and what it must show.
out=$(mktemp "${TMPDIR:-/tmp}/anthill-post1.XXXXXX") || exit 2
trap 'rm -f "$out"' EXIT
export BUILD INTERACTIVE=
timeout 120 sh demos/post1 >"$out" 2>&1 </dev/null
rc=$?

n=0
ok() { # STATUS WHAT
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
shows() { # PATTERN WHAT
	grep -Eq -- "$1" "$out"
	ok $? "$2"
}
after() { # COMMAND PATTERN WHAT: the line after COMMAND
	grep -m1 -F -A1 -- "$1" "$out" | tail -1 | tr -d '\r' | grep -Eq -- "$2"
	ok $? "$3"
}
ok $rc "the demo ends well"
after "% ls /net" "^/net/ether0" "#l0 shows an ether"
shows "^/net/ipselftab" "#I0 shows a stack"
shows "^192\.168\.9\.77 +01 +u" "a second address is there"
shows "^192\.168\.9\.[0-9]+ +01 +u" "beside the first"
addr=$(sed -n 's/^other% telnet tcp!\([0-9.]*\)!2500/\1/p' "$out" | head -1)
after "% telnet tcp!$addr!2500" "[a-z]{3}" "a fortune from the first"
after "% telnet tcp!192.168.9.77!2500" "this is 192.168.9.77" "the other program from the second"
shows "^[0-9]+ [0-9a-f:]+ $addr box" "the lease is in dnsmasq's file"
after "% telnet /net.alt/tcp!10.99.0.12!17034" "second network" "the second stack answers on /net.alt"
after "% telnet /net/tcp!$addr!17034" "connection refused" "and is refused through /net"
shows "HTTP/1.. 200" "a web server with an address of its own"
shows "hello from httpd at 192.168.9.80" "and its page"
[ $rc = 0 ] || sed 's/^/# /' "$out"
echo "1..$n"
