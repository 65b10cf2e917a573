#!/bin/sh
# #l and #I through /net: two stacks on one segment, with our own tools and a kernel process on /#.
. t/tap
if [ "${IP_T:-}" != inside ]; then
	IP_T=inside exec unshare -Urmpnf --kill-child --propagation private "$0"
fi
mounts="net net.alt"
. t/sys/root
export A=/build/bin/anthill ants=/build/bin/ants
has() { # TEXT FILE
	grep -q -e "$1" "$2" || { cat "$2"; false; }
}
lacks() { ! grep -e "$1" "$2"; }
later() { # CMD...: it succeeds soon
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$@" >/tmp/later 2>&1 && return
		sleep 0.25
	done
	cat /tmp/later
	false
}
/build/t/nskern '/#' ethers >/tmp/ready 2>/tmp/kernlog &
later grep -q ready /tmp/ready || { echo "Bail out! $(cat /tmp/kernlog)"; exit 1; }

t "bind '#l0' /net" $A bind -b '#l0' /net
t "bind '#I0' /net" $A bind -b '#I0' /net
t 'the union has both' sh -c 'test "$(ls /net | tr "\n" " ")" = "arp bootp ether0 icmp icmpv6 ipifc iproute ipselftab log ndb tcp udp "'
t "bind '#l1' and '#I1' on /net.alt" sh -c '$A bind -b "#l1" /net.alt && $A bind -b "#I1" /net.alt'
t 'an ether address is 12 digits and no newline' sh -c 'test "$(wc -c </net/ether0/addr)" = 12'
t 'ipconfig on /net' $ants ip/ipconfig -g 10.0.0.2 ether /net/ether0 add 10.0.0.1 255.255.255.0
t 'ipconfig on /net.alt' $ants ip/ipconfig -x /net.alt ether /net.alt/ether1 add 10.0.0.2 /24
t 'the address is there' has '^10.0.0.1 .* u$' /net/ipselftab
t 'and not in the other stack' lacks '^10.0.0.1 ' /net.alt/ipselftab
t 'the route too' has '^0.0.0.0 */96 *10.0.0.2 ' /net/iproute
t 'which is not in the other stack' lacks '^0.0.0.0 */96 ' /net.alt/iproute
t 'a second address on the same interface' $ants ip/ipconfig ether /net/ether0 add 10.0.0.11 255.255.255.0
t 'leaves the first' has '^10.0.0.1 .* u$' /net/ipselftab
t 'and answers' has '^10.0.0.11 .* u$' /net/ipselftab
t 'ndb has them' has 'ip=10.0.0.11' /net/ndb
t 'status has the device as it was named' has 'device /net/ether0 maxtu 1514 ' /net/ipifc/0/status
t 'ping the other stack' timeout 30 $ants ip/ping -n 2 10.0.0.2
t 'arp knows it' has '^ether *OK *10.0.0.2 ' /net/arp
t 'text is a snapshot of the moment of open, whatever the size of the reads' sh -c 'test "$(dd if=/net/ipselftab bs=1 2>/dev/null)" = "$(cat /net/ipselftab)"'
t 'a conversation by hand' sh -c 'exec 3<>/net.alt/tcp/clone; read -r n <&3; test -d /net.alt/tcp/$n && cat /net.alt/tcp/$n/status | grep -q Closed'
t 'connect to nobody is refused' says 'onnection refused' sh -c 'exec 3<>/net/tcp/clone && echo connect 10.0.0.2!4444 | cat >&3'
t 'an unknown message is refused' says 'nvalid argument' sh -c 'exec 3<>/net/tcp/clone && echo frob | cat >&3'

$ants aux/listen1 '/net.alt/tcp!*!2500' /bin/echo hello from alt >/tmp/l1 2>&1 &
l1=$!
t 'listen1 on /net.alt is called by telnet from /net' later sh -c 'timeout 10 $ants telnet -r tcp!10.0.0.2!2500 </dev/null 2>&1 | grep -q "hello from alt"'
t 'and refused through /net' says 'refused' $ants telnet -r tcp!10.0.0.1!2500
cat >/tmp/data.sh <<'X'
exec 3<>/net/tcp/clone
read -r n <&3
echo "connect 10.0.0.2!2500" >&3 && cat /net/tcp/$n/data
X
t 'through the data file too' sh -c 'timeout 20 sh /tmp/data.sh | grep -q "hello from alt"'
t 'conversations are free again' later sh -c 'for i in /net/tcp/*/status; do grep -q "^Closed" $i || exit 1; done'
kill $l1

# by files alone: announce, listen, data on both sides
cat >/tmp/server.sh <<'X'
exec 3<>/net.alt/tcp/clone
read -r n <&3
echo announce '*!99' >&3
echo announced >/tmp/announced
exec 4<>/net.alt/tcp/$n/listen
read -r c <&4
exec 5<>/net.alt/tcp/$c/data
read -r line <&5
echo "you said $line" >&5
X
cat >/tmp/client.sh <<'X'
exec 3<>/net/tcp/clone
read -r n <&3
echo 'connect 10.0.0.2!99' >&3
exec 4<>/net/tcp/$n/data
echo something >&4
read -r line <&4
echo "$line"
X
sh /tmp/server.sh >/tmp/server.out 2>&1 &
later test -f /tmp/announced
t 'announce, listen and data as files, in sh' sh -c 'test "$(timeout 20 sh /tmp/client.sh)" = "you said something"'

# what waits can be interrupted and killed
cat >/tmp/wait.sh <<'X'
exec 3<>/net.alt/tcp/clone
read -r n <&3
echo announce '*!98' >&3
exec 4<>/net.alt/tcp/$n/listen
X
sh /tmp/wait.sh >/dev/null 2>&1 & w=$!
later grep -q ^Listen /net.alt/tcp/*/status
sleep 0.3
kill -9 $w
t 'a process that waits in listen can be killed' later sh -c "! grep '^State:.[^Z]' /proc/$w/status"
t 'unbind gives the interface back' $ants ip/ipconfig -x /net.alt ether /net.alt/ether1 unbind
t 'it is there' sh -c 'test "$(wc -c </net.alt/ether1/addr)" = 12'
t 'and its address is gone' lacks '^10.0.0.2 ' /net.alt/ipselftab
t 'the kernel process had nothing to complain about' sh -c 'cat /tmp/kernlog; test ! -s /tmp/kernlog'
echo "1..$n"
