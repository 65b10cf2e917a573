#!/bin/sh
# A node whose kernel process is killed while unions, 9P trees and groups are in use, with a union as its root.
A=${BUILD:?}/bin/anthill
case $A in /*) ;; *) A=$PWD/$A ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-nskill.XXXXXX") || exit 1
g=nskill$$-x
trap 'timeout -s KILL 20 $A grid down $g >/dev/null 2>&1; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 1
n=0
is() { # WHAT WANT GOT: lines joined by blanks
	n=$((n + 1)) got=$(printf '%s' "$3" | tr '\n' ' ')
	if [ "$2" = "$got" ]; then
		echo "ok $n - $1"
	else
		printf 'not ok %s - %s\n# got  %s\n# want %s\n' $n "$1" "$got" "$2"
	fi
}
x() { timeout -s KILL 60 "$A" grid exec -g $g box /bin/rc -c "$1" 2>&1; }
printf 'grid=%s\nsegment=lan\nnode=box ether0=lan mem=16M\n' $g >net.grid
timeout -s KILL 280 "$A" grid up -f net.grid >up.log 2>&1 &
i=0
until [ $i -gt 100 ] || timeout 5 "$A" grid ps $g 2>/dev/null | grep -q up; do
	i=$((i + 1))
	sleep 0.2
done
is 'a name space with a union as its root' 'one' "$(x "mkdir /tmp/top
bind -ac /tmp/top /
echo r >/newfile
bind -b '#l0' /net
bind -b '#I0' /net
bind -c '#s' /srv
bind -a '#c' /dev
bind -c '#e' /env
v=(a b c)
ramfs -S ram
mount -c /srv/ram /n
echo one >/n/f
bind /usr/lib /mnt
cat /n/f")"
x "ns | grep -v '^#'" >before
is 'which is printed' "bind -ac /tmp/top / bind -b '#I0' /net mount -c /srv/ram /n bind /usr/lib /mnt" \
	"$(grep -e ' /$' -e '#I0' -e ' /n$' -e ' /mnt$' before | grep -v ^cd)"
x 'late=1
cat /env/late >/first
while(! test -e /killed) sleep 0.2
late=2
cat /env/late >/second' >late 2>&1 &
late=$!
i=0
until [ $i -gt 100 ] || [ "$(x "cat /first" | tr -d '\0')" = 1 ]; do
	i=$((i + 1))
	sleep 0.2
done
cat >kill.sh <<'S'
for p in /.proc/[0-9]*; do
	tr "\0" " " <$p/cmdline | grep -q "kernel [b]oot" && kill -9 ${p#/.proc/}
done
S
timeout -s KILL 60 "$A" grid exec -g $g box /bin/sh -c "$(cat kill.sh)" >/dev/null 2>&1
i=0
until [ $i -gt 100 ] || [ "$(x 'cat /n/f')" = one ]; do
	i=$((i + 1))
	sleep 0.2
done
is 'the kernel process was killed' 1 "$(timeout 20 "$A" grid log -g $g box | grep -c 'kernel process boot .*killed by signal 9')"
is 'the 9P tree is there again' one "$(x 'cat /n/f')"
is 'the union of devices' 'arp bootp ether0 icmp icmpv6 ipifc iproute ipselftab log ndb tcp udp' "$(x 'cd /net; ls')"
is 'the posts' 'clone ram' "$(x 'cd /srv; ls')"
is 'a device in a union' glenda "$(x 'cat /dev/user')"
is 'the environment' 'a b c' "$(x 'echo $v')"
x 'echo >/killed'
wait $late
is 'an rc that was there before goes on telling it' 2 "$(x 'cat /second' | tr -d '\0')"
is 'the root' r "$(x 'cat /newfile')"
x "ns | grep -v '^#'" | sort >after
is 'and the whole name space' "$(sort before | tr '\n' ' ' | sed 's/ $//')" "$(cat after)"
is 'in which one can bind' r "$(x 'bind -b /tmp/top /root; cat /root/newfile')"
[ ! -s up.log ] || sed 's/^/# /' up.log
echo "1..$n"
