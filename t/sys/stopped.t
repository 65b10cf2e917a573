#!/bin/sh
# alone
# A kernel process that is stopped the moment it is started, before it has read what its predecessor left, does not stop
# init; and an init that is stopped does not stop the supervisor.
. t/sys/lib
up -d 4 <<!
segment=lan
node=box ether0=lan
node=other ether0=lan
!
rc box 'for(i in `{seq 300}) echo -n 0 >/srv/p$i </dev/zero'
is "$(x box /bin/ls /srv | grep -c p)" 300 "400 things are kept"
put box /tmp/first <<'!'
# kill kernel process $1 and stop its successor, the next new child of process 1, as early as can be
exec 2>/dev/null
kids() { read -r kids </.proc/1/task/1/children; }
kids
had=" $kids "
kill -9 "$1"
next=
until [ "$next" ]; do
	kids
	for c in $kids; do
		case $had in *" $c "*) ;; *) kill -STOP "$c" && next=$c ;; esac
	done
done
until read -r line </.proc/$next/stat && case $line in *") T "*) ;; *) false ;; esac; do :; done
echo "$next ${line##*) }" | cut -c1-12
!
said=$(x box /bin/sh /tmp/first "$(kernel box)")
set -- $said
is "$2 $3" "T 1" "a child of init is stopped at its start"
is "$(x box /bin/echo here)" here "init starts programs meanwhile"
is "$(a why -g "$g" box | grep -c 'is stopped')" 1 "and says what is stopped"
later loghas box "is stopped and has not answered"
later loghas box "is back"
posts() { [ "$(x box /bin/ls /srv | grep -c p)" = 300 ]; }
later posts
is "$(x box /bin/ls /srv | grep -c p)" 300 "another has taken over, with all that was kept"
is "$(x box /bin/dd if=/srv/p7 bs=1 count=1 2>/dev/null | wc -c)" 1 "which works"

# init itself
init=$(a grid ps "$g" | awk '$2 == "other" { print $5 }')
kill -STOP "$init"
big=$(seq 20000)
for i in 1 2 3 4; do a grid exec -g "$g" other /bin/echo "$big" >"out.$i" 2>&1 & done
later grep -q 'does not take messages' out.1 out.2 out.3 out.4
is "$(cat out.* | sort -u)" "anthill: other does not take messages: its init is stopped or stuck" "with init stopped, who asks too much of it is told so"
is "$(a grid ps "$g" | awk '{ print $2, $4 }')" "$(printf 'box up\nother up')" "the supervisor answers"
is "$(x box /bin/echo here)" here "the other node works"
kill -CONT "$init"
wait
later x other /bin/echo
is "$(x other /bin/echo here)" here "init goes on"
kill -STOP "$init"
down
echo "1..$n"
