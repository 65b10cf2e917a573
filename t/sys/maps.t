#!/bin/sh
# Programs that lie in unions and 9P trees, and files there that are mapped.
. t/tap
if [ "${NS_T:-}" != inside ]; then
	NS_T=inside exec unshare -Urmpf --kill-child --propagation private "$0"
fi
mounts="a b u nine cached host env srv"
. t/sys/root
A=/build/bin/anthill
/build/t/nskern >/tmp/ready 2>/tmp/kernlog &
kern=$!
i=0
until grep -q ready /tmp/ready; do
	i=$((i + 1))
	[ $i -lt 600 ] || exit 1
	sleep 0.1
done
in_dir() { # DIR WHAT: all that maps does there
	if ! /build/t/maps "$1" >/tmp/out 2>&1; then
		cat /tmp/out
		t "$2: maps ends well" false
	fi
	while read -r line; do
		case $line in
		"ok - "*) n=$((n + 1)) && echo "ok $n - $2: ${line#ok - }" ;;
		"not ok - "*) n=$((n + 1)) && echo "not ok $n - $2: ${line#not ok - }" ;;
		*) echo "# $line" ;;
		esac
	done </tmp/out
}
in_dir /a host
mkdir /b/sub
t union sh -c '$0 bind -a /b /u && $0 bind -bc /a /u' $A
in_dir /u union
in_dir /u/sub 'below a union'
t ramfs sh -c '$0 bind -c "#s" /srv && $0 ramfs -U glenda -S ram && $0 mount -c /srv/ram /nine && $0 mount -cC /srv/ram /cached' $A
in_dir /nine 9P
in_dir /cached '9P with -C'
t 'a tree of the host' sh -c '$0 exportfs -S tree -r /b && $0 mount -c /srv/tree /host' $A
in_dir /host exportfs
cp /build/t/maps /b/prog
t 'a program of a member runs by way of the union' /u/prog ok
t 'and from the tree' /host/prog ok
t 'a script' sh -c 'printf "#!/bin/sh\necho hello\n" >/b/script && chmod 755 /b/script && [ "$(/u/script)$(/host/script)" = hellohello ]'
t 'not what the member forbids' sh -c 'chmod 644 /b/script; ! /u/script 2>&1'
[ ! -s /tmp/kernlog ] || sed 's/^/# /' /tmp/kernlog
kill $kern
echo "1..$n"
