/*
 * The configuration of a venti, venti.conf(7): lines of a word and a value,
 * # starts a comment.  It is a small file, or 8 KB at 248 KB of a partition,
 * behind a line "venti config", where /boot of a Plan 9 machine looks for it.
 */
#ifndef ARENA_CONF_H
#define ARENA_CONF_H

#include <base/u.h>

enum {
	CONFOFF = 248 * 1024, /* where a partition has its configuration */
	CONFMAX = 8 * 1024,   /* bytes of a configuration, with the first line when in a partition */
	CONFLIST = 1024,      /* lines of one kind */
};

typedef enum ConfPack { PackNone, PackWhack, PackZstd } ConfPack;

typedef struct VtConf {
	char *index;          /* the index's name; NULL if not given, as everything here */
	char **arenas, **isect; /* partitions, each may be file:lo-hi */
	char **mirror;        /* ours: addresses of ventis that are asked for blocks that the disk has lost */
	int narenas, nisect, nmirror;
	char *bloom;          /* accepted, not used: the index needs no filter */
	char *addr, *httpaddr, *webroot;
	u64 mem, bcmem, icmem; /* bytes; 0 if not given */
	bool queuewrites;     /* accepted: writes are always gathered */
	ConfPack pack;        /* ours: "compress none|whack|zstd", how new blocks are written */
} VtConf;

/* conf_parse reads n bytes of text (file names it in errors); the result is the caller's; NULL with file, line and why. */
VtConf *conf_parse(const char *text, size_t n, const char *file) must_use;

/* conf_read is conf_parse of a file, or of what is at 248 KB of a file that is larger than 256 KB; may block. */
VtConf *conf_read(const char *path) must_use;

/* conf_text returns the text that conf_read would parse, the caller's. */
char *conf_text(const char *path) must_use;

/* conf_install writes text to 248 KB of a partition. */
int conf_install(const char *path, const char *text) must_use;

void conf_free(VtConf *c);

/* conf_size reads a number with an optional k, m, g or t (1024, ...), 0x allowed, as the tools' flags have it. */
int conf_size(const char *s, u64 *v) must_use;

#endif
