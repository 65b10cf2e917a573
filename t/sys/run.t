#!/bin/sh
# anthill run without -a: an address by DHCP from dnsmasq on the segment, its life by the clock, and its end.
. t/tap
A=${BUILD:?}/bin/anthill
case $A in /*) ;; *) A=$PWD/$A ;; esac
command -v dnsmasq >/dev/null || PATH=$PATH:/usr/sbin
command -v dnsmasq >/dev/null || { echo "1..0 # SKIP no dnsmasq"; exit 0; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-run.XXXXXX") || exit 1
chmod 711 "$dir" # root's grid is another user, who reads the clock
g=run$$
trap 'timeout -s KILL 20 "$A" grid down $g >/dev/null 2>&1; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
cat >"$dir/t.grid" <<END
grid=$g
segment=lan
segment=silent
host=dhcp segment=lan ip=10.8.0.1/24
	cmd="dnsmasq -k --no-ping --log-facility=- --pid-file --user=root --group= --no-resolv --no-hosts --address=/name.test/10.8.0.77 --bind-dynamic --interface=eth0 --dhcp-range=10.8.0.50,10.8.0.99,2m --dhcp-option=3,10.8.0.1 --domain=lab.test --dhcp-leasefile=/tmp/leases"
END
if ! "$A" grid up -f "$dir/t.grid" -d 60 >"$dir/up" 2>&1; then
	is "$(cat "$dir/up")" "" "the grid is up"
	echo "1..$n"
	exit 1
fi
run() { timeout -s KILL 120 "$A" run -g $g "$@" 2>&1 </dev/null; }
log() { "$A" grid log -g $g dhcp | tr -d '\r'; }
until_log() { # COUNT PATTERN: as many lines in dnsmasq's log
	i=0
	until [ "$(log | grep -c "$2")" -ge "$1" ] || [ $i -gt 300 ]; do i=$((i + 1)); sleep 0.1; done
	log | grep -c "$2"
}
until_log 1 'DHCP, IP range' >/dev/null

run -s lan -- sh -c 'ip -4 -o addr show eth0; ip -4 route show default; cat /etc/resolv.conf; busybox ping -c1 -W5 -q 10.8.0.1 | grep -c " 0% packet loss"
	ps -o comm= --ppid $$ | grep dhcpwatch; getent hosts name.test; exit 5' >"$dir/out"
is $? 5 "the program's status"
ip=$(sed -n 's/.*inet \(10\.8\.0\.[5-9][0-9]\)\/24 .*/\1/p' "$dir/out")
is "$(log | sed -n 's/.*DHCPACK(eth0) \([^ ]*\) .*/\1/p')" "$ip" "it has the address that the server gave"
is "$(sed 1d "$dir/out" | sed 's/ proto dhcp//; s/ *$//; s/  */ /g')" "default via 10.8.0.1 dev eth0
search lab.test
nameserver 10.8.0.1
1
10.8.0.77 name.test" "a default route, the server's resolver and no child it has not made"
is "$(until_log 1 "DHCPRELEASE(eth0) $ip ")" 1 "the lease is given back at the end"
is "$(run -s lan -w -- sh -c 'grep -c 10.8.0.1 /etc/resolv.conf')" 1 "with -w as well"
is "$(grep -c '^nameserver 10.8.0.1' /etc/resolv.conf)" 0 "the host's own file is as it was"

is "$(run -s silent -- no-such-program; echo $?)" "anthill: no-such-program: file does not exist
127" "a missing program is known before an address is asked for"

acks=$(log | grep -c DHCPACK)
seeks=$(log | grep -c DHCPDISCOVER)
mkfifo "$dir/in"
timeout -s KILL 120 "$A" run -g $g -s lan -x ANTHILL_CLOCK=/tmp/clock -- sh -c 'echo 0 >/tmp/clock
	while read s; do echo $s >/tmp/clock; done; ip -4 -o addr show eth0 | grep -c inet' <"$dir/in" >"$dir/out" 2>&1 &
pid=$!
exec 3>"$dir/in"
is "$(until_log $((acks + 1)) DHCPACK)" $((acks + 1)) "another program, another lease"
echo 65 >&3
is "$(until_log $((acks + 2)) DHCPACK)" $((acks + 2)) "after half its time the lease is renewed"
is "$(log | grep -c DHCPDISCOVER)" $((seeks + 1)) "without a new search"
echo 1000 >&3
is "$(until_log $((acks + 3)) DHCPACK)" $((acks + 3)) "after a sleep past its end a new one is sought"
is "$(log | grep -c DHCPDISCOVER)" $((seeks + 2)) "from the beginning"
exec 3>&-
wait $pid
is "$(cat "$dir/out")" 1 "and there is still one address"
is "$(until_log 3 DHCPRELEASE)" 3 "which is given back"

echo 0 >"$dir/clock"
timeout -s KILL 60 "$A" run -g $g -s silent -w -x ANTHILL_CLOCK="$dir/clock" -- true >"$dir/out" 2>&1 &
pid=$!
timeout -s KILL 60 "$A" run -g $g -s silent -- true 2>"$dir/out2" &
second=$!
i=0
until [ "$("$A" grid ps $g | grep -c ' run .* up')" = 2 ] || [ $i -gt 300 ]; do i=$((i + 1)); sleep 0.1; done
"$A" grid ps $g >"$dir/ps"
kill $(ps -o pid= --ppid $second)
wait $second
is $? 143 "a signal ends the asking"
is "$(run -s silent -a none -- sh -c 'ip -4 -o addr show eth0; echo $?')" 0 "-a none asks for no address"
s=0
while kill -0 $pid 2>/dev/null && [ $s -lt 6000 ]; do sleep 0.1; echo $((s += 5)) >"$dir/clock"; done
wait $pid
is $? 127 "nobody answers"
is "$(cat "$dir/out")" "anthill: no success with DHCP on silent; -a gives a static address" "and that is said"
i=0
while "$A" grid ps $g | grep -q ' run ' && [ $i -lt 300 ]; do i=$((i + 1)); sleep 0.1; done
is "$("$A" grid ps $g | grep -c ' run ')" 0 "nothing is left of the programs"
"$A" grid down $g
is $? 0 "the grid goes down"
echo "1..$n"
