/*
 * Reference counts.  new gives one reference, ref_take adds one, ref_drop
 * removes one and says when it was the last.  In debug builds a ledger
 * counts live things by kind, so that a test can fail on a leak.
 */
#ifndef BASE_REF_H
#define BASE_REF_H

#include <base/u.h>

typedef struct Ref {
	int n; /* atomic */
	const char *kind;
} Ref;

/* ref_init starts a count at 1 and enters the thing in the ledger under kind (a constant string). */
void ref_init(Ref *r, const char *kind);

/* ref_take adds a reference. */
void ref_take(Ref *r);

/* ref_drop removes a reference and returns true if it was the last: the caller then frees the thing. */
bool ref_drop(Ref *r) must_use;

/* ref_live returns how many things of kind are alive, of every kind if NULL. */
long ref_live(const char *kind);

/* ref_report writes "kind count" lines of all live things to fd and returns their number. */
long ref_report(int fd);

#endif
