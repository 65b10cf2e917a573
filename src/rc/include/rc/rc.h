/*
 * rc, the shell.  It knows nothing of name spaces and devices: what a node
 * has beyond a plain Linux host comes in through RcHooks.
 */
#ifndef RC_RC_H
#define RC_RC_H

#include <base/u.h>

/* A command that runs inside the shell (bind, mount ...), with descriptors 0 1 2 as redirected; it returns the exit
 * code, and on failure has printed why. */
typedef struct RcBuiltin {
	const char *name;
	int (*fn)(int argc, char **argv);
} RcBuiltin;

/*
 * Any member may be NULL.  Values of variables are lists: each element with
 * a NUL behind it, n bytes in all.  A function f is the variable "fn#f"
 * with the text of its definition.
 */
typedef struct RcHooks {
	const RcBuiltin *builtins; /* ends with a NULL name */

	/* env_load calls var(name, value, n) for every variable of the environment group; without it environ is read. */
	int (*env_load)(void (*var)(const char *name, const char *value, size_t n));
	/* env_put and env_remove tell the group of a change, before the next program is started; what is put may wait for
	 * env_sync. */
	int (*env_put)(const char *name, const char *value, size_t n);
	int (*env_sync)(void);
	int (*env_remove)(const char *name);

	/* rfork does what letters (of nNeEsfFm...) ask; -1 with an error string.  Without it rc knows n e E s f F. */
	int (*rfork)(const char *letters);

	/* path translates a #x name to a Linux one that the caller frees, NULL with an error string if there is none;
	 * without it #x is /#/x where /# exists. */
	char *(*path)(const char *name);

	/* where programs are looked for at first, elements with colons between them; PATH is then for Linux programs only
	 * and has nothing to do with $path.  Without it the two are the same list. */
	const char *defpath;

	void (*mounted)(void); /* called at the start and when the mount table has changed, before the next command */
	bool follow_mounts; /* enter the current directory again when the mount table changes */
} RcHooks;

/* rc_main runs the shell with its arguments and returns the exit code; hooks may be NULL. */
int rc_main(int argc, char **argv, const RcHooks *hooks);

/* rc_check parses text and returns NULL with an error string if it is no rc program, else the text printed from its
 * tree, owned by the caller. */
char *rc_check(const char *text, size_t n) must_use;

#endif
