#!/bin/sh
# anthill mount on a plain host: everyday work in a mounted 9P tree, then servers that die, stall and lie.
# In a mount name space of its own (and a user name space when not root), which takes what is left with it.
. t/tap
if [ "${MOUNT_T:-}" != inside ]; then
	[ "$(id -u)" = 0 ] && ns=-m || ns=-Urm
	MOUNT_T=inside exec unshare $ns -p -f --mount-proc --kill-child "$0"
fi
A=${BUILD:?}/bin/anthill memfs=$BUILD/t/memfs
case $A in /*) ;; *) A=$PWD/$A memfs=$PWD/$memfs ;; esac
cd "${TMPDIR:?}" || exit 1
m=$PWD/m
mkdir "$m" tree tree/sub
server() { # [LIE]: sets pid
	rm -f sock
	"$memfs" sock "$@" &
	pid=$!
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -S sock ] && break
		sleep 0.05
	done
}
mounted() { grep -q " $m fuse.anthill " /proc/self/mountinfo || grep -q " $m .* fuse.anthill " /proc/self/mountinfo; }
clean() { # no mount and no process is left
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		mounted || ps -eo args= | grep -v grep | grep -q "$A mount" || return 0
		sleep 0.2
	done
	ps -eo args=
	false
}
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	head -c $((i * i * 1000)) /dev/urandom >tree/f$i
	echo "file $i" >tree/sub/t$i
done
export A m

t 'ramfs mounts itself' "$A" ramfs -m "$m"
t 'and is used' sh -c 'echo hi >$m/x && [ "$(cat $m/x)" = hi ]'
t 'and unmounted' "$A" unmount "$m"
t 'without a place it says what is wanted' says 'ramfs: where? -a address' "$A" ramfs
t 'mntgen does too' sh -c '$A mntgen $m && ls -d $m/any && $A unmount $m'
t 'a descriptor that is none' says 'mount: /fd/77: ' "$A" mount /fd/77 "$m"
t 'a refused connection' says 'connection refused' "$A" mount 'tcp!127.0.0.1!1' "$m"
t 'an address that is none' says 'unknown host' "$A" mount 'tcp!no.such.host.test!564' "$m"
server
t 'a missing directory' says 'does not exist' "$A" mount "$PWD/sock" "$PWD/nothere"
t 'a plain file' says 'not a directory' "$A" mount "$PWD/sock" "$PWD/tree/f1"
t 'bad usage' says 'usage: mount' "$A" mount x
t 'nothing to unmount' says 'nothing is mounted' "$A" unmount "$m"

t 'mount' "$A" mount -t 5 "$PWD/sock" "$m"
t 'it is there' mounted
t 'copy a tree in' cp -r tree "$m/tree"
t 'the copy is the same' diff -r tree "$m/tree"
t 'copy it out' cp -r "$m/tree" back
t 'that is the same too' diff -r tree back
t 'rename' sh -c 'mv $m/tree/f1 $m/tree/g1 && cmp tree/f1 $m/tree/g1 && ! test -e $m/tree/f1'
t 'rename over another' sh -c 'mv $m/tree/g1 $m/tree/f2 && cmp tree/f1 $m/tree/f2 && ! test -e $m/tree/g1'
t 'rename across directories' sh -c 'mv $m/tree/f2 $m/tree/sub/f2 && cmp tree/f1 $m/tree/sub/f2'
t 'append' sh -c 'echo one >$m/log; echo two >>$m/log; [ "$(cat $m/log)" = "one
two" ]'
t 'truncate' sh -c 'truncate -s 3 $m/log && [ "$(cat $m/log)" = one ] && [ $(stat -c %s $m/log) = 3 ]'
t 'permissions and times' sh -c 'chmod 640 $m/log && touch -d @1000000 $m/log && [ "$(stat -c "%a %Y" $m/log)" = "640 1000000" ]'
t 'a file removed while it is open' sh -c 'exec 3<>$m/open; rm $m/open; echo x >&3; ! test -e $m/open; exec 3>&-'
t 'run a program from it' sh -c 'cp /bin/true $m/true && $m/true'
t 'and a shell script' sh -c 'printf "#!/bin/sh\necho ran\n" >$m/script && chmod +x $m/script && [ $($m/script) = ran ]'
t 'mmap' python3 -c '
import mmap, os
fd = os.open(os.environ["m"] + "/map", os.O_RDWR | os.O_CREAT)
os.write(fd, b"x" * 9000)
m = mmap.mmap(fd, 9000, mmap.MAP_PRIVATE)
assert m[8999:9000] == b"x"
'
t 'fsync' sh -c 'dd if=/dev/zero of=$m/synced bs=100k count=3 conv=fsync && [ $(stat -c %s $m/synced) = 307200 ]'
t 'find' sh -c '[ $(find $m/tree -type f | wc -l) = 39 ]'
t 'df' sh -c 'df $m | grep -q "$m\$"'
t 'tar, both ways' sh -c 'tar -cf $m/t.tar tree && mkdir $m/x && tar -C $m/x -xf $m/t.tar && diff -r tree $m/x/tree'
t 'links are refused' says 'not permitted' ln -s x "$m/link"
t 'remove it all' sh -c 'rm -r $m/tree $m/x && ! test -e $m/tree'
t 'a blocked read is killed' sh -c 'timeout 1 cat $m/pipe; [ $? = 124 ]'
t 'fifty blocked writers are killed' sh -c '
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
	timeout 1 sh -c "echo x >$m/clone" & timeout 1 cat $m/pipe &
done
wait; test -f $m/dev'
t 'unmount' "$A" unmount "$m"
t 'nothing is left' clean

t 'mount with a signal to come' "$A" mount -t 5 "$PWD/sock" "$m"
kill "$(ps -eo pid=,args= | grep "$A mount" | grep -v grep | awk '{ print $1 }')"
t 'SIGTERM takes the mount away' clean

t 'mount -r' "$A" mount -r "$PWD/sock" "$m"
t 'a read-only mount' says 'Read-only' touch "$m/new"
t 'unmount while in use' sh -c 'exec 3<$m/dev; "$A" unmount $m'
t 'nothing is left of it' clean

t 'mount -f' sh -c '"$A" mount -f $PWD/sock $m & p=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do test -f $m/dev && break; sleep 0.1; done
test -f $m/dev && kill -INT $p && wait $p'
t 'its ^C leaves nothing' clean

t 'mount, to be killed itself' "$A" mount "$PWD/sock" "$m"
kill -9 "$(ps -eo pid=,args= | grep "$A mount" | grep -v grep | awk '{ print $1 }')"
t 'calls on a dead mount fail' says 'connect' ls "$m"
t 'who mounts on it hears what to do' says 'dead mount' "$A" mount "$PWD/sock" "$m"
t 'which does it' "$A" unmount "$m"
t 'nothing is left of the dead' clean

t 'mount a server that will die, without healing' "$A" mount -n "$PWD/sock" "$m"
kill -9 $pid
t 'every call is an error' says 'error' ls "$m"
server
t 'and stays one' says 'error' ls "$m"
t 'until it is unmounted' timeout 10 "$A" unmount "$m"

t 'mount a server that will stall' "$A" mount -t 2 "$PWD/sock" "$m"
kill -STOP $pid
t 'a stalled server is an error in time' says 'timed out' cat "$m/static/file"
t 'for every call' says 'timed out' ls "$m/static"
t 'it can be unmounted' timeout 10 "$A" unmount "$m"
t 'nothing is left of that' clean
t 'a stalled server cannot be mounted' says 'timed out' "$A" mount -t 1 "$PWD/sock" "$m"
kill -CONT $pid

t 'mount a server that will die' "$A" mount "$PWD/sock" "$m"
t 'it works' cmp -n 10 "$m/static/file" "$m/static/file"
cat "$m/pipe" >blocked 2>&1 &
sleep 0.3
kill -9 $pid
t 'the death of the server ends who waits, with an error' timeout 20 sh -c 'until grep -q "refused" blocked; do sleep 0.1; done'
t 'as it does new calls' says 'refused' cat "$m/dev"
server
t 'when the server is there again the mount heals' timeout 60 sh -c "until test -f $m/dev; do sleep 0.1; done"
exec 3<"$m/static/file"
dd bs=10 count=1 <&3 >before 2>/dev/null
kill -9 $pid
server
t 'a file that was open is read on' sh -c "timeout 60 cat <&3 >after && cat before after | cmp - $m/static/file"
exec 3<&-
kill -9 $pid
t 'it can be unmounted too' timeout 10 "$A" unmount "$m"
t 'nothing is left of that either' clean

server lie
t 'a lying server is found out' sh -c 'timeout 30 "$A" mount -t 2 $PWD/sock $m; [ $? != 124 ]'
t 'and no call hangs' sh -c 'timeout 20 ls $m/static; [ $? != 124 ]'
"$A" unmount "$m" 2>/dev/null
t 'nothing is left of the lie' clean
echo "1..$n"
