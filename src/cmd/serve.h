/*
 * What the commands that are file servers share: where to serve, and going
 * to the background once the service can be reached.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include <srv/conn.h>

typedef struct Serve {
	const char *addr;  /* listen there, in the foreground */
	const char *post;  /* a name in /srv */
	const char *mount; /* where to mount it, by the mount command */
	const char *flags; /* for mount: "-c" ...; NULL: none */
	bool stdio;        /* speak 9P on descriptors 0 and 1, in the foreground */
	ConnOpts conn;
} Serve;

/* serve_place is dir, where a node's servers mount themselves unless told otherwise; on a plain host it is the end, with a message. */
const char *serve_place(const char *dir);

/*
 * serve_run serves s as o says and returns the command's exit status.  With post or mount a background process
 * serves, and this returns when the name is there; else it returns when the service has ended.
 */
int serve_run(Srv *s, const Serve *o);

#endif
