/*
 * What the devices of the name space share with kern.c.
 */
#ifndef DEV_KERNPRIV_H
#define DEV_KERNPRIV_H

#include <base/list.h>
#include <dev/dev.h>

/* what a user who is not the host owner may have of the things that the kernel process and init keep for him */
enum {
	MaxPosts = 64,
	MaxObjects = 256,
	MaxLayers = 512, /* a descriptor each */
	MaxBinds = 1024,
	MaxGroups = 128,
	MaxEnvBytes = 8 << 20,
	MaxPipes = 64,
	MaxConvs = 256,
	MaxInstances = 8,
};

typedef struct Instance {
	Link link;
	char *owner; /* who named it first */
	char *name; /* "I0" */
	Srv *srv;
} Instance;

typedef struct Errstr Errstr;

struct Kern {
	char *hostowner;
	const char *helper; /* NULL: none */
	int clean;          /* the mount name space that rfork N starts from, -1: none */
	u32 nobody; /* the id of users Linux has none for; ours if that is not mapped: nobody could write their files */
	Srv root;
	Srv narrow; /* of rfork m */
	Lock lk;        /* protects instances, users */
	List instances;
	List users;
	void (*forgets)(void *arg, const char *dir, const char *name);
	void *forgetarg;
	int initfd;
	Lock initlk;    /* one message to init at a time */
	List kept;      /* what init kept: only touched while starting */
	Errstr *errstr;
	void *env, *srvs, *mnt; /* of env.c, srv.c, mnt.c: set when the device is first opened */
};

extern const Dev *const devtab[];
extern const int ndevtab;

/* kern_caller returns the Plan 9 name of who asks, which stays the Kern's or r's. */
const char *kern_caller(Kern *k, const Req *r);

/* kern_limit returns -1 ("NAME has 64 posts ...") if owner, who has that many of what, may have no more. */
int kern_limit(Kern *k, const char *owner, u64 have, u64 max, const char *what) must_use;

/* kern_isnarrow says whether "c", a name in /#, is one that rfork m leaves. */
bool kern_isnarrow(const char *name);

/* store.c: the socket to init. */
void store_start(Kern *k);

/* mnt.c: made when the kernel process starts; what mount object path "M/N/rest" stands for; a member's path or NULL. */
void mntdev_init(Kern *k);
void mobj_tick(Kern *k); /* now and then: frees the objects and descriptors that no name space shows any more */
Srv *mnt_narrow(Kern *k); /* of a process that may mount nothing */
char *mnt_resolve(Kern *k, const char *path, u32 pid);

/* errstr.c: made when the kernel process starts; "ERRNO TEXT" of r's caller, which is then forgotten; "": there is none. */
void errstr_init(Kern *k);
char *errstr_text(Kern *k, Req *r);

/* srv.c: made when the kernel process starts. */
void srvdev_init(Kern *k);

/* env.c: made when the kernel process starts; whole groups at once, and new groups, for #M. */
void env_init(Kern *k);
char *env_snapshot(Kern *k, const Req *r, size_t *n);
int env_set(Kern *k, const Req *r, const char *packed, size_t n);
int env_fork(Kern *k, const Req *r, bool clean, u64 *id);

#endif
