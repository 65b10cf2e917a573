#!/bin/sh
# Stacks with the same addresses on different segments do not see each other; and the files of a stack show what others
# have changed in it by netlink.
. t/sys/lib
up <<!
segment=lan
segment=back
node=box ether0=lan ether1=back
node=other ether0=lan ether1=back
!
for i in box:1 other:2; do
	node=${i%:*} addr=10.0.0.${i#*:}
	is "$(rc $node "bind -b '#l0' /net; bind -b '#I0' /net; bind -b '#l1' /net.alt; bind -b '#I1' /net.alt
		ip/ipconfig ether /net/ether0 add $addr /24
		ip/ipconfig -x /net.alt ether /net.alt/ether1 add $addr /24" 2>&1)" "" "$node has $addr on two segments"
done
rc box 'ip/ipconfig ether /net/ether0 add 10.0.0.50 /24' # on this segment alone
x box /bin/rc -c "aux/listen1 -t tcp!*!2500 /bin/echo by net" & pids=$!
x box /bin/rc -c "aux/listen1 -t /net.alt/tcp!*!2500 /bin/echo by net.alt" & pids="$pids $!"
x box /bin/rc -c "aux/listen1 -t /net.alt/tcp!*!2501 /bin/echo only alt" & pids="$pids $!"
call() { timeout 30 "$A" grid exec -g "$g" other /bin/telnet "$@" 2>&1 </dev/null | tr -d '\r'; }
listens() { x box /bin/sh -c "[ \$(cat $1/tcp/*/status | grep -c ^Listen) = $2 ]"; }
later listens /net 1
later listens /net.alt 2
is "$(x box /bin/cat /net/ipselftab /net.alt/ipselftab | grep -cE '^(::1|127[.])')" 0 "nobody has Linux's own loopback addresses"
is "$(rc box "/bin/sh -c 'cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/ip_default_ttl' | tr '\\t' ' '")" "$(printf '32768 65535\n255')" "ports and time to live are Plan 9's"
is "$(call 'tcp!10.0.0.1!2500')" "by net" "the address on one segment"
is "$(call '/net.alt/tcp!10.0.0.1!2500')" "by net.alt" "the same address on the other"
is "$(call '/net.alt/tcp!10.0.0.1!2501')" "only alt" "a listener on /net.alt"
is "$(call 'tcp!10.0.0.1!2501' | sed 's/.*: //')" "connection refused" "is refused through /net"
is "$(x other /bin/ip/ping -q -n 1 10.0.0.50 2>&1; echo $?)" 0 "an address of the first segment answers there"
is "$(x other /bin/rc -c "ip/ping -q -n 1 -w 300 /net.alt/icmp!10.0.0.50" 2>&1 | grep -c .)" 1 "and not on the second"
arp() { x "$1" /bin/cat "$2/arp" | awk -v a="$3" '$3 == a && $2 == "OK" { print $4 }'; }
lan=$(arp other /net 10.0.0.1) back=$(arp other /net.alt 10.0.0.1)
is "$([ -n "$lan" ] && [ -n "$back" ] && [ "$lan" != "$back" ] && echo differ)" differ "arp has another ether address on each"

# behind its back: in the net name space that has ether0
put box /tmp/behind <<'!'
for f in /.proc/$1/fd/*; do
	case $(readlink $f) in net:*) nsenter --net=$f ip -o link show ether0 >/tmp/link 2>&1 && break ;; esac
done
shift
exec nsenter --net=$f ip "$@"
!
k=$(kernel box)
behind() { t "netlink: ip $*" x box /bin/sh /tmp/behind "$k" "$@"; }
has() { x box /bin/cat "$1" | grep -c "$2"; }
behind addr add 10.0.0.77/24 dev ether0
is "$(has /net/ipselftab '^10.0.0.77 .* u$')" 1 "ipselftab has the address"
is "$(x other /bin/ip/ping -q -n 1 10.0.0.77 2>&1; echo $?)" 0 "which answers"
behind route add 192.168.5.0/24 via 10.0.0.2
is "$(has /net/iproute '^192.168.5.0 */120 *10.0.0.2 ')" 1 "iproute has the route"
behind neigh add 10.0.0.99 lladdr 02:00:00:00:00:99 dev ether0 nud permanent
is "$(has /net/arp '10.0.0.99 *020000000099')" 1 "arp has the neighbour"
is "$(x box /bin/cat /net.alt/ipselftab /net.alt/iproute /net.alt/arp | grep -c '10.0.0.77\|192.168.5.0\|10.0.0.99')" 0 "the other stack has none of it"
behind addr del 10.0.0.77/24 dev ether0
behind route del 192.168.5.0/24
behind neigh del 10.0.0.99 dev ether0
is "$(x box /bin/cat /net/ipselftab /net/iproute /net/arp | grep -c '10.0.0.77\|192.168.5.0\|10.0.0.99')" 0 "and all of it goes again"
is "$(has /net/ipselftab '^10.0.0.1 .* u$')" 1 "its own address stays"
kill $pids
down
echo "1..$n"
