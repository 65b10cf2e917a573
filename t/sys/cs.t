#!/bin/sh
# ndb/cs by way of a mount, ndb/csquery and ndb/query.
. t/tap
bin=$BUILD/bin/anthill
if [ -z "$CS_INSIDE" ]; then
	[ -r /dev/fuse ] && [ -w /dev/fuse ] || { echo "1..0 # SKIP /dev/fuse cannot be opened"; exit 0; }
	CS_INSIDE=1 exec unshare -r -m --kill-child "$0"
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-cs.XXXXXX") || exit 1
pid=
trap '"$bin" unmount "$dir/m" 2>/dev/null; kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
common=$PWD/rc/ndb/common
mkdir "$dir/net" "$dir/m"
cd "$dir" || exit 1
cat >local <<END
database= file=$dir/local file=$common
sys=fs dom=fs.example.org ip=10.0.0.2 ip=fd00::2

ipnet=big ip=10.0.0.0 ipmask=255.0.0.0
  auth=nobody ntp=10.9.9.9
ipnet=lan ip=10.0.0.0 ipmask=255.255.255.0
  auth=fs dnsdomain=example.org
END
printf 'ip=10.0.0.9 ipmask=/120 ipgw=10.0.0.1\n\tsys=box\n' >net/ndb
is "$("$bin" ndb/query -f local sys fs)" "sys=fs dom=fs.example.org ip=10.0.0.2 ip=fd00::2" "query prints an entry"
is "$("$bin" ndb/query -f local sys fs ip)" 10.0.0.2 "or a value"
is "$("$bin" ndb/query -m -f local sys fs ip)" "$(printf '10.0.0.2\nfd00::2')" "or all values"
is "$("$bin" ndb/query -f local tcp 9fs port)" 564 "files named by database= are read"
is "$("$bin" ndb/query -f local -i ip 10.0.0.77 auth)" fs "-i: the smallest network's"
is "$("$bin" ndb/query -f local -i ip 10.0.0.77 ntp)" 10.9.9.9 "then the larger's"
"$bin" ndb/query -f local sys nobody
is $? 1 "no entry is status 1"

"$bin" ndb/cs -x "$dir/net" -f local -a "unix!$dir/s" & pid=$!
i=0
until [ -S s ] || [ $i -gt 500 ]; do i=$((i + 1)); sleep 0.01; done
"$bin" mount "unix!$dir/s" m || { is failed mounted "mount"; echo "1..$n"; exit 1; }
query() { "$bin" ndb/csquery m/cs "$@" 2>&1; }
is "$(query 'net!fs!9fs')" "$(printf '%s/tcp/clone %s\n' "$dir/net" '10.0.0.2!564' "$dir/net" 'fd00::2!564')" "a system's addresses"
is "$(query 'tcp!fs.example.org!17')" "$(query 'tcp!fs!17')" "by its domain name"
is "$(query 'tcp!*!ants')" "$dir/net/tcp/clone 17060" "* to announce"
is "$(query 'udp!10.0.0.1!dns')" "$dir/net/udp/clone 10.0.0.1!53" "an address is itself"
is "$(query 'tcp!127.1!1')" "$dir/net/tcp/clone 127.0.0.1!1" "127.1 too"
is "$(query 'icmp!fs!1' | sed 's,.*/net/,,')" "$(printf 'icmp/clone 10.0.0.2!1\nicmpv6/clone fd00::2!1')" "icmp by version"
is "$(query 'tcp!$auth!rcpu' | head -1)" "$dir/net/tcp/clone 10.0.0.2!17019" '$attr is looked up for this system'
is "$(query '!auth ipgw sys nothing')" "auth=fs ipgw=10.0.0.1 sys=box" "!attr answers with values"
for q in 'tcp!nohost!1' 'foo!fs!1' 'tcp!fs!nosvc' 'tcp!$nothing!1' 'tcp' 'tcp!fs'; do
	is "$(query "$q")" "ndb/csquery: $q: can't translate address" "no answer to $q"
done
echo 'sys=new ip=10.0.0.3' >>local
is "$(query 'tcp!new!ssh')" "$dir/net/tcp/clone 10.0.0.3!22" "a database that changed is read again"
is "$(printf 'tcp!new!ssh\ntcp!fs!1\n' | "$bin" ndb/csquery m/cs | wc -l)" 3 "queries from standard input"
is "$(head -c 2000 /dev/zero | tr '\0' x >m/cs 2>/dev/null; query 'tcp!new!1')" "$dir/net/tcp/clone 10.0.0.3!1" "a query that is too long does no harm"
echo "1..$n"
