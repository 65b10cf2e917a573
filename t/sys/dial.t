#!/bin/sh
# dial and announce through a stack's network files, in a root of its own with a kernel process on /#.
if [ "${DIAL_T:-}" != inside ]; then
	if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
		echo "1..0 # SKIP /dev/fuse is not ours to open"
		exit 0
	fi
	DIAL_T=inside exec unshare -Urmpf --kill-child --propagation private "$0"
fi
B=${BUILD:?}
case $B in /*) ;; *) B=$PWD/$B ;; esac
r=${TMPDIR:?}/root
mkdir "$r" && mount -t tmpfs root "$r" && cd "$r" || exit 1
mkdir '#' tmp dev net proc build usr etc old
mount --rbind /usr usr && mount --bind "$B" build && mount --rbind /etc etc && mount -t proc proc proc
for d in null fuse; do
	: >dev/$d && mount --bind /dev/$d dev/$d
done
for d in bin lib lib64 sbin; do
	if [ -L "/$d" ]; then
		ln -s "$(readlink "/$d")" "$d"
	elif [ -e "/$d" ]; then
		mkdir "$d" && mount --rbind "/$d" "$d"
	fi
done
pivot_root . old && cd / && umount -l /old || exit 1
PATH=/usr/bin:/bin:/usr/sbin:/sbin TMPDIR=/tmp
A=/build/bin/anthill
n=0
is() { # WHAT WANT GOT
	n=$((n + 1))
	if [ "$2" = "$3" ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		printf '%s\n' "want $2" "got  $3" | head -20 | sed 's/^/# /'
	fi
}
until_ok() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
}
p() { # ADDR ARG...
	addr=$1
	shift
	timeout 20 $A 9p -u glenda -a "$addr" "$@" 2>&1
}
/build/t/nskern >/tmp/ready 2>/tmp/kernlog &
kern=$!
until_ok grep -q ready /tmp/ready
is "a stack is bound" "" "$($A bind '#I0' /net 2>&1; cat /tmp/kernlog)"
is "its files can be written to" 0 "$(sh -c ': <>/net/tcp/clone' 2>&1; echo $?)"
is "it has a loopback" "" "$($A ip/ipconfig loopback /dev/null 127.0.0.1 2>&1)"
is "nobody listens" "9p: dial tcp!127.1!9999: connect 127.1!9999: connection refused" "$(p 'tcp!127.1!9999' ls)"
$A ramfs -U glenda -a 'tcp!*!9999' 2>/tmp/ramlog &
ram=$!
until_ok grep -q Listen /net/tcp/0/status
is "an announcement shows in /net" Listen "$(cut -d' ' -f1 /net/tcp/0/status)"
is "the announcer holds a socket" 1 "$(ls -l /proc/$ram/fd | grep -c socket:)"
is "a file is written through the stack" "" "$(echo hello | p 'tcp!127.1!9999' write -c a)"
is "and read through another address" hello "$(p '/net/tcp!127.0.0.1!9999' read a)"
is "and through any network" hello "$(p 'net!127.1!9999' read a)"
is "a network that is not there" "9p: dial il!127.1!9999: unknown network 'il': tcp, udp, net and unix are known here" \
	"$(p 'il!127.1!9999' read a)"
kill $ram
wait $ram 2>/dev/null
is "the end of the announcer is the end of its calls" 1 "$(p 'tcp!127.1!9999' ls | grep -c 'connection refused')"
kill $kern
echo "1..$n"
