/*
 * A name space without binds.
 */
#ifndef NS_CLEAN_H
#define NS_CLEAN_H

#include <base/u.h>

/* clean_names gives the calling process, which has one thread, a name space of its own: the node's root with nothing bound
 * but the devices at /#; the working directory is kept by name if there is one, else it is /. */
int clean_names(void) must_use;

#endif
