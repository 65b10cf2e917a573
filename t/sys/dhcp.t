#!/bin/sh
# ip/ipconfig by DHCP, listen1, telnet, ping and cs in nodes, with dnsmasq on their segment.
. t/tap
A=$BUILD/bin/anthill
command -v dnsmasq >/dev/null || PATH=$PATH:/usr/sbin
command -v dnsmasq >/dev/null || { echo "1..0 # SKIP no dnsmasq"; exit 0; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-dhcp.XXXXXX") || exit 1
g=dhcp$$
trap '"$A" grid down $g >/dev/null 2>&1; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
cat >"$dir/t.grid" <<END
grid=$g
segment=lan
segment=back
node=box ether0=lan ether1=back sysname=box
node=other ether0=lan ether1=back sysname=other
host=dhcp segment=lan ip=10.7.0.1/24
	cmd="dnsmasq -k --no-ping --log-facility=- --pid-file --user=root --group= --no-resolv --no-hosts --bind-dynamic --interface=eth0 --dhcp-range=10.7.0.50,10.7.0.99,2m --dhcp-option=3,10.7.0.1 --domain=lab.test --dhcp-option=42,10.7.0.9 --dhcp-leasefile=/tmp/leases"
END
if ! "$A" grid up -f "$dir/t.grid" -d 60 >"$dir/up" 2>&1; then
	is "$(cat "$dir/up")" "" "the grid is up"
	echo "1..$n"
	exit 1
fi
on() { # NODE SCRIPT
	timeout 60 "$A" grid exec -g $g "$1" rc -c "path=(/bin /usr/bin)
$2" 2>&1 </dev/null
}
log() { "$A" grid log -g $g dhcp | tr -d '\r'; }
until_log() { # COUNT PATTERN: as many lines in dnsmasq's log
	i=0
	until [ "$(log | grep -c "$2")" -ge "$1" ] || [ $i -gt 300 ]; do i=$((i + 1)); sleep 0.1; done
	log | grep -c "$2"
}

is "$(on box "bind -b '#l0' /net; bind -b '#I0' /net; echo 0 >/tmp/clock; ANTHILL_CLOCK=/tmp/clock ip/ipconfig; echo done")" done "ipconfig by DHCP"
ip=$(on box 'cat /net/ndb' | sed -n 's/^ip=\([^ ]*\) .*/\1/p')
is "$(on box 'cat /net/ndb' | sed "s/$ip/IP/")" "$(printf 'ip=IP ipmask=/120 ipgw=10.7.0.1\n\tsys=box\n\tdom=box.lab.test\n\tdns=10.7.0.1\n\tntp=10.7.0.9')" "the stack's ndb"
is "$(on box 'cat /net/ipselftab' | awk -v ip=$ip '$1 == ip { print $3 }')" u "it answers to the address"
is "$(on box 'cat /net/iproute' | awk '$1 == "0.0.0.0" && $2 == "/96" { print $3, $5 }')" "10.7.0.1 dhcp" "the default route is tagged"
is "$(log | sed -n "s/.*DHCPACK(eth0) $ip .* //p")" box "the server knows the name"
is "$(on box 'ip/ping -q -n 2 -i 10 10.7.0.1; echo $status')" "" "and can be pinged"

# the lease's life, by the clock
on box 'echo 65 >/tmp/clock' >/dev/null
is "$(until_log 2 'DHCPACK')" 2 "after half its time the lease is renewed"
is "$(log | grep -c DHCPDISCOVER)" 1 "without a new search"
on box 'echo 1000 >/tmp/clock' >/dev/null
is "$(until_log 3 'DHCPACK')" 3 "after a sleep past its end a new one is sought"
is "$(log | grep -c DHCPDISCOVER)" 2 "from the beginning"
is "$(on box 'cat /net/ipselftab' | awk '$3 == "u"' | wc -l)" 1 "and there is still one address"

# heard TREE ADDR: rc that waits for a listener
heard() { echo "while(! grep -s '$2\$' $1/tcp/[0-9]*/local >[2]/dev/null) sleep 0.1"; }

# two addresses, two listeners, another node that calls
is "$(on box "ip/ipconfig -g 10.7.0.1 ether /net/ether0 add 10.7.0.20 255.255.255.0
	aux/listen1 -t tcp!10.7.0.20!2500 fortune >/dev/null >[2=1] & aux/listen1 -t tcp!$ip!2500 echo this is $ip >/dev/null >[2=1] &
	$(heard /net "10.7.0.20!2500"); $(heard /net "$ip!2500"); echo up")" up "a second address and two listeners"
is "$(on other "bind -b '#l0' /net; bind -b '#I0' /net; ip/ipconfig -X; telnet tcp!$ip!2500")" "this is $ip" "one address answers"
is "$(on other 'telnet tcp!10.7.0.20!2500' | grep -Fxcf - rc/lib/fortunes)" 1 "the other with a fortune"
is "$(on other 'telnet tcp!10.7.0.20!2501' | sed 's/.*: //')" "connection refused" "another port does not"
is "$(on other 'ip/ping -q -n 1 -w 2000 10.7.0.20; echo $status')" "" "ping between nodes"
is "$(on other 'ndb/cs; ndb/csquery /net/cs tcp!localhost!9fs; telnet tcp!10.7.0.20!2500' | sed 2d)" "/net/tcp/clone 127.0.0.1!564" "cs, and a call by way of it"
is "$(on other "ip/ipconfig loopback /dev/null 127.1; aux/listen1 -t tcp!127.1!2600 echo home >/dev/null >[2=1] &
	$(heard /net '127.0.0.1!2600'); telnet tcp!127.1!2600")" home "the loopback"

# a second stack
is "$(on box "bind -b '#l1' /net.alt; bind -b '#I1' /net.alt; ip/ipconfig -x /net.alt ether /net.alt/ether1 10.99.0.12 255.255.0.0
	aux/listen1 -t /net.alt/tcp!*!2700 echo alt >/dev/null >[2=1] &
	$(heard /net.alt '!2700'); echo up")" up "a stack on /net.alt"
is "$(on other "bind -b '#l1' /net.alt; bind -b '#I1' /net.alt; ip/ipconfig -x /net.alt ether /net.alt/ether1 10.99.0.13 255.255.0.0
	telnet /net.alt/tcp!10.99.0.12!2700")" alt "answers through /net.alt"
is "$(on other 'telnet tcp!10.7.0.20!2700' | sed 's/.*: //')" "connection refused" "and is refused through /net"
is "$(on box 'ip/ipconfig remove 10.7.0.20 255.255.255.0; cat /net/ndb' | grep -c 10.7.0.20)" 0 "an address is removed"
is "$(on other "ip/ipconfig -x /net.alt ether /net.alt/ether1 unbind; cat /net.alt/ipifc/*/status >[2]/dev/null" | grep -c ether1)" 0 "unbind"
is "$(on other "bind -b '#I2' /net.alt; echo 0 >/tmp/clock
	for(i in \`{seq 5 5 500}) if(! test -e /tmp/done) {sleep 0.1; echo \$i >/tmp/clock} >/dev/null >[2=1] &
	ANTHILL_CLOCK=/tmp/clock ip/ipconfig -x /net.alt ether /net.alt/ether1; touch /tmp/done" | sed 's/.*: //' | head -1)" "no success with DHCP" "no server on that segment"
"$A" grid down $g
is $? 0 "the grid goes down"
echo "1..$n"
