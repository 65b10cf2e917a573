#!/bin/sh
# A Linux program uses the stack that is at /net when it is started.
A=$BUILD/bin/anthill
grid=linuxnet$$
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-linuxnet.XXXXXX") || exit 2
trap '"$A" grid down $grid >/dev/null 2>&1; rm -rf "$dir"' EXIT
cat >"$dir/g" <<'G'
segment=lan
node=box ether0=lan script=box.rc
G
cat >"$dir/box.rc" <<'G'
bind -b '#l0' /net
bind -b '#I0' /net
ip/ipconfig ether /net/ether0 10.0.0.5 255.255.255.0
echo yes >/tmp/ready
G
n=0
ok() { # STATUS WHAT
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
box() { timeout 30 "$A" grid exec -g $grid box "$@"; }
devices() { box "$@" | sed -n 's/^ *\([a-z0-9]*\):.*/\1/p' | tr '\n' ' '; }

"$A" grid up -f "$dir/g" $grid
ok $? "a node"
i=0
until box test -e /tmp/ready || [ $i = 200 ]; do
	i=$((i + 1))
	sleep 0.1
done
[ "$(devices /usr/bin/cat /proc/net/dev)" = "ether0 lo " ] || [ "$(devices /usr/bin/cat /proc/net/dev)" = "lo ether0 " ]
ok $? "a program that is started in the node is in #I0"
box /usr/bin/cat /proc/net/fib_trie | grep -q '10\.0\.0\.5$'
ok $? "and has its address"
[ "$(devices rc -c "rfork n; bind '#I1' /net; /usr/bin/cat /proc/net/dev")" = "lo " ]
ok $? "one that is started after a bind is in the other stack"
[ "$(devices rc -c "{rfork n; bind '#I1' /net}; /usr/bin/cat /proc/net/dev")" != "" ]
ok $? "rc goes on"
box /usr/bin/cat /proc/net/dev | grep -q ether0
ok $? "and nobody else has noticed"
! box ls /net | grep -q netns
ok $? "the file for this is not listed"
"$A" grid down $grid
ok $? "down"
echo "1..$n"
