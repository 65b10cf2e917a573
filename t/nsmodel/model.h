/*
 * A small model of name spaces: inodes, mounts, unions, and what bind, mount,
 * unmount and the calls on files do to them (bind(2), bind(1)).  It is
 * written from the manual and knows nothing of FUSE or the mount table.
 *
 * Paths are below the world's top: "/a/s".  An operation returns NULL when it
 * must succeed, Odd when the manual leaves open what happens (it is not done
 * then), else a text that the error must contain.
 */
#ifndef MODEL_H
#define MODEL_H

#include <base/buf.h>
#include <base/u.h>
#include <ns/ns.h>

enum { MAXENT = 24, MAXKID = 24, MAXMEM = 24, MAXREL = 64, SPACES = 4, KEPT = 4, MAXLOG = 64 };

typedef struct Inode {
	bool dir, server;
	int n;
	struct {
		char name[24];
		struct Inode *i;
	} e[MAXENT];
	char text[512];
} Inode;

typedef struct Mem {
	Inode *dir;
	bool create, base;
	int server; /* the mount by which a server's directory was reached */
	char name[MAXREL];
	int when;   /* it was bound by that name */
} Mem;

typedef struct Mnt {
	bool uni;
	Inode *dir; /* unless uni */
	Mem m[MAXMEM];
	int nm;
	int id;         /* of a union or a server's tree: copies have the same */
	bool ours;      /* seen through the kernel process */
	bool root;      /* all of a server's tree */
	bool create, unknown; /* unknown: came along with a bind of something above */
	bool used;      /* a name was found through it, or it was copied, by a bind */
	char name[MAXREL]; /* a plain bind's */
	int when;
	char home[MAXREL]; /* the place whose directory is the base of a union */
	struct {
		char rel[MAXREL];
		struct Mnt *m;
	} kid[MAXKID];
	int nkid;
	struct Mnt *under;
} Mnt;

typedef struct Space {
	Mnt *root;
	Inode *kept[KEPT];
	struct {
		char path[MAXREL];
		int when;
	} log[MAXLOG]; /* where something was bound or taken off */
	int nlog;
	bool shaky; /* names in binds mean something else by now: ns(1) cannot tell how it was made */
} Space;

extern const char Odd[];

/* world_new empties the world: top is its root directory, server the root of the 9P server. */
void world_new(Inode **top, Inode **server);
Inode *inode_new(bool dir, bool server, const char *text);
void inode_add(Inode *dir, const char *name, Inode *i);
Inode *inode_find(const Inode *dir, const char *name);

/* space_new is a name space without binds; space_copy is rfork n. */
Space space_new(Inode *top);
Space space_copy(const Space *s);

const char *model_bind(Space *s, const char *name, const char *old, int flags);
const char *model_mount(Space *s, Inode *server, const char *old, int flags);
/* name NULL: everything; SERVER: the posted server */
const char *model_unmount(Space *s, const char *name, const char *old);
extern const char SERVER[];

const char *model_create(Space *s, const char *path, bool dir, const char *text);
const char *model_write(Space *s, const char *path, const char *text);
const char *model_remove(Space *s, const char *path, bool dir);
const char *model_rename(Space *s, const char *path, const char *name);
Inode *model_file(Space *s, const char *path);

/* model_dump appends the whole tree: a line for each file. */
void model_dump(Buf *b, Space *s);

#endif
