#!/bin/sh
# DHCP from a real dnsmasq: the lease is in its file, /net/ndb has the address, and the lease is renewed, with a clock
# that is put forward.  As on Plan 9, an address that is removed is not given back: the lease ends by itself.
. t/sys/lib
PATH=$PATH:/usr/sbin
command -v dnsmasq >/dev/null || { echo "1..0 # SKIP no dnsmasq"; exit 0; }
up <<!
segment=lan
host=dhcpd segment=lan ip=10.0.0.254/24
	cmd="exec dnsmasq -k --conf-file=/dev/null --no-ping --port=0 --log-facility=- --pid-file --user=root --group= --dhcp-range=10.0.0.100,10.0.0.200,10m --dhcp-leasefile=/tmp/leases --dhcp-authoritative"
node=box ether0=lan
!
later loghas dhcpd 'DHCP, IP range'
is "$(rc box "bind -b '#l0' /net; bind -b '#I0' /net; ANTHILL_CLOCK=/tmp/clock ip/ipconfig" 2>&1)" "" "ip/ipconfig"
leases() { x dhcpd /bin/cat /tmp/leases; }
ip=$(x box /bin/cat /net/ndb | sed -n 's/^ip=\([0-9.]*\) .*/\1/p')
is "${ip%.*}" 10.0.0 "/net/ndb has an address"
is "$(leases | awk '{ print $3 }')" "$ip" "which is the one in the server's lease file"
is "$(leases | awk '{ print $2 }' | tr -d :)" "$(x box /bin/cat /net/ether0/addr)" "for our ether address"
is "$(x box /bin/cat /net/ipselftab | grep -c "^$ip .* u\$")" 1 "ipselftab has it"
is "$(x box /bin/cat /net/ndb | grep -c 'ipgw=10.0.0.254')" 1 "and /net/ndb the gateway"
is "$(x box /bin/ip/ping -q -n 1 10.0.0.254 2>&1; echo $?)" 0 "the server answers"

acks() { [ "$(a grid log -g "$g" dhcpd | grep -c "DHCPACK.*$ip ")" -ge "$1" ]; }
end() { leases | awk '{ print $1 }'; }
before=$(end)
sleep 1.2 # the server's clock has seconds
x box /bin/sh -c 'echo 150 >/tmp/clock'
sleep 1
t "before half of the lease nothing happens" not acks 2
x box /bin/sh -c 'echo 301 >/tmp/clock'
later acks 2
t "after half of it, it is renewed" acks 2
later sh -c "[ \$('$A' grid exec -g $g dhcpd /bin/cat /tmp/leases | cut -d' ' -f1) -gt $before ]"
is "$([ "$(end)" -gt "$before" ] && echo later)" later "and ends later in the lease file"
x box /bin/sh -c 'echo 640 >/tmp/clock'
later acks 3
t "and again" acks 3
is "$(x box /bin/cat /net/ipselftab | grep -c "^$ip .* u\$")" 1 "the address stayed"
is "$(a grid log -g "$g" dhcpd | grep -c 'DHCPDISCOVER')" 1 "there was one discovery"
is "$(rc box 'ip/ipconfig unbind' 2>&1)" "" "unbind"
is "$(x box /bin/sh -c "cat /net/ipselftab | grep -c $ip")" 0 "takes the address away"
is "$(leases | awk '{ print $3 }') $(a grid log -g "$g" dhcpd | grep -c RELEASE)" "$ip 0" "and the lease is not given back, as on Plan 9"
down
echo "1..$n"
