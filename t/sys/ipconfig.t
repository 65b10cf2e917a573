#!/bin/sh
# ip/ipconfig against a stack of plain files: what it writes to which.
. t/tap
ants=$BUILD/bin/ants
dir=$(mktemp -d "${TMPDIR:-/tmp}/i.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
net=$dir/net
fresh() {
	rm -rf "$net"
	mkdir -p "$net/ipifc" "$net/ether0" "$net/ether1" "$net/udp"
	echo 020000000001 >"$net/ether0/addr"
	: >"$net/ipifc/clone"; : >"$net/iproute"; : >"$net/cs"; : >"$net/ndb"; : >"$net/ether0/clone"
}
bound() { # an interface that is ether0's, with the addresses given
	mkdir -p "$net/ipifc/0"
	: >"$net/ipifc/0/ctl"
	echo "device $net/ether0 maxtu 1500 sendra 0" >"$net/ipifc/0/status"
	for a; do printf '\t%-40s /120\n' "$a" >>"$net/ipifc/0/status"; done
}
conf() { sysname=box.example.org $ants ip/ipconfig -x "$net" "$@" 2>&1; }

fresh
is "$(conf -g 10.0.0.1 -s 10.0.0.53 ether "$net/ether0" add 10.0.0.2 255.255.255.0)" "" "a static address"
is "$(cat "$net/ipifc/clone")" "bind ether $net/ether0""add 10.0.0.2 /120 10.0.0.0" "binds the device and adds it"
is "$(cat "$net/iproute")" "add 0.0.0.0 0.0.0.0 10.0.0.1" "the gateway is the default route"
is "$(cat "$net/ndb")" "$(printf 'ip=10.0.0.2 ipmask=/120 ipgw=10.0.0.1\n\tsys=box\n\tdom=box.example.org\n\tdns=10.0.0.53')" "ndb tells"
is "$(cat "$net/cs")" refresh "cs is told to read it"

bound 10.0.0.2
is "$(conf 10.0.0.3 /24)" "" "a second address, on the first ether, as /24"
is "$(cat "$net/ipifc/0/ctl")" "add 10.0.0.3 /120 10.0.0.0" "goes to the interface that is there"
is "$(sed -n 's/^ip=\([^ ]*\).*/\1/p' "$net/ndb" | tr '\n' ' ')" "10.0.0.3 10.0.0.2 " "and first into ndb, before the older"
bound 10.0.0.3
is "$(conf -g 10.0.0.1 ether "$net/ether0" remove 10.0.0.3 255.255.255.0)" "" "remove"
is "$(cat "$net/ipifc/0/ctl")" "remove 10.0.0.3 /120" "takes the address"
is "$(cat "$net/iproute")" "remove 0.0.0.0 0.0.0.0 10.0.0.1" "and the route"
is "$(grep -c ip= "$net/ndb")" 0 "and every entry that no longer lives"
: >"$net/ipifc/0/ctl"
is "$(conf unbind)" "" "unbind"
is "$(cat "$net/ipifc/0/ctl")" unbind "says so"

fresh
is "$(conf loopback /dev/null 127.1)" "" "a loopback"
is "$(cat "$net/ipifc/clone")" "bind loopback /dev/null""add 127.0.0.1 /104 127.0.0.0" "short addresses and the class's mask"
is "$(cat "$net/ndb")" "" "is not for ndb"
fresh
is "$(conf -m 1400 -c 'scanbs 5' 10.0.0.2 255.255.0.0 10.0.9.9)" "" "mtu, remote and a device's ctl"
is "$(cat "$net/ipifc/clone")" "bind ether $net/ether0""add 10.0.0.2 /112 10.0.9.9 1400" "are passed on"
is "$(cat "$net/ether0/clone")" "scanbs 5" "before the bind"
fresh
is "$(conf fd00::2 /64)" "" "an IPv6 address"
is "$(cat "$net/ipifc/clone")" "bind ether $net/ether0""add fd00::2 /64 fd00::" "with its prefix"
fresh
printf 'ip=10.9.9.9 sys=gone\n\nipnet=here ip=10.0.0.0\n\tdns="1.2.3.4" note="two words"\n' >"$net/ndb"
is "$(conf -P 10.0.0.2 /24)$(wc -l <"$net/ndb")" 4 "-P leaves ndb alone"
is "$(conf 10.0.0.2 /24; tail -2 "$net/ndb")" "$(printf 'ipnet=here ip=10.0.0.0\n\tdns=1.2.3.4 note="two words"')" "networks stay in ndb, dead hosts do not"
fresh
is "$(conf -n 10.0.0.2 /24)" "$(printf 'ip=10.0.0.2 ipmask=/120 ipgw=::\n\tsys=box\n\tdom=box.example.org')" "-n prints"
is "$(cat "$net/ipifc/clone")" "" "and does nothing"

for f in -6 -N '-U 00' '-b 9600' -u; do
	is "$(conf $f | sed 's/ (.*)//')" "ip/ipconfig: ${f%% *} is not implemented" "$f is refused by name"
done
is "$(conf ether "$net/ether0" ra6 recvra 1)" "ip/ipconfig: verb 'ra6' (IPv6) is not implemented" "so are verbs"
is "$(conf ppp /dev/eia0)" "ip/ipconfig: medium 'ppp' is not implemented: ether, gbe and loopback are" "and media"
is "$(conf -o nonsense)" "ip/ipconfig: -o: unknown DHCP option 'nonsense'" "an unknown option"
is "$(conf 10.0.0.300 2>&1 | head -1)" "ip/ipconfig: invalid ip address '10.0.0.300'" "a bad address"
is "$(conf 10.0.0.2 255.0.255.x)" "ip/ipconfig: invalid ip mask '255.0.255.x'" "a bad mask"
is "$(conf del)" "ip/ipconfig: del requires an address" "del of nothing"
is "$(conf unbind)" "ip/ipconfig: $net/ether0 is not bound to $net" "unbind of what is not bound"
is "$($ants ip/ipconfig -x "$dir/none" 10.0.0.2 2>&1)" \
	"ip/ipconfig: $dir/none/ipifc/clone: file does not exist: is an IP stack bound at $dir/none? (bind -a '#I0' $dir/none)" \
	"no stack: what to do is said"
is "$(conf; echo $?)" "$(echo "ip/ipconfig: can't announce for dhcp: $net/udp/clone: file does not exist"; echo 1)" "DHCP without udp"
echo "1..$n"
