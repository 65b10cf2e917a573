/*
 * Giving up what one may do, for good.
 */
#ifndef OS_CONFINE_H
#define OS_CONFINE_H

#include <base/u.h>

/*
 * confine_mounts takes from this process, which has one thread, and from all that it starts: mounting file systems (what is
 * there may still be bound, moved and unmounted), entering other mount or user name spaces and making user name spaces,
 * and looking into processes that did not give this up.  Needs CAP_SYS_ADMIN.
 */
int confine_mounts(void) must_use;

#endif
