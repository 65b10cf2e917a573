/*
 * What the files of srv/ share: the park's states, locks, fids.
 */
#ifndef SRV_ENGINE_H
#define SRV_ENGINE_H

#include <srv/later.h>
#include <srv/srv.h>

enum { ParkRunning, ParkWaiting, ParkReady };

/* park_init makes p runnable by run. */
void park_init(Park *p, void (*run)(Park *p));

/* park_fd and park_rendez park p; false: p was flushed (or fd cannot be waited for: *err) and is still the caller's. */
bool park_fd(Park *p, int fd, int events, int ms, Err *err) must_use;
bool park_rendez(Park *p, Rendez *z, int ms) must_use;

/* park_take takes p from the park: true if it was waiting; else it is marked flushed (and .evfd raised). */
bool park_take(Park *p) must_use;

/* park_kick has the park's own thread run what is in ready. */
void park_kick(List *ready);

/* park_begin marks a ready p as running; false if it was flushed meanwhile. */
bool park_begin(Park *p) must_use;

/* park_evfd makes and returns the descriptor that a flush raises; park_end closes it. */
int park_evfd(Park *p);
void park_end(Park *p);
bool park_flushed(Park *p);

/* srv_enter and srv_leave take and give the serial lock, if s has one. */
void srv_enter(Srv *s);
void srv_leave(Srv *s);

/* fid_clone makes f, which is not live, a clone of src, whose Srv's lock is held. */
int fid_clone(Req *r, Fid *f, Fid *src) must_use;

/* fid_bury calls f's .clunk if it is due, its Srv's lock being held; fid_free frees a buried Fid without references. */
void fid_bury(Fid *f);
void fid_free(Fid *f);

/* walk_run does a Twalk for Srvs that have walk1. */
void walk_run(Req *r);

#endif
