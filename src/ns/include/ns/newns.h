/*
 * Name spaces from files, namespace(6).
 */
#ifndef NS_NEWNS_H
#define NS_NEWNS_H

#include <base/u.h>

enum { NSWORDS = 15, NSWORD = 1024 }; /* words of a line, bytes of a word */

/* a line of such a file, as words */
typedef struct NsWords {
	char *w[NSWORDS];
	int n;
	char text[NSWORDS * NSWORD];
} NsWords;

/*
 * nsfile_words makes words of one line: quotes are taken off, and $name outside of quotes is what var(arg, name) returns,
 * owned by the caller (NULL: nothing).  A comment has no words.  -1 if there is too much of something.
 */
int nsfile_words(NsWords *w, const char *line, char *(*var)(void *arg, const char *name), void *arg) must_use;

typedef struct NewNs {
	bool debug; /* say on descriptor 2 what is done, and what fails */
	const char *who; /* for these messages: "newns" */
} NewNs;

/*
 * newns_make gives the calling process, which has one thread, a copy of its environment group with user and home set, and
 * a clean name space on which it does what the file says; newns_add does only the latter, where it is.  As in Plan 9, a
 * line that fails is passed over: what a file asks for need not be there.  -1 if there is no file, no clean name space, or
 * a line cannot be done here at all.
 */
int newns_make(const NewNs *o, const char *user, const char *file) must_use;
int newns_add(const NewNs *o, const char *file) must_use;

#endif
