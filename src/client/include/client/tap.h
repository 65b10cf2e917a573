/*
 * A Tap keeps the last messages of a 9P connection as text, while it is
 * switched on: a line each, the time, <- for what was sent and -> for what
 * came, and the message as fcall_brief prints it.
 */
#ifndef CLIENT_TAP_H
#define CLIENT_TAP_H

#include <ninep/ninep.h>

typedef struct Tap Tap;

/* tap_new makes one that is off, with one reference; tap_take and tap_drop (NULL is fine) count references. */
Tap *tap_new(void) must_use;
Tap *tap_take(Tap *t);
void tap_drop(Tap *t);

/* tap_set turns it on or off; tap_clear forgets what it has. */
void tap_set(Tap *t, bool on);
void tap_clear(Tap *t);

/* tap_put adds a message, if it is on. */
void tap_put(Tap *t, const char *way, const Fcall *f);

/* tap_text returns what it has, owned by the caller. */
char *tap_text(Tap *t) must_use;

#endif
