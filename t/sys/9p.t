#!/bin/sh
# 9p against ramfs over a unix socket.
n=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/anthill-9p.XXXXXX") || exit 2
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
ramfs() { exec "$BUILD/bin/anthill" ramfs -U glenda "$@"; }
ramfs -a "unix!$dir/s" &
pid=$!
p() { "$BUILD/bin/anthill" 9p -a "unix!$dir/s" -u glenda "$@" 2>"$dir/err"; }
i=0
until p ls >/dev/null || [ $i = 200 ]; do
	i=$((i + 1))
	sleep 0.05
done

is() { # WHAT WANT GOT
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# want '$2', got '$3'; $(cat "$dir/err")" | tr '\n' ' '
		echo
	fi
}
status() { # runs a command and prints its exit status
	"$@" >/dev/null
	echo $?
}

is "an empty tree" "" "$(p ls)"
is "a directory is made" 0 "$(status p create -d -m 755 usr)"
is "a file is written" 0 "$(printf 'hello\n' | status p write -c usr/a)"
is "and read" hello "$(p read usr/a)"
is "two are read one after the other" "hello hello" "$(echo $(p read usr/a /usr//a))"
is "writing truncates" "hi" "$(printf 'hi\n' | p write usr/a; p read usr/a)"
is "unless it appends" "hi ho" "$(printf 'ho\n' | p write -a usr/a; echo $(p read usr/a))"
is "ls shows names" "usr" "$(p ls)"
is "of several directories with their paths" "usr/a /usr" "$(echo $(p ls usr /))"
is "ls -l shows modes and lengths" "--rw-r--r-- - 0 glenda glenda 6" "$(p ls -l usr | cut -d' ' -f1-6)"
is "ls -d shows the directory" "usr" "$(p ls -d usr)"
is "stat shows the file" "d-rwxr-xr-x usr" "$(p stat usr | awk '{ print $1, $NF }')"
is "wstat renames and changes the mode" 0 "$(status p wstat usr/a name=b mode=600)"
is "both are seen" "--rw------- usr/b" "$(p stat usr/b | awk '{ print $1, $NF }')"
is "wstat changes the length" "hi" "$(p wstat usr/b length=2; p read usr/b)"
is "json" '"name":"usr/b" "length":2' "$(p stat --json usr/b | grep -oE '"(name|length)":("usr/b"|[0-9]+)' | tr '\n' ' ' | sed 's/ $//')"
is "json of nothing" "[]" "$(p create -d empty; p ls --json empty)"
is "rm of a directory that is not empty" 1 "$(status p rm usr)"
is "says so" "9p: usr: directory is not empty" "$(p rm usr; cat "$dir/err")"
is "rm" "0 empty" "$(status p rm usr/b usr) $(p ls)"
is "a missing file" 1 "$(status p read usr/b)"
is "is named" "9p: nothere: file does not exist" "$(p read nothere; cat "$dir/err")"
is "a directory is not read" 1 "$(status p read empty)"
is "a bad command is a wrong use" 2 "$(status p frob)"
is "no server" 1 "$(status "$BUILD/bin/anthill" 9p -a "unix!$dir/none" ls 2>/dev/null)"
is "no address" 1 "$(status "$BUILD/bin/anthill" 9p ls 2>/dev/null)"
is "an address that is none" 1 "$(status "$BUILD/bin/anthill" 9p -a 'tcp!127.1!nonsense' ls 2>/dev/null)"

head -c 3000001 /dev/urandom >"$dir/big"
for opts in "" "-n 1" "-m 256 -n 100" "-m 8216 -n 7"; do
	is "a file of 3 MB goes there $opts" 0 "$(status p $opts write -c big <"$dir/big")"
	p $opts read big >"$dir/back"
	is "and back" 0 "$(status cmp "$dir/big" "$dir/back")"
done
is "lines are written one by one" "a b" "$(printf 'a\nb\n' | p write -cl lines; echo $(p read lines))"
is "ants has it too" "lines" "$("$BUILD/bin/ants" 9p -a "unix!$dir/s" ls | grep lines)"
i=0
while [ $i -lt 300 ]; do
	echo "f$i"
	i=$((i + 1))
done >"$dir/names"
p create $(cat "$dir/names")
is "a long directory is listed whole" 300 "$(p ls | grep -c '^f[0-9]')"
is "in small messages too" 300 "$(p -m 256 ls | grep -c '^f[0-9]')"
echo "1..$n"
