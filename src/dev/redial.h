/*
 * How a mount object gets another connection when its own broke.
 */
#ifndef DEV_REDIAL_H
#define DEV_REDIAL_H

#include <ns/mnt.h>
#include "mobj.h"

#define DIALLED "dial/" /* what the src of an object that was dialled begins with, before the address */

/*
 * redial_of returns o's way, for a client on the file (dev, ino): another post of its name, or another call to its
 * address; none for one mounted from a descriptor.  It is the Mnt's then.
 */
Redial redial_of(Kern *k, const Obj *o, u64 dev, u64 ino);

#endif
